"""The monitor with many to ask about: how long each may take, and whose turn it is."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db.models.functions import Now

from integrations.failures import Failure
from integrations.models import Episode, Problem, Session
from integrations.providers.base.types import SessionReport
from integrations.services import asking, due, leases, monitor, slots
from tests.integrations.pairing import fresh, row
from tests.integrations.rounds import say, several, watch, well
from tests.threads import together
from tests.twins import numbers, pairing
from tests.walls import as_owner


@pytest.fixture
def session(world, twin):
    [session] = several(world.workspace, twin.url, 1)
    well(twin, [session])
    return session


# --- how long each may take ---------------------------------------------------------
def test_a_provider_that_is_down_for_all_is_not_asked_by_all(world, twin):
    made = several(world.workspace, twin.url, 120)
    twin.status = 503

    tally = watch()

    assert tally.failed + tally.unasked == 120
    assert len(twin.asked) < 100
    assert {fresh(one).failures for one in made} == {1}
    assert all(fresh(one).lease_token is None for one in made)


def test_a_slow_provider_delays_nobody_else(world, twin, monkeypatch):
    monkeypatch.setattr(monitor, "QUESTION", 3.0)
    twin.delay = 1.2
    crowd = several(world.workspace, twin.url, slots.MOST_PER_SLOT + 6)
    well(twin, crowd)
    with numbers.running() as quick:
        allowed = [*django_settings.EGRESS_ALLOWED_HOSTS, quick.host]
        monkeypatch.setattr(django_settings, "EGRESS_ALLOWED_HOSTS", allowed)
        few = several(world.other_workspace, quick.url, 5, first=500)
        well(quick, few)
        seen = []
        quick_answer = quick.answer

        async def note(*arguments):
            seen.append(time.monotonic())
            return await quick_answer(*arguments)

        monkeypatch.setattr(quick, "answer", note)
        begun = time.monotonic()
        tally = watch()
        took = time.monotonic() - begun

    assert tally.states["connected"] == len(crowd) + len(few)
    assert max(seen) - begun < took / 2  # long before the crowd was through
    assert twin.most_under_way <= slots.MOST_PER_SLOT


def test_one_question_of_many_requests_ends_in_its_time(session, twin, monkeypatch):
    def three_requests(adapter, session_id, credentials, http):
        reports = [
            adapter._ask("GET", credentials, http, "session_status") for _ in range(3)
        ]
        return reports[-1]

    monkeypatch.setattr(pairing.PairingAdapter, "session_status", three_requests)
    monkeypatch.setattr(monitor, "QUESTION", 1.5)
    twin.delay = 1.0
    begun = time.monotonic()

    tally = watch()

    assert time.monotonic() - begun < 2.7  # three take three seconds
    assert (tally.asked, tally.failed, len(twin.asked)) == (1, 1, 2)
    assert fresh(session).failures == 1


def test_a_lease_outlasts_the_last_question_and_its_writing():
    assert monitor.DEADLINE + monitor.QUESTION + 10 < monitor.LEASE
    assert leases.ONE_CALL.total_seconds() > leases.BUDGET + 4


def test_what_is_unwanted_is_closed_when_all_else_is_done(world, twin, monkeypatch):
    made = several(world.workspace, twin.url, 3)
    well(twin, made)
    row(made[0]).update(
        state="awaiting_user",
        connected_at=None,
        probe_state="",
        expires_at=Now() + timedelta(minutes=5),
        code_shown_at=Now(),
    )
    say(twin, made[0], state="connected", phone="5511900001111")
    beating: list[bool] = []
    close = asking.close_unwanted

    def note(*arguments, **limits):
        with as_owner():
            beating.extend(fresh(one).last_heartbeat_at is not None for one in made[1:])
        close(*arguments, **limits)

    monkeypatch.setattr(asking, "close_unwanted", note)

    watch()

    assert beating == [True, True]
    assert made[0].external_id not in twin.sessions


def test_broken_numbers_of_one_workspace_cost_no_neighbour_its_question(
    world, twin, monkeypatch
):
    monkeypatch.setattr(monitor, "QUESTION", 0.5)
    broken = several(world.workspace, twin.url, slots.MOST_PER_SLOT + 6)
    good = several(world.other_workspace, twin.url, 30, first=500)
    well(twin, good)
    twin.slow = {f"/sessions/{one.external_id}": 2.0 for one in broken}

    tally = watch()

    assert tally.states["connected"] == len(broken) + len(good)  # one miss is no outage
    assert all(fresh(one).failures == 1 for one in broken)
    assert all(fresh(one).last_heartbeat_at is not None for one in good)
    assert 0 < tally.unasked < 10


def test_two_gateways_of_a_workspace_on_one_host_are_given_up_on_apart(
    world, twin, monkeypatch
):
    monkeypatch.setattr(monitor, "QUESTION", 0.5)
    broken = several(world.workspace, f"{twin.url}/a", slots.MOST_PER_SLOT + 6)
    good = several(world.workspace, f"{twin.url}/b", 5, first=500)
    twin.slow = {f"/a/sessions/{one.external_id}": 2.0 for one in broken}

    watch()

    asked = {line.split("/")[1] for line in twin.asked}
    assert asked == {"a", "b"}
    assert sum("/b/" in line for line in twin.asked) == len(good)


def test_a_host_that_answers_nobody_is_given_up_on_for_all():
    slot: slots.Slot[due.Due] = slots.Slot()
    ones = [_waiting(workspace_id) for workspace_id in range(slots.MOST_PER_SLOT + 1)]
    for one in ones:
        slot.add(one)

    down = Failure(Problem.UNREACHABLE)
    for one in ones[: slots.MOST_PER_SLOT - 1]:
        slot.pop()
        slot.judge(one, down)
    assert slot.look() == (ones[-2], None)
    slot.judge(ones[-2], down)

    assert slot.look() == (ones[-2], down)


def test_one_answer_of_anybody_clears_the_host_and_not_the_lane():
    slot: slots.Slot[due.Due] = slots.Slot()
    mine, other = _waiting(1), _waiting(2)
    slot.add(mine)
    slot.add(other)
    down = Failure(Problem.BUSY)

    for _ in range(slots.GIVE_UP_AFTER):
        slot.judge(mine, down)
        slot.judge(other, SessionReport(state="connected"))

    assert slot.look() == (mine, down)
    slot.pop()
    assert slot.look() == (other, None)


def _waiting(workspace_id):
    return due.Due(Session(workspace_id=workspace_id), None, slot="pairing one")


def test_what_nobody_got_to_is_given_back(world, twin):
    made = several(world.workspace, twin.url, 70)
    well(twin, made)
    twin.delay = 0.3

    tally = watch(deadline=0.2)

    assert tally.given_back > 0
    assert tally.asked + tally.given_back == 70
    assert all(fresh(one).lease_token is None for one in made)
    twin.delay = 0.0
    assert watch().asked == tally.given_back


def test_clocks_that_differ_do_not_matter(session, twin, monkeypatch):
    """Who runs the monitor is two days ahead; due times and leases are the database's."""
    skewed = time.time() + 2 * 86_400
    monkeypatch.setattr(time, "time", lambda: skewed)
    row(session).update(lease_token=None)

    watch()

    after = fresh(session)
    assert after.last_heartbeat_at is not None
    assert after.last_heartbeat_at < datetime.now(UTC) + timedelta(minutes=1)
    assert after.next_check_at < datetime.now(UTC) + timedelta(minutes=2)


# --- leases -----------------------------------------------------------------------
def test_what_somebody_else_is_asking_about_is_left_to_them(session, twin):
    row(session).update(lease_until=Now() + timedelta(seconds=30))

    assert watch().asked == 0


def test_a_monitor_that_died_is_followed_by_the_next(session, twin):
    row(session).update(lease_until=Now() - timedelta(seconds=1))

    assert watch().asked == 1


def test_a_session_that_ended_meanwhile_stays_ended(session, twin, monkeypatch):
    say(twin, session, state="disconnected")
    claim = due.read

    def end_meanwhile(*arguments):
        found = claim(*arguments)
        with as_owner():
            row(session).update(ended_at=Now(), lease_token=None)
        return found

    monkeypatch.setattr(due, "read", end_meanwhile)

    tally = watch()

    assert (tally.asked, tally.void, tally.changed) == (1, 1, 0)
    assert fresh(session).state == "connected"
    assert not Episode.objects.unscoped("test").exists()


def test_what_is_told_while_it_is_asked_about_is_weighed(session, twin, monkeypatch):
    read = due.read

    def tell_meanwhile(*arguments):
        found = read(*arguments)
        with as_owner():
            row(session).update(
                told_state="disconnected", told_at=Now(), state="disconnected"
            )
        return found

    monkeypatch.setattr(due, "read", tell_meanwhile)

    tally = watch()

    after = fresh(session)
    assert (after.state, after.signal) == ("disconnected", "provider")
    assert after.lease_token is None
    assert (tally.void, tally.states["disconnected"]) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_several_monitors_never_ask_about_one_session_twice(world, twin):
    made = several(world.workspace, twin.url, 30)
    made += several(world.other_workspace, twin.url, 30, first=100)
    well(twin, made)
    twin.delay = 0.05

    tallies = together(*[monitor.run] * 3)

    assert sorted(twin.asked) == sorted(set(twin.asked))
    assert sum(tally.asked for tally in tallies) == 60
    assert sum(tally.void for tally in tallies) == 0
