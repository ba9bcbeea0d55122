"""The page of a session: each way it can stand, what is polled, what a person may do."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import AuditEvent
from integrations import faces
from integrations.models import Channel, Session
from integrations.providers import registry
from integrations.services import sessions
from tests.factories import integrations as make
from tests.integrations.pairing import connected, fresh, number, row, time_passes
from tests.integrations.providers import golden
from tests.twins import waha
from tests.twins.numbers import CODE

HTMX = {"HX-Request": "true"}
DIGITS = "5511977776666"


@pytest.fixture
def channel(world, twin) -> Channel:
    world.owner.language = "en"
    world.owner.save()
    return number(world.workspace, twin.url)


@pytest.fixture
def client(world, signed_in, channel) -> Any:
    return signed_in(world.owner)


def page_of(channel: Channel, rest: str = "") -> str:
    return f"/w/padaria/integrations/whatsapp/{channel.key}/session/{rest}"


def order(client: Any, channel: Channel, act: str = "reconnect", **told: str) -> Any:
    """As the buttons of the page do; what comes back is the page that they lead to."""
    address = f"/w/padaria/integrations/whatsapp/{channel.key}/{act}/"
    return client.post(address, {"back": "session"} | told, follow=True)


def face_in(answer: Any) -> str:
    found = re.search(r'data-face="(\w+)"', answer.content.decode())
    return found[1] if found else ""


def stamp_in(answer: Any) -> str:
    [stamp] = re.findall(r"seen=(\w+)", answer.content.decode())
    return str(stamp)


def newest(channel: Channel) -> Session:
    found: Session = (
        Session.objects.unscoped("test").filter(channel=channel).latest("pk")
    )
    return found


# --- from nothing to a connection -------------------------------------------------
def test_a_code_appears_and_then_the_connection(client, channel, twin):
    assert face_in(client.get(page_of(channel))) == "none"

    answer = order(client, channel)

    page = answer.content.decode()
    assert face_in(answer) == "scan"
    assert "<svg" in page
    assert CODE not in page  # drawn, not written
    assert 'hx-trigger="every 2500ms"' in page
    assert answer.headers["Cache-Control"] == "no-store"

    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}
    time_passes(newest(channel), seconds=3)
    settled = client.get(page_of(channel), headers=HTMX)

    assert face_in(settled) == "connected"
    assert "hx-trigger" not in settled.content.decode()
    assert "<html" not in settled.content.decode()


def test_a_poll_that_brings_nothing_new_leaves_the_page_alone(client, channel):
    shown = order(client, channel)

    answer = client.get(page_of(channel, f"?seen={stamp_in(shown)}"), headers=HTMX)

    assert (answer.status_code, answer.content) == (204, b"")


def test_another_code_is_another_page(client, channel, twin):
    shown = order(client, channel)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": "2@another"}
    time_passes(newest(channel), seconds=3)

    answer = client.get(page_of(channel, f"?seen={stamp_in(shown)}"), headers=HTMX)

    assert answer.status_code == 200
    assert stamp_in(answer) != stamp_in(shown)


def test_two_pages_that_poll_ask_the_provider_once(client, channel, twin, monkeypatch):
    monkeypatch.setattr(sessions, "ASKED_JUST_NOW", timedelta(seconds=20))
    order(client, channel)
    time_passes(newest(channel), seconds=21)
    asked = len(twin.asked)

    client.get(page_of(channel), headers=HTMX)
    client.get(page_of(channel), headers=HTMX)

    assert len(twin.asked) == asked + 1


def test_without_a_script_a_link_asks_again(client, channel, twin):
    order(client, channel)
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}
    time_passes(newest(channel), seconds=3)

    assert face_in(client.get(page_of(channel))) == "scan"
    assert face_in(client.get(page_of(channel, "?fresh=1"))) == "connected"


def test_another_phone_is_let_go_again_and_said(client, channel, twin):
    order(client, channel)
    twin.sessions[DIGITS] = {"state": "connected", "phone": "5511900001111"}
    time_passes(newest(channel), seconds=3)

    answer = client.get(page_of(channel), headers=HTMX)

    assert face_in(answer) == "failed"
    assert "another number" in answer.content.decode()
    assert DIGITS not in twin.sessions


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"<html>Bad gateway</html>", "trouble of its own"), (b'{"state":', "trouble")],
)
def test_what_goes_wrong_meanwhile_is_said_beside_the_code(
    client, channel, twin, body, words
):
    order(client, channel)
    twin.body = body
    time_passes(newest(channel), seconds=3)

    answer = client.get(page_of(channel), headers=HTMX)

    assert face_in(answer) == "scan"
    assert words in answer.content.decode()


@pytest.fixture
def gateway(settings) -> Iterator[waha.Twin]:
    with waha.serving(golden.credentials("waha")["api_key"]) as twin:
        host = f"127.0.0.1:{twin.port}"
        settings.EGRESS_ALLOWED_HOSTS = [*settings.EGRESS_ALLOWED_HOSTS, host]
        yield twin


@pytest.mark.parametrize("word", ["PASSKEY_REQUIRED", "PASSKEY_CONFIRMATION_REQUIRED"])
def test_what_is_finished_elsewhere_is_said_and_nothing_is_begun_anew(
    world, client, gateway, word, caplog
):
    credentials = golden.credentials("waha") | {"base_url": gateway.url}
    integration = make.integration(
        world.workspace, provider="waha", credentials=credentials
    )
    phone = credentials["phone_number"]
    channel = make.channel(
        world.workspace,
        provider="waha",
        phone=phone,
        external_id=None,
        integration=integration,
    )
    order(client, channel)
    name = credentials["session_name"]
    gateway.sessions[name].status = word
    gateway.sessions[name].config = {}  # it does not tell our webhook again
    row(newest(channel)).update(pairing_code="ABCD1234")
    asked = len(gateway.requests)

    for _ in range(2):
        time_passes(newest(channel), seconds=3)
        answer = client.get(page_of(channel), headers=HTMX)

    page = answer.content.decode()
    assert face_in(answer) == "elsewhere"
    assert "Finish in the WAHA dashboard" in page
    assert "ABCD1234" not in page
    assert "hx-trigger" in page
    assert {method for method, _ in gateway.requests[asked:]} == {"GET"}
    assert "provider call failed" not in caplog.messages

    gateway.sessions[name].me = {"id": f"{phone.lstrip('+')}@c.us", "pushName": "Loja"}
    gateway.sessions[name].status = "WORKING"
    time_passes(newest(channel), seconds=3)
    assert face_in(client.get(page_of(channel), headers=HTMX)) == "connected"


def test_nobody_finished_in_time(client, channel):
    order(client, channel)
    time_passes(newest(channel), minutes=16)

    answer = client.get(page_of(channel), headers=HTMX)

    assert face_in(answer) == "expired"
    assert "hx-trigger" not in answer.content.decode()
    again = order(client, channel)
    assert face_in(again) == "scan"
    assert Session.objects.unscoped("test").filter(channel=channel).count() == 2


# --- acts ----------------------------------------------------------------------------
def test_a_connection_that_works_is_ended_after_a_question(
    client, channel, twin, world
):
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "connected"}

    page = client.get(page_of(channel)).content.decode()
    [question] = re.findall(r'href="([^"]+/disconnect/[^"]*)"', page)
    asked = client.get(question).content.decode()

    assert "Disconnect the number?" in asked
    assert 'name="back" value="session"' in asked
    assert fresh(session).is_open

    done = order(client, channel, "disconnect")

    assert face_in(done) == "ended"
    assert DIGITS not in twin.sessions
    entry = AuditEvent.objects.unscoped("test").get(action="integration.disconnected")
    assert entry.actor == world.owner


def test_what_waits_is_cancelled_without_a_question(client, channel, twin):
    order(client, channel)

    answer = order(client, channel, "disconnect")

    assert face_in(answer) == "ended"
    assert DIGITS not in twin.sessions


def test_a_provider_that_cannot_be_told_keeps_the_session(client, channel, twin):
    session = connected(channel)
    twin.status = 503

    answer = order(client, channel, "disconnect")

    assert face_in(answer) == "connected"
    assert "nothing was changed" in answer.content.decode()
    assert fresh(session).is_open


def test_a_lost_number_is_connected_anew_in_its_own_session(client, channel, twin):
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "disconnected"}
    lost = client.get(page_of(channel, "?fresh=1"))
    assert face_in(lost) == "lost"

    twin.sessions.pop(DIGITS)
    answer = order(client, channel)

    assert face_in(answer) == "scan"
    assert newest(channel).pk == session.pk


def test_starting_clean_closes_what_was_and_begins_anew(client, channel, twin):
    shown = order(client, channel)
    first = newest(channel)
    [seen] = re.findall(r'name="seen" value="([^"]+)"', shown.content.decode())

    order(client, channel, "start-clean", seen=seen)
    order(client, channel, "start-clean", seen=seen)  # sent twice

    assert not fresh(first).is_open
    assert newest(channel).pk != first.pk
    assert twin.asked.count(f"DELETE /sessions/{DIGITS}") == 1


def test_an_act_that_does_not_exist_does_nothing(client, channel, twin):
    answer = client.post(page_of(channel), {"act": "explode"}, follow=True)

    assert "Choose what should be done." in answer.content.decode()
    assert twin.asked == []


def test_a_removed_number_has_no_session_page(client, channel):
    Channel.objects.unscoped("test").filter(pk=channel.pk).update(
        integration=None, is_active=False
    )

    assert client.get(page_of(channel)).status_code == 404


# --- faces -------------------------------------------------------------------------
def test_a_page_of_ours_is_opened_and_a_strangers_is_not(channel, settings):
    waiting = {"state": "awaiting_user", "kind": "qr"}
    ours = f"{settings.PUBLIC_URL}/w/padaria/sandbox/x/"

    session = connected(channel)
    adapter = registry.get(channel.provider)
    links = []
    for payload in (ours, "https://evil.example/", "javascript:alert(1)", CODE):
        row(session).update(payload=payload, connected_at=None, **waiting)
        shown = faces.face_of(
            fresh(session), adapter, types=False, now=session.started_at
        )
        links.append(shown.link)

    assert links == [ours, "", "", ""]


def waiting_at(channel: Channel, **fields: str) -> Session:
    """A session that waits for somebody with a phone."""
    session = connected(channel)
    values = {"state": "awaiting_user", "connected_at": None} | fields
    row(session).update(**values)
    return fresh(session)


HUB = "https://hub.360dialog.com/connect/x"


@pytest.mark.parametrize(
    ("kind", "payload"), [("external_link", HUB), ("qr", "{ours}/w/padaria/sandbox/x/")]
)
def test_a_code_that_leads_somewhere_is_a_link(
    client, channel, settings, kind, payload
):
    payload = payload.format(ours=settings.PUBLIC_URL)
    waiting_at(channel, kind=kind, payload=payload)

    page = client.get(page_of(channel)).content.decode()

    [code] = re.findall(r"<a [^>]*data-qr>\s*<svg", page)
    assert f'href="{payload}"' in code
    assert 'aria-label="QR code to scan, or to open right here (in a new tab)"' in code


def test_a_code_that_only_a_phone_reads_is_a_picture(client, channel):
    waiting_at(channel, kind="qr", payload=CODE)

    page = client.get(page_of(channel)).content.decode()

    assert re.search(r'<div [^>]*role="img"[^>]*data-qr>\s*<svg', page)
    assert not re.search(r"<a [^>]*data-qr", page)


@pytest.mark.parametrize(
    ("fields", "is_explained"),
    [
        ({"kind": "external_link", "payload": HUB}, True),
        ({"kind": "qr", "payload": CODE}, False),
        ({"kind": "qr", "pairing_code": "ABCD-1234"}, False),
        ({"kind": "external_link", "state": "verifying"}, False),
        ({"kind": "external_link", "state": "connected", "payload": HUB}, False),
    ],
)
def test_coexistence_is_explained_at_a_registration_and_nowhere_else(
    client, channel, fields, is_explained
):
    waiting_at(channel, **fields)

    page = client.get(page_of(channel)).content.decode()

    assert ("(coexistence)" in page) == is_explained
    assert ("at least every two weeks" in page) == is_explained


def test_a_link_is_one_of_the_web(channel):
    session = connected(channel)
    adapter = registry.get(channel.provider)
    links = []
    for payload in ("https://hub.360dialog.com/x", "javascript:alert(1)", "data:x"):
        row(session).update(
            payload=payload,
            connected_at=None,
            state="awaiting_user",
            kind="external_link",
        )
        shown = faces.face_of(
            fresh(session), adapter, types=False, now=session.started_at
        )
        links.append(shown.link)

    assert links == ["https://hub.360dialog.com/x", "", ""]
