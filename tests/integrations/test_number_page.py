"""The page of one number: how it stands, who says so, what to do, and its past."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations import words
from integrations.models import Problem, SessionState
from integrations.selectors import number
from tests.factories import integrations as make
from tests.walls import as_app

PLACE = "/w/padaria/integrations/whatsapp/"


@pytest.fixture
def channel(world):
    connected = make.integration(world.workspace, name="Conta da loja")
    return make.channel(
        world.workspace,
        display_name="Vendas",
        integration=connected,
        state="connected",
        quality="GREEN",
        limits={"messages": "TIER_10K"},
        last_inbound_at=timezone.now() - timedelta(minutes=7),
        last_webhook_at=timezone.now() - timedelta(minutes=2),
    )


def page_of(client, channel, rest=""):
    return client.get(f"{PLACE}{channel.key}/{rest}").content.decode()


def test_it_shows_the_state_its_age_quality_limit_and_last_message(
    world, signed_in, channel
):
    make.session(channel, answered_at=timezone.now() - timedelta(minutes=3))

    page = page_of(signed_in(world.agent), channel)

    for shown in (
        "Vendas",
        "Conectado",
        "há 3 min",
        "há 7 min",
        "Alta",
        "10.000 pessoas em 24 horas",
    ):
        assert shown in page


def test_the_worst_signal_makes_the_state_and_says_what_to_do(
    world, signed_in, channel
):
    now = timezone.now()
    make.session(
        channel,
        state="disconnected",
        signal="provider",
        problem="logged_out",
        reason="device_removed",
        state_since=now - timedelta(minutes=12),
        told_state="disconnected",
        told_at=now - timedelta(minutes=12),
        told_reason="device_removed",
    )

    page = page_of(signed_in(world.owner), channel)

    assert "Desconectado" in page
    assert "nos disse há 12 min" in page
    assert "É este que define o estado." in page
    assert "reconecte com o celular à mão." in page
    assert "device_removed" in page


def test_what_was_received_leads_to_the_rows_behind_it(world, signed_in, channel):
    client = signed_in(world.agent)
    page = page_of(client, channel)

    for path in ("webhooks", "conversations"):
        link = f"/w/padaria/{path}/?channel={channel.key}"
        assert link in page
        assert client.get(link).status_code == 200


def test_an_outdated_word_is_told_as_such(world, channel):
    now = timezone.now()
    session = make.session(
        channel, told_state="disconnected", told_at=now - timedelta(hours=1)
    )

    word, probe, silence = number.readings(session, now=now)

    assert not word.counts
    assert probe.counts
    assert silence.standing is None


def test_missed_answers_are_counted_before_they_count(world, channel):
    session = make.session(channel, failures=2, probe_problem="unreachable")

    probe = number.readings(session, now=timezone.now())[1]

    assert (probe.state, probe.misses, probe.problem) == ("connected", 2, "unreachable")


@pytest.mark.parametrize("problem", Problem.values)
def test_every_problem_comes_with_advice(problem):
    found = words.advice(problem, provider="WAHA")

    assert found is not None
    assert "%(" not in str(found.text)


@pytest.mark.parametrize("state", SessionState.values)
def test_every_bad_state_comes_with_advice(state):
    shown = number.Standing(state, state)

    assert not shown.is_bad or shown.state == "degraded" or shown.advice is not None


def test_who_may_not_connect_sees_the_state_and_no_button(world, signed_in, channel):
    make.session(channel, state="disconnected", problem="logged_out")
    make.exchange(channel)

    page = page_of(signed_in(world.agent), channel)

    assert "Desconectado" in page
    assert "Quem pode fazer isso" in page
    for hidden in ("/check/", "/reconnect/", "/remove/", "/log/", "session_status"):
        assert hidden not in page


def test_a_pending_session_says_until_when_it_waits(world, signed_in, channel):
    make.session(
        channel,
        state="awaiting_user",
        connected_at=None,
        expires_at=timezone.now() + timedelta(minutes=9),
    )

    page = page_of(signed_in(world.owner), channel)

    assert "Ainda não chegou a conectar" in page
    assert "/reconnect/" in page


def test_a_removed_number_keeps_its_page_and_offers_nothing(world, signed_in):
    gone = make.channel(world.workspace, display_name="Antigo", is_active=False)

    page = page_of(signed_in(world.owner), gone)

    assert "Este número não está mais conectado." in page
    assert "/remove/" not in page


def test_outages_are_listed_with_their_length_and_the_older_ones_paged(
    world, signed_in, channel
):
    now = timezone.now()
    for days in range(1, 13):
        opened = now - timedelta(days=days)
        make.outage(
            channel,
            opened_at=opened,
            closed_at=opened + timedelta(minutes=days),
            end="recovered",
        )
    client = signed_in(world.agent)

    first = page_of(client, channel)
    with as_app(), workspace_transaction(world.workspace.pk):
        older = number.list_episodes(channel).older
    second = page_of(client, channel, f"?before={older}")

    assert first.count("/outages/") == 10
    assert "1 minuto<" in first
    assert second.count("/outages/") == 2
    assert "12 minutos" in second


def test_exchanges_are_for_those_who_connect_and_hold_no_secret(
    world, signed_in, channel
):
    for _ in range(25):
        make.exchange(channel, request="api_key: ***")
    owner = signed_in(world.owner)

    first = page_of(owner, channel, "log/")
    with as_app(), workspace_transaction(world.workspace.pk):
        older = number.list_exchanges(channel).older
    second = page_of(owner, channel, f"log/?before={older}")

    assert first.count("<details") == number.EXCHANGES
    assert second.count("<details") == 5
    assert signed_in(world.agent).get(f"{PLACE}{channel.key}/log/").status_code == 403


def test_exchanges_of_one_moment_are_all_paged_through(world, channel):
    rows = [make.exchange(channel) for _ in range(5)]
    type(rows[0]).objects.unscoped("test").update(created_at=timezone.now())
    seen: list[int] = []
    before: str | None = ""
    while before is not None:
        with as_app(), workspace_transaction(world.workspace.pk):
            page = number.list_exchanges(channel, before=before, size=2)
        seen += [row.pk for row in page.rows]
        before = page.older

    assert seen == sorted((row.pk for row in rows), reverse=True)


def test_the_list_says_state_age_and_what_to_do(world, signed_in, channel):
    make.session(
        channel,
        state="disconnected",
        problem="key_wrong",
        answered_at=timezone.now() - timedelta(minutes=2),
    )

    page = signed_in(world.owner).get(PLACE).content.decode()

    for shown in (
        "Desconectado",
        "#cross",
        "há 2 min",
        "há 7 min",
        "Coloque uma chave nova",
    ):
        assert shown in page


def test_another_workspaces_number_is_not_there(world, signed_in):
    theirs = make.channel(world.other_workspace)

    for rest in ("", "log/", "name/", "credentials/", "webhook/", "remove/"):
        path = f"{PLACE}{theirs.key}/{rest}"
        assert signed_in(world.owner).get(path).status_code == 404, rest
