"""Several about one session: another workspace, two at once, and what comes too late."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from integrations.models import Channel, Session
from integrations.services import leases, monitor, sessions
from tests.factories import integrations as make
from tests.integrations.opening import open_session, refresh
from tests.integrations.pairing import connected, fresh, number, row, time_passes
from tests.threads import Job, eventually, together
from tests.twins import pairing
from tests.twins.numbers import CODE
from tests.walls import as_app

DIGITS = pairing.PHONE.lstrip("+")


@pytest.fixture
def channel(world, twin):
    return number(world.workspace, twin.url)


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

    together(*[lambda: sessions.refresh(session)] * 4)

    assert len(twin.asked) == asked + 1


@pytest.mark.django_db(transaction=True)
def test_disconnecting_while_it_is_asked_about_wins(world, twin):
    channel = number(world.workspace, twin.url)
    session = connected(channel)
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}
    twin.held = {"GET"}
    asked = len(twin.asked)

    looking = Job(lambda: sessions.refresh(session))
    eventually(lambda: len(twin.asked) > asked)
    with as_app():
        sessions.disconnect(channel)
    twin.held.clear()
    looking.result()

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
    opening = Job(lambda: sessions.open_session(channel))
    eventually(lambda: twin.asked)
    session = Session.objects.unscoped("test").get()
    row(session).update(ended_at=Now(), lease_token=None)
    twin.held.clear()
    opening.result()

    assert DIGITS not in twin.sessions
    assert [line.split()[0] for line in twin.asked] == ["POST", "DELETE"]


@pytest.mark.django_db(transaction=True)
def test_what_opens_after_its_lease_ran_out_is_kept_and_its_code_shown(
    world, twin, monkeypatch
):
    monkeypatch.setattr(leases, "ONE_CALL", timedelta(milliseconds=200))
    channel = number(world.workspace, twin.url)
    twin.held = {"POST"}
    opening = Job(lambda: sessions.open_session(channel))
    eventually(lambda: twin.asked)
    time.sleep(0.3)
    assert monitor.run().unasked == 1  # it clears the lease that ran out
    twin.held.clear()
    opening.result()

    session = Session.objects.unscoped("test").get()
    assert [line.split()[0] for line in twin.asked] == ["POST"]
    assert (session.state, session.payload) == ("awaiting_user", CODE)
    assert session.lease_token is None


@pytest.mark.django_db(transaction=True)
def test_what_opens_late_does_not_close_what_was_begun_after_it(world, twin):
    channel = number(world.workspace, twin.url)
    twin.delay = 0.5
    opening = Job(lambda: sessions.open_session(channel))
    eventually(lambda: twin.asked)
    twin.delay = 0.0
    with as_app():
        second = sessions.start_clean(channel)
    opening.result()

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
    monkeypatch.setattr(leases, "BUDGET", 2.5)
    twin.sessions[DIGITS] = {"state": "disconnected"}
    twin.delay = 1.0

    session = open_session(channel)

    assert (session.state, session.problem) == ("created", "unreachable")
    assert len(twin.asked) == 3  # the fourth would have begun after the budget
