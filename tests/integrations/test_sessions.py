"""A session from its first code, or the link that leads back, to a connection."""

import hashlib
import logging
from datetime import timedelta

import pytest

from integrations import gateway
from integrations.models import ChannelLog, Episode, WebhookToken
from integrations.services import leases, returns, sessions
from tests.integrations.opening import open_session, refresh
from tests.integrations.pairing import connected, fresh, number, time_passes
from tests.twins import pairing
from tests.twins.numbers import CODE
from tests.walls import as_app

DIGITS = pairing.PHONE.lstrip("+")
HTML = b"<html>Bad gateway</html>"


@pytest.fixture
def channel(world, twin):
    return number(world.workspace, twin.url)


# --- opening --------------------------------------------------------------------
def test_opening_shows_a_code_and_lasts_a_quarter_of_an_hour(
    channel, twin, caplog, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.INFO, logger="integrations")

    with django_capture_on_commit_callbacks(execute=True):
        session = open_session(channel, wants_pairing_code=True)

    assert (session.state, session.payload) == ("awaiting_user", CODE)
    assert session.external_id == DIGITS
    assert timedelta(minutes=14) < session.expires_at - session.started_at
    assert session.expires_at - session.started_at <= timedelta(minutes=16)
    [told] = twin.told
    assert told["phone"] == DIGITS
    assert "/webhooks/whatsapp/" in told["webhook"]
    assert "session created" in caplog.messages
    assert pairing.PHONE[3:] not in caplog.text
    assert "key-of-the-tests" not in caplog.text


def test_opening_twice_is_one_session_with_one_webhook_url(channel, twin):
    first = open_session(channel)

    second = open_session(channel)

    assert first.pk == second.pk
    assert twin.told[0]["webhook"] == twin.told[1]["webhook"]
    assert WebhookToken.objects.unscoped("test").count() == 1


def test_the_url_told_to_the_provider_leads_to_the_integration(channel, twin):
    open_session(channel)

    token = twin.told[0]["webhook"].rstrip("/").rpartition("/")[2]
    with as_app():
        endpoint = gateway.load_endpoint(hashlib.sha256(token.encode()).digest())
    assert endpoint.integration_id == channel.integration_id
    stored = WebhookToken.objects.unscoped("test").get()
    assert token not in stored.sealed


def test_a_scanned_code_is_connected_at_the_next_look(channel, twin):
    session = open_session(channel)
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS, "word": "open"}

    session = refresh(session)

    channel.refresh_from_db()
    assert (session.state, session.provider_state) == ("connected", "open")
    assert session.payload == ""
    assert channel.state == "connected"


@pytest.mark.parametrize("word", ["sleeping", "degraded"])
def test_a_word_nobody_knows_during_pairing_is_no_connection_and_no_outage(
    channel, twin, word
):
    session = open_session(channel)
    twin.sessions[DIGITS] = {"state": word}
    session = refresh(session)
    assert (session.state, session.connected_at) == ("verifying", None)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": "2@another"}

    session = refresh(session)

    assert (session.state, session.payload) == ("awaiting_user", "2@another")
    assert session.is_pending
    assert not Episode.objects.unscoped("test").exists()


def test_two_polls_one_after_the_other_are_one_question(channel, twin, monkeypatch):
    monkeypatch.setattr(sessions, "ASKED_JUST_NOW", timedelta(seconds=20))
    session = open_session(channel)
    asked = len(twin.asked)

    with as_app():
        sessions.refresh(session)
        sessions.refresh(session)

    assert len(twin.asked) == asked


def test_a_look_at_what_somebody_else_is_asking_about_asks_nobody(channel, twin):
    session = open_session(channel)
    time_passes(session, seconds=5)
    leases.take(session)
    asked = len(twin.asked)

    with as_app():
        assert sessions.refresh(session).state == "awaiting_user"

    assert len(twin.asked) == asked


def test_half_a_code_is_asked_for_again(channel, twin):
    session = open_session(channel)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": ""}
    asked = len(twin.asked)

    refresh(session)

    assert [line.split()[0] for line in twin.asked[asked:]] == ["GET", "POST"]


def test_another_number_than_expected_fails_and_is_closed_at_the_provider(
    channel, twin
):
    session = open_session(channel)
    twin.sessions[DIGITS] = {"state": "connected", "phone": "5511900001111"}

    session = refresh(session)

    assert (session.state, session.problem) == ("failed", "number_wrong")
    assert DIGITS not in twin.sessions
    channel.refresh_from_db()
    assert channel.state == "new"


def test_nobody_scanned_for_a_quarter_of_an_hour(channel):
    session = open_session(channel)

    time_passes(session, minutes=15)
    session = refresh(session)

    assert (session.state, session.problem) == ("expired", "too_late")
    assert session.payload == ""
    assert session.ended_at is not None


def test_after_it_expired_the_next_one_begins(channel):
    first = open_session(channel)
    time_passes(first, minutes=16)
    refresh(first)

    second = open_session(channel)

    assert second.pk != first.pk
    assert second.state == "awaiting_user"


@pytest.mark.parametrize(
    ("status", "problem", "state"),
    [
        (401, "key_wrong", "failed"),
        (403, "permission_missing", "failed"),
        (404, "refused", "failed"),
        (500, "unavailable", "created"),
    ],
)
def test_what_went_wrong_is_told_apart(channel, twin, status, problem, state):
    twin.status = status

    session = open_session(channel)

    assert (session.state, session.problem) == (state, problem)


def test_a_page_instead_of_an_answer_connects_nothing(channel, twin):
    twin.body = HTML

    session = open_session(channel)

    assert (session.state, session.problem) == ("created", "unavailable")


def test_a_host_that_does_not_answer_is_unreachable(world, twin):
    channel = number(world.workspace, "http://127.0.0.1:1")

    session = open_session(channel)

    # Not an allowed host: the guard refuses it before anything is sent.
    assert session.problem == "refused"
    assert session.reason


def test_the_exchange_is_logged_without_its_key(channel, twin):
    open_session(channel)

    logged = ChannelLog.objects.unscoped("test").get()
    assert (logged.operation, logged.status_code) == ("create_session", 200)
    assert "key-of-the-tests" not in logged.request + logged.response


def test_a_lost_phone_is_connected_anew_with_a_fresh_code(channel, twin):
    lost = connected(channel)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": "2@not-asked-for"}
    assert refresh(lost).state == "disconnected"
    assert fresh(lost).payload == ""
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}

    with as_app():
        session = sessions.reconnect(channel)

    assert (session.pk, session.state, session.payload) == (
        lost.pk,
        "disconnected",
        CODE,
    )
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}
    session = refresh(session)
    assert (session.state, session.payload) == ("connected", "")
    assert Episode.objects.unscoped("test").get().closed_at is not None


def test_a_code_for_who_went_away_is_forgotten_and_the_session_goes_on(channel, twin):
    lost = connected(channel)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}
    with as_app():
        sessions.reconnect(channel)
    time_passes(lost, minutes=16)

    session = refresh(lost)

    assert (session.state, session.payload) == ("disconnected", "")
    assert session.ended_at is None


# --- links --------------------------------------------------------------------------
def state_of(twin):
    return twin.told[-1]["state"]


def test_a_link_leads_back_once(channel, twin, world):
    session = open_session(channel, return_url="https://here.example/return/")
    state = state_of(twin)

    with as_app():
        found = returns.redeem_state(world.workspace, state=state, external_id="ch-1")
    assert (found.pk, found.state, found.external_id) == (
        session.pk,
        "verifying",
        "ch-1",
    )
    assert bytes(session.link_digest) == hashlib.sha256(state.encode()).digest()
    with as_app(), pytest.raises(returns.StateInvalid):
        returns.redeem_state(world.workspace, state=state)


def test_a_forged_late_or_foreign_return_leads_nowhere(channel, twin, world):
    session = open_session(channel, return_url="https://here.example/return/")
    state = state_of(twin)

    for workspace, told in (
        (world.workspace, "forged"),
        (world.workspace, ""),
        (world.other_workspace, state),
    ):
        with as_app(), pytest.raises(returns.StateInvalid):
            returns.redeem_state(workspace, state=told)
    time_passes(session, minutes=16)
    with as_app(), pytest.raises(returns.StateInvalid):
        returns.redeem_state(world.workspace, state=state)


def test_a_new_link_ends_the_one_before(channel, twin, world):
    open_session(channel, return_url="https://here.example/return/")
    first = state_of(twin)
    open_session(channel, return_url="https://here.example/return/")

    with as_app(), pytest.raises(returns.StateInvalid):
        returns.redeem_state(world.workspace, state=first)
