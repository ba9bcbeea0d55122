import hashlib
import logging
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import AuditEvent
from integrations import gateway
from integrations.models import (
    Channel,
    ChannelLog,
    Episode,
    Integration,
    Session,
    WebhookToken,
)
from integrations.providers.base.errors import CredentialsInvalid
from integrations.services import (
    asking,
    leases,
    monitor,
    removal,
    returns,
    sessions,
    webhook_urls,
)
from integrations.services.sessions import Actor
from tests.factories import integrations as make
from tests.integrations.pairing import connected, fresh, number, row, time_passes
from tests.threads import eventually
from tests.twins import pairing
from tests.twins.numbers import CODE
from tests.walls import as_app

DIGITS = pairing.PHONE.lstrip("+")
HTML = b"<html>Bad gateway</html>"


@pytest.fixture
def channel(world, twin):
    return number(world.workspace, twin.url)


def open_session(channel, **options):
    with as_app():
        return sessions.open_session(channel, **options)


def refresh(session):
    time_passes(session, seconds=3)
    with as_app():
        return sessions.refresh(session)


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


# --- credentials that come with a session -------------------------------------------
def test_granted_credentials_are_sealed_and_used_from_then_on(channel, twin):
    session = open_session(channel)
    twin.sessions[DIGITS] = {
        "state": "connected",
        "phone": DIGITS,
        "granted": {"granted_key": "brand-new", "no_field": "dropped"},
    }

    refresh(session)

    integration = Integration.objects.unscoped("test").get()
    credentials = gateway.unseal_credentials(integration)
    assert credentials["granted_key"] == "brand-new"
    assert "no_field" not in credentials
    assert integration.secret_version == 2
    assert "brand-new" not in integration.credentials
    event = AuditEvent.objects.unscoped("test").latest("pk")
    assert event.action == "integration.credentials_granted"
    assert "brand-new" not in str(event.details)


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


# --- ending -------------------------------------------------------------------------
def test_disconnecting_ends_it_here_and_there_without_an_alert(channel, twin, world):
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "connected"}

    with as_app():
        ended = sessions.disconnect(channel, actor=Actor(world.owner))

    channel.refresh_from_db()
    assert ended is not None
    assert (ended.state, ended.ended_at is not None) == ("disconnected", True)
    assert channel.state == "disconnected"
    assert DIGITS not in twin.sessions
    assert not Episode.objects.unscoped("test").exists()
    event = AuditEvent.objects.unscoped("test").get()
    assert (event.action, event.actor) == ("integration.disconnected", world.owner)
    assert fresh(session).lease_token is None


def test_a_provider_that_cannot_be_told_keeps_the_session_open(channel, twin):
    session = connected(channel)
    twin.status = 503

    with as_app(), pytest.raises(sessions.SessionFailed) as failed:
        sessions.disconnect(channel)

    assert failed.value.problem == "unavailable"
    assert fresh(session).ended_at is None
    assert fresh(session).lease_token is None


def test_starting_clean_closes_and_opens_anew(channel, twin):
    stuck = open_session(channel)

    with as_app():
        session = sessions.start_clean(channel)

    assert session.pk != stuck.pk
    assert session.state == "awaiting_user"
    assert [line.split()[0] for line in twin.asked] == ["POST", "DELETE", "POST"]


def test_starting_clean_goes_on_where_closing_fails(channel, twin):
    connected(channel)
    twin.status = 503

    with as_app():
        session = sessions.start_clean(channel)

    assert (session.state, session.problem) == ("created", "unavailable")


def test_removing_keeps_the_channel_and_forgets_the_keys(channel, twin, world):
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "connected"}
    webhook_urls.current(channel.integration)

    with as_app():
        removed = removal.remove(channel, actor=Actor(world.owner))

    kept = Channel.objects.unscoped("test").get()
    assert removed.left_behind is None
    assert (kept.pk, kept.integration_id, kept.is_active) == (channel.pk, None, False)
    assert not Integration.objects.unscoped("test").exists()
    assert not WebhookToken.objects.unscoped("test").exists()
    assert fresh(session).ended_at is not None
    assert DIGITS not in twin.sessions
    event = AuditEvent.objects.unscoped("test").get()
    assert event.action == "integration.removed"
    assert event.details["credentials_deleted"] is True


def test_removing_goes_on_without_the_provider_and_says_so(channel, twin, world):
    connected(channel)
    twin.status = 401

    with as_app():
        removed = removal.remove(channel, actor=Actor(world.owner))
        again = removal.remove(removed.channel, actor=Actor(world.owner))

    assert removed.left_behind is not None
    assert removed.left_behind.problem == "key_wrong"
    assert again.left_behind is None
    assert not Integration.objects.unscoped("test").exists()


def test_a_removed_number_cannot_be_opened(channel, world):
    with as_app():
        removed = removal.remove(channel, actor=Actor(world.owner))
        with pytest.raises(asking.NotConnectable):
            sessions.open_session(removed.channel)


# --- trying credentials -------------------------------------------------------------
def attempt(world, url, **change):
    credentials = pairing.credentials(url) | change
    with as_app():
        return sessions.try_credentials(
            workspace=world.workspace, provider=pairing.SLUG, credentials=credentials
        )


def test_credentials_are_tried_before_anything_is_kept(world, twin):
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}

    assert attempt(world, twin.url).state == "connected"

    for model in (Integration, Channel, Session):
        assert not model.objects.unscoped("test").exists()


def test_credentials_of_another_number_are_told(world, twin):
    twin.sessions[DIGITS] = {"state": "connected", "phone": "5511900001111"}

    with pytest.raises(sessions.SessionFailed) as failed:
        attempt(world, twin.url)

    assert failed.value.problem == "number_wrong"


def test_a_wrong_key_is_told_and_not_repeated(world, twin):
    twin.status = 401

    with pytest.raises(sessions.SessionFailed) as failed:
        attempt(world, twin.url, api_key="wrong-key-here")

    assert failed.value.problem == "key_wrong"
    assert "wrong-key-here" not in repr(failed.value)


def test_a_wrong_shape_asks_nobody(world, twin):
    with pytest.raises(CredentialsInvalid):
        attempt(world, twin.url, phone_number="12")

    assert not twin.asked


# --- webhooks -----------------------------------------------------------------------
def test_the_webhook_is_set_and_read_back(channel, twin, caplog):
    caplog.set_level(logging.INFO, logger="integrations")
    with as_app():
        told = webhook_urls.subscribe(channel)

    assert told.is_ours
    assert told.missing == ("groups",)
    assert not told.is_complete
    assert twin.told[0]["webhook"] == told.url
    assert "webhook subscription set" in caplog.messages
    assert told.url not in repr(told)


def test_a_webhook_of_somebody_else_is_seen(channel):
    with as_app():
        told = webhook_urls.read_back(channel)

    assert not told.is_ours
    assert told.is_elsewhere


def test_a_url_that_cannot_be_told_again_goes_on_until_it_is_replaced(channel):
    with as_app():
        webhook_urls.current(channel.integration)
    WebhookToken.objects.unscoped("test").update(sealed="")

    with as_app():
        webhook_urls.subscribe(channel)

    old, new = WebhookToken.objects.unscoped("test").order_by("pk")
    assert new.expires_at is None
    assert old.expires_at is not None


def test_a_refusal_to_set_it_is_typed(channel, twin):
    twin.status = 403

    with as_app(), pytest.raises(webhook_urls.WebhookFailed) as failed:
        webhook_urls.subscribe(channel)

    assert failed.value.problem == "permission_missing"


# --- walls and races ----------------------------------------------------------------
def test_a_number_live_elsewhere_is_refused_and_nothing_is_told(world, twin, channel):
    rival = number(world.other_workspace, twin.url, phone="+5511966665555")
    Channel.objects.unscoped("test").filter(pk=rival.pk).update(external_id=DIGITS)
    make.claimed(rival)
    session = open_session(channel)
    integration = channel.integration
    assert integration is not None
    twin.sessions[DIGITS] = {
        "state": "connected",
        "phone": DIGITS,
        "granted": {"granted_key": "x"},
    }
    # What the provider grants names the number that is live over there.
    original = pairing.PairingAdapter.number_of
    pairing.PairingAdapter.number_of = (  # type: ignore[method-assign]
        lambda self, credentials: original(self, credentials).__class__(
            external_id=DIGITS, phone=DIGITS
        )
    )
    try:
        session = refresh(session)
    finally:
        pairing.PairingAdapter.number_of = original  # type: ignore[method-assign]

    assert (session.state, session.problem) == ("failed", "number_taken")
    assert "ficina" not in session.reason
    assert DIGITS not in twin.sessions


def test_a_session_of_another_workspace_is_nowhere(world, channel):
    session = open_session(channel)
    session.workspace_id = world.other_workspace.pk

    with as_app(), pytest.raises(Session.DoesNotExist):
        sessions.reload(session)


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_ask_once(world, twin):
    channel = number(world.workspace, twin.url)
    session = open_session(channel)
    time_passes(session, seconds=5)
    twin.delay, asked = 0.3, len(twin.asked)

    def look():
        try:
            sessions.refresh(session)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(twin.asked) == asked + 1


@pytest.mark.django_db(transaction=True)
def test_disconnecting_while_it_is_asked_about_wins(world, twin):
    channel = number(world.workspace, twin.url)
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}
    twin.held = {"GET"}
    asked = len(twin.asked)

    def look():
        try:
            sessions.refresh(session)
        finally:
            connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    eventually(lambda: len(twin.asked) > asked)
    with as_app():
        sessions.disconnect(channel)
    twin.held.clear()
    thread.join()

    assert (fresh(session).state, fresh(session).ended_at is not None) == (
        "disconnected",
        True,
    )
    channel.refresh_from_db()
    assert channel.state == "disconnected"


@pytest.mark.django_db(transaction=True)
def test_what_opens_after_it_was_ended_is_closed_again(world, twin):
    channel = number(world.workspace, twin.url)
    twin.held = {"POST"}
    opening = threading.Thread(target=_open_and_hang_up, args=(channel,))
    opening.start()
    eventually(lambda: twin.asked)
    session = Session.objects.unscoped("test").get()
    row(session).update(ended_at=Now(), lease_token=None)
    twin.held.clear()
    opening.join()

    assert DIGITS not in twin.sessions
    assert [line.split()[0] for line in twin.asked] == ["POST", "DELETE"]


@pytest.mark.django_db(transaction=True)
def test_what_opens_after_its_lease_ran_out_is_kept_and_its_code_shown(
    world, twin, monkeypatch
):
    monkeypatch.setattr(leases, "ONE_CALL", timedelta(milliseconds=200))
    channel = number(world.workspace, twin.url)
    twin.held = {"POST"}
    opening = threading.Thread(target=_open_and_hang_up, args=(channel,))
    opening.start()
    eventually(lambda: twin.asked)
    time.sleep(0.3)
    assert monitor.run().unasked == 1  # it clears the lease that ran out
    twin.held.clear()
    opening.join()

    session = Session.objects.unscoped("test").get()
    assert [line.split()[0] for line in twin.asked] == ["POST"]
    assert (session.state, session.payload) == ("awaiting_user", CODE)
    assert session.lease_token is None


@pytest.mark.django_db(transaction=True)
def test_what_opens_late_does_not_close_what_was_begun_after_it(world, twin):
    channel = number(world.workspace, twin.url)
    twin.delay = 0.5
    opening = threading.Thread(target=_open_and_hang_up, args=(channel,))
    opening.start()
    eventually(lambda: twin.asked)
    twin.delay = 0.0
    with as_app():
        second = sessions.start_clean(channel)
    opening.join()

    assert fresh(second).state == "awaiting_user"
    assert [line.split()[0] for line in twin.asked] == ["POST", "DELETE", "POST"]
    assert DIGITS in twin.sessions


def test_an_opening_of_many_slow_requests_ends_before_its_lease(
    channel, twin, monkeypatch
):
    def six_requests(adapter, credentials, http, wish):
        reports = [
            adapter._ask("GET", credentials, http, "create_session") for _ in range(6)
        ]
        return reports[-1]

    monkeypatch.setattr(pairing.PairingAdapter, "create_session", six_requests)
    monkeypatch.setattr(leases, "BUDGET", 0.6)
    twin.sessions[DIGITS] = {"state": "disconnected"}
    twin.delay = 0.25

    session = open_session(channel)

    assert (session.state, session.problem) == ("created", "unreachable")
    assert len(twin.asked) == 3  # the fourth would have begun after the budget


def _open_and_hang_up(channel):
    try:
        sessions.open_session(channel)
    finally:
        connection.close()
