"""One alert for each outage on every page: whom it tells what, and how it goes again."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Episode
from tests import walls
from tests.factories import accounts as make_people
from tests.factories import integrations as make

HOME, ALERTS = "/w/padaria/", "/w/padaria/integrations/whatsapp/alerts/"


@pytest.fixture
def outage(world):
    connected = make.integration(world.workspace)
    channel = make.channel(
        world.workspace, display_name="Vendas", integration=connected
    )
    return make.outage(channel, opened_at=timezone.now() - timedelta(minutes=12))


def mark(outage):
    return f"{outage.key.hex}-{outage.relapses}"


def shown_in(page):
    """What the open page tells of itself when it asks again."""
    [told] = re.findall(r'name="shown" value="([^"]*)"', page)
    return told


def text_of(client, path=HOME, **headers):
    return client.get(path, headers=headers).content.decode()


def close(outage, **fields):
    values = {"closed_at": timezone.now(), "end": "recovered"} | fields
    Episode.objects.unscoped("test").filter(pk=outage.pk).update(**values)


@pytest.mark.parametrize(
    "rest", ["", "leads/", "conversations/", "settings/", "links/"]
)
def test_it_stands_on_every_page_with_number_age_and_what_to_do(
    world, signed_in, outage, rest
):
    page = text_of(signed_in(world.owner), HOME + rest)

    assert page.count('class="alert alert--bad"') == 1
    for shown in ("Vendas", "Desconectado", "há 12 min", "Reconecte, com o celular"):
        assert shown in page
    assert f"/integrations/whatsapp/{outage.channel.key}/" in page


def test_who_cannot_mend_it_reads_whom_to_tell(world, signed_in, outage):
    page = text_of(signed_in(world.agent))

    assert "Um proprietário ou administrador" in page
    assert "Reconecte" not in page


def test_of_many_two_stand_on_a_page_and_the_rest_is_counted(world, signed_in, outage):
    for place in range(3):
        made = make.integration(world.workspace)
        down = make.channel(
            world.workspace, display_name=f"Loja {place}", integration=made
        )
        make.outage(down)
    client = signed_in(world.owner)

    page = text_of(client)

    assert page.count('class="alert alert--bad"') == 2
    assert "Mais 2 números precisam de atenção." in page
    assert all(f"Loja {place}" in text_of(client, ALERTS) for place in range(3))


def test_the_page_of_all_alerts_has_none_on_top(world, signed_in, outage):
    page = text_of(signed_in(world.owner), ALERTS)

    assert "Vendas" in page
    assert "alert--bad" not in page


def test_it_goes_with_the_end_of_the_outage(world, signed_in, outage):
    close(outage)

    assert "alert--bad" not in text_of(signed_in(world.owner))


def test_an_open_page_is_told_of_the_end_once(world, signed_in, outage):
    client = signed_in(world.owner)
    path = f"{ALERTS}?shown={shown_in(text_of(client))}"
    part = {"HX-Request": "true"}
    assert client.get(path, headers=part).status_code == 204

    close(outage, closed_at=outage.opened_at + timedelta(minutes=9))

    said = text_of(client, path, **part)
    assert "voltou ao normal" in said
    assert "9 minutos" in said
    assert 'name="shown" value=""' in said


def test_a_page_without_an_alert_has_its_place_and_hears_of_the_next(world, signed_in):
    client = signed_in(world.owner)
    page = text_of(client, f"{HOME}conversations/")
    assert 'class="alerts" aria-live="polite" data-live-on="outage"' in page
    assert 'class="alerts__list" aria-label="Alertas"' not in page
    path, part = f"{ALERTS}?shown=", {"HX-Request": "true"}
    assert client.get(path, headers=part).status_code == 204

    make.outage(make.channel(world.workspace, display_name="Vendas"))

    assert "Vendas" in text_of(client, path, **part)


def test_the_open_page_of_all_alerts_has_none_on_top(world, signed_in, outage):
    part = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{ALERTS}"}

    answer = signed_in(world.owner).get(f"{ALERTS}?shown=", headers=part)

    assert answer.status_code == 204


def test_however_many_are_down_the_question_stays_short(world, signed_in, outage):
    for _ in range(70):
        make.outage(make.channel(world.workspace))
    client = signed_in(world.owner)
    told = shown_in(text_of(client))
    path, part = f"{ALERTS}?shown={told}", {"HX-Request": "true"}
    assert len(path) < 2_000
    assert client.get(path, headers=part).status_code == 204

    last = make.outage(make.channel(world.workspace, display_name="Última"))
    assert "70 números precisam de atenção" in text_of(client, path, **part)
    close(last)
    assert client.get(path, headers=part).status_code == 204


def test_an_end_that_somebody_ordered_is_told_as_such(world, signed_in, outage):
    client = signed_in(world.owner)
    path = f"{ALERTS}?shown={shown_in(text_of(client))}"
    close(outage, end="taken_off")

    said = text_of(client, path, **{"HX-Request": "true"})
    assert "desconectado por alguém" in said


def test_put_aside_it_stays_away_for_this_session_and_this_outage(
    world, signed_in, outage
):
    client = signed_in(world.owner)

    for _ in range(2):
        answer = client.post(
            ALERTS,
            {"alert": mark(outage)},
            headers={"Referer": f"http://testserver{HOME}leads/"},
        )
        assert answer.headers["Location"] == f"{HOME}leads/"

    assert "alert--bad" not in text_of(client)
    assert "alert--bad" in text_of(signed_in(world.owner))
    assert "Vendas" in text_of(client, ALERTS)


def test_back_again_it_is_shown_again(world, signed_in, outage):
    client = signed_in(world.owner)
    client.post(ALERTS, {"alert": mark(outage)})

    Episode.objects.unscoped("test").update(relapses=1)

    assert "alert--bad" in text_of(client)


def test_what_is_no_alert_is_put_nowhere(world, signed_in, outage):
    client = signed_in(world.owner)

    client.post(ALERTS, {"alert": "x" * 5000})

    assert client.session[f"alerts_put_aside_{world.workspace.pk}"] == []
    assert "alert--bad" in text_of(client)


def test_what_is_put_aside_here_stays_so_when_something_is_elsewhere(
    world, signed_in, outage
):
    make_people.membership(world.other_workspace, world.owner, role="owner")
    theirs = make.outage(make.channel(world.other_workspace))
    client = signed_in(world.owner)

    client.post(ALERTS, {"alert": mark(outage)})
    client.post(ALERTS.replace("padaria", "oficina"), {"alert": mark(theirs)})

    assert "alert--bad" not in text_of(client)
    assert "alert--bad" not in text_of(client, "/w/oficina/")


def test_the_page_of_the_number_says_it_itself(world, signed_in, outage):
    path = f"/w/padaria/integrations/whatsapp/{outage.channel.key}/"

    assert 'class="alert ' not in text_of(signed_in(world.owner), path)


def test_other_workspaces_and_removed_numbers_alarm_nobody(world, signed_in, outage):
    make.outage(make.channel(world.other_workspace, display_name="Alheio"))
    make.outage(make.channel(world.workspace, display_name="Antigo", is_active=False))

    page = text_of(signed_in(world.owner))

    assert page.count('class="alert ') == 1
    assert "Alheio" not in page


def test_a_foreign_mark_tells_nothing(world, signed_in, outage):
    close(outage)

    said = text_of(
        signed_in(world.outsider),
        f"/w/oficina/integrations/whatsapp/alerts/?shown=kaputt,{mark(outage)},kaputt",
        **{"HX-Request": "true"},
    )
    assert "Vendas" not in said


def test_it_costs_a_page_two_queries_and_a_part_of_one_none(world, signed_in, outage):
    """Whether there is anything to tell, and what."""
    client = signed_in(world.owner)
    client.get(HOME)

    with walls.asked() as said:
        client.get(HOME)
    assert len([sql for sql in said if "integrations_episode" in sql]) == 2
    with walls.asked() as said:
        client.get(f"{HOME}conversations/", headers={"HX-Request": "true"})
    assert [sql for sql in said if "integrations_episode" in sql] == []
