"""What people order on the page of a number: asked of the twin, audited, safe to send twice."""

import logging

import pytest
from django.contrib.messages import get_messages

from accounts.models import AuditEvent
from integrations import gateway
from integrations.models import Channel, Episode, Integration, Session
from integrations.services import monitor, sessions, webhook_urls
from tests.factories import accounts as make_people
from tests.factories import integrations as make
from tests.integrations.pairing import (
    connected,
    fresh,
    make_due,
    number,
    time_passes,
)
from tests.twins import pairing
from tests.twins.numbers import CODE
from tests.walls import as_app

PLACE = "/w/padaria/integrations/whatsapp/"
DIGITS = pairing.PHONE.lstrip("+")
CONNECTED = {"state": "connected", "phone": DIGITS, "word": "open"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel(world, twin):
    twin.sessions[DIGITS] = dict(CONNECTED)
    return number(world.workspace, twin.url)


@pytest.fixture
def post(world, signed_in, channel):
    client = signed_in(world.owner)

    def send(page, **body):
        response = client.post(f"{PLACE}{channel.key}/{page}/", body)
        told = [str(one) for one in get_messages(response.wsgi_request)]
        return response, " ".join(told)

    return send


def actions():
    events = AuditEvent.objects.unscoped("test").order_by("pk")
    return [event.action for event in events]


def test_check_now_asks_and_tells(post, channel, twin):
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}

    response, told = post("check")

    assert response.status_code == 302
    assert fresh(session).state == "disconnected"
    assert "Desconectado" in told
    assert actions() == ["integration.checked"]


def test_checking_twice_at_once_asks_once(post, channel, twin):
    connected(channel)

    post("check")
    post("check")

    assert len(twin.asked) == 1
    assert actions() == ["integration.checked"]


def test_there_is_nobody_to_ask_without_a_session(post, channel, twin):
    _, told = post("check")

    assert "não há a quem perguntar" in told
    assert twin.asked == []
    assert actions() == []


def test_reconnecting_a_lost_phone_leads_to_where_the_code_is(post, channel, twin):
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}

    response, _ = post("reconnect")

    assert response.status_code == 302
    assert str(channel.key) in response.headers["Location"]
    assert fresh(session).payload == CODE
    assert actions() == ["integration.reconnected"]


def test_reconnecting_what_is_well_says_so(post, channel):
    connected(channel)

    _, told = post("reconnect")

    assert "conectado" in told


def test_starting_clean_twice_ends_one_session(post, channel, twin, world, signed_in):
    old = connected(channel)
    client = signed_in(world.owner)
    page = client.get(f"{PLACE}{channel.key}/start-clean/").content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]

    post("start-clean", seen=seen)
    post("start-clean", seen=seen)

    assert Session.objects.unscoped("test").count() == 2
    assert fresh(old).ended_at is not None
    assert [one.split()[0] for one in twin.asked].count("DELETE") == 1
    assert actions().count("integration.started_clean") == 1


def test_disconnecting_asks_first_and_twice_is_once(
    post, channel, twin, world, signed_in
):
    session = connected(channel)
    page = signed_in(world.owner).get(f"{PLACE}{channel.key}/disconnect/")
    assert page.status_code == 200
    assert fresh(session).ended_at is None

    post("disconnect")
    _, told = post("disconnect")

    assert fresh(session).ended_at is not None
    assert DIGITS not in twin.sessions
    assert actions() == ["integration.disconnected"]
    assert "desconectado" in told


def test_an_outage_that_outlasts_its_session_is_ended_by_hand(
    post, channel, twin, world, signed_in
):
    lost = connected(channel)
    twin.sessions[DIGITS] = {"state": "disconnected"}
    with as_app():
        monitor.run()
        begun = sessions.start_clean(channel)
    time_passes(begun, minutes=16)
    make_due(begun)
    with as_app():
        monitor.run()
    assert (fresh(begun).state, fresh(lost).ended_at is None) == ("expired", False)
    number_page = f"{PLACE}{channel.key}/"
    page = signed_in(world.owner).get(number_page).content.decode()
    assert f"{number_page}disconnect/" in page
    assert "Encerrar a conexão" in page

    post("disconnect")
    post("disconnect")

    outage = Episode.objects.unscoped("test").get()
    assert (outage.closed_at is not None, outage.end) == (True, "taken_off")
    assert actions().count("integration.disconnected") == 1
    page = signed_in(world.owner).get(number_page).content.decode()
    assert f"{number_page}disconnect/" not in page


def test_a_provider_that_says_no_leaves_all_as_it_was_in_clear_words(
    post, channel, twin
):
    session = connected(channel)
    twin.status = 503

    _, told = post("disconnect")

    assert fresh(session).ended_at is None
    assert "nada mudou" in told
    assert actions() == []


def test_another_number_typed_removes_nothing(post, channel):
    connected(channel)

    for typed in ("", "+5511900000000", "remover"):
        response, _ = post("remove", number=typed)
        assert response.status_code == 200

    channel.refresh_from_db()
    assert channel.is_active
    assert actions() == []


def test_the_typed_number_removes_it_and_its_history_stays(
    post, channel, twin, world, signed_in
):
    connected(channel)

    response, told = post("remove", number="+55 11 97777-6666")
    again, _ = post("remove", number=pairing.PHONE)

    assert response.headers["Location"] == PLACE
    assert again.status_code == 302
    assert "ficam" in told
    channel.refresh_from_db()
    assert not channel.is_active
    assert not Integration.objects.unscoped("test").exists()
    assert DIGITS not in twin.sessions
    assert actions() == ["integration.removed"]
    assert signed_in(world.owner).get(f"{PLACE}{channel.key}/").status_code == 200


def test_what_the_provider_could_not_be_told_is_said(post, channel, twin):
    connected(channel)
    twin.status = 503

    _, told = post("remove", number=pairing.PHONE)

    assert "no painel dele" in told


def test_renaming_is_audited_once(post, channel):
    post("name", name="  Balcão   da frente ")
    _, told = post("name", name="Balcão da frente")

    channel.refresh_from_db()
    assert channel.display_name == "Balcão da frente"
    assert "Nada mudou" in told
    assert actions() == ["integration.renamed"]


# --- credentials --------------------------------------------------------------------
def told(twin, **fields):
    return {
        "version": "1",
        "base_url": twin.url,
        "api_key": "",
        "granted_key": "none yet",
    } | fields


def credentials():
    return gateway.unseal_credentials(Integration.objects.unscoped("test").get())


def test_the_form_shows_no_secret_and_keeps_an_empty_one(
    post, channel, twin, world, signed_in, caplog
):
    caplog.set_level(logging.INFO, logger="integrations")
    connected(channel)
    page = signed_in(world.owner).get(f"{PLACE}{channel.key}/credentials/")
    assert "key-of-the-tests" not in page.content.decode()

    response, said = post("credentials", **told(twin, granted_key="another"))

    assert response.status_code == 302
    assert "Testado e salvo" in said
    assert credentials()["api_key"] == "key-of-the-tests"
    assert credentials()["granted_key"] == "another"
    event = AuditEvent.objects.unscoped("test").get(
        action="integration.credentials_replaced"
    )
    assert event.details == {"fields": ["granted_key"]}
    assert "credentials replaced" in caplog.messages


def test_a_new_key_is_tested_before_it_is_kept(post, channel, twin):
    connected(channel)
    twin.status = 401

    response, _ = post("credentials", **told(twin, api_key="brand-new-key"))

    page = response.content.decode()
    assert response.status_code == 200
    assert "Nada foi salvo" in page
    assert "brand-new-key" not in page
    assert credentials()["api_key"] == "key-of-the-tests"
    assert actions() == []


def test_a_key_of_another_number_is_refused(post, channel, twin):
    connected(channel)
    twin.sessions[DIGITS] = CONNECTED | {"phone": "5511900001111"}

    response, _ = post("credentials", **told(twin, api_key="key-of-another"))

    assert "outro número" in response.content.decode()
    assert credentials()["api_key"] == "key-of-the-tests"


def test_what_the_old_key_spoilt_is_asked_about_again(post, channel, twin):
    session = connected(channel)
    twin.status = 401
    time_passes(session, seconds=5)
    post("check")
    assert fresh(session).problem == "key_wrong"
    twin.status = 200

    post("credentials", **told(twin, api_key="brand-new-key"))

    assert credentials()["api_key"] == "brand-new-key"
    assert fresh(session).state == "connected"


def test_a_form_of_yesterday_overwrites_nothing(post, channel, twin):
    connected(channel)
    post("credentials", **told(twin, granted_key="mine"))

    response, _ = post("credentials", **told(twin, granted_key="theirs"))

    assert response.status_code == 409
    assert credentials()["granted_key"] == "mine"


def test_a_missing_field_is_named(post, channel, twin):
    connected(channel)

    response, _ = post("credentials", **told(twin, base_url="no address"))

    assert "Esperado" in response.content.decode()


# --- where the provider posts to ------------------------------------------------------
def test_the_address_is_set_by_api_and_read_back(post, channel, twin, world, signed_in):
    post("webhook", act="set")

    integration = Integration.objects.unscoped("test").get()
    assert integration.meta["webhook"]["is_ours"]
    url = webhook_urls.current(integration)
    page = signed_in(world.owner).get(f"{PLACE}{channel.key}/webhook/")
    assert url in page.content.decode()
    assert page.headers["Cache-Control"] == "no-store"
    assert url.rstrip("/").rpartition("/")[2] not in str(integration.meta)
    assert (
        url not in signed_in(world.owner).get(f"{PLACE}{channel.key}/").content.decode()
    )


def test_an_address_elsewhere_is_told(channel, twin, world, signed_in):
    page = signed_in(world.owner).get(f"{PLACE}{channel.key}/webhook/")

    assert "Ele envia para outro sistema" in page.content.decode()


def test_a_new_address_is_set_at_once_and_the_old_one_lasts_a_week(post, channel):
    post("webhook", act="set")
    integration = Integration.objects.unscoped("test").get()
    before = webhook_urls.current(integration)

    post("webhook", act="renew")

    assert webhook_urls.current(integration) != before
    assert integration.webhook_tokens.count() == 2
    assert "integration.webhook_url_changed" in actions()


def test_a_number_that_posts_by_hand_shows_what_to_copy(world, signed_in):
    channel = make.sandbox_number(world.workspace)
    client = signed_in(world.owner)
    path = f"{PLACE}{channel.key}/webhook/"

    client.post(path, {"act": "renew"})

    page = client.get(path).content.decode()
    assert "/webhooks/whatsapp/" in page
    assert "Configurar à mão" in page


def test_an_order_that_is_none_changes_nothing(post, channel):
    response, _ = post("webhook", act="delete")

    assert response.status_code == 302
    assert actions() == []


# --- who may ------------------------------------------------------------------------
ACTS = ("check", "reconnect", "start-clean", "disconnect", "remove", "name")


@pytest.mark.parametrize("act", [*ACTS, "credentials", "webhook"])
@pytest.mark.parametrize("role", ["agent", "viewer"])
def test_who_may_not_connect_orders_nothing(world, signed_in, channel, twin, act, role):
    person = make_people.user(email="x@example.com")
    make_people.membership(world.workspace, person, role=role)
    session = connected(channel)

    response = signed_in(person).post(
        f"{PLACE}{channel.key}/{act}/", {"number": DIGITS}
    )

    assert response.status_code == 403
    assert fresh(session).ended_at is None
    assert (twin.asked, actions()) == ([], [])


@pytest.mark.parametrize("act", [*ACTS, "credentials", "webhook"])
def test_a_foreign_number_is_answered_as_a_missing_one(
    world, signed_in, channel, twin, act
):
    session = connected(channel)
    client = signed_in(world.outsider)
    body = {"number": DIGITS, "act": "set"}

    theirs = client.post(f"/w/oficina/integrations/whatsapp/{channel.key}/{act}/", body)
    nobodys = client.post(
        f"/w/oficina/integrations/whatsapp/{session.lease_token or DIGITS[:8]}"
        f"{'-0000-4000-8000-000000000000'}/{act}/",
        body,
    )

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert twin.asked == []
    assert Channel.objects.unscoped("test").get(pk=channel.pk).is_active


def test_acts_take_no_get(world, signed_in, channel):
    client = signed_in(world.owner)

    for act in ("check", "reconnect"):
        assert client.get(f"{PLACE}{channel.key}/{act}/").status_code == 405
