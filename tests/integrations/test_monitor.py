import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.models.functions import Now

from integrations import gateway
from integrations.health import Failure
from integrations.models import ChannelLog, Episode, Problem, Session
from integrations.providers import registry
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.types import SessionReport
from integrations.services import asking, due, leases, monitor, slots
from integrations.tasks import check_sessions
from tests.commands import run as command
from tests.factories import integrations as make
from tests.integrations.pairing import (
    connected,
    fresh,
    make_due,
    number,
    row,
    time_passes,
)
from tests.twins import numbers, pairing
from tests.walls import as_app, as_owner

DIGITS = pairing.PHONE.lstrip("+")


def watch(**options):
    with as_app():
        return monitor.run(**options)


def several(workspace, url, count, *, first=0):
    """Connected, due sessions of as many numbers at one address."""
    made = []
    for index in range(first, first + count):
        phone = f"+55119{index:08d}"
        made.append(connected(number(workspace, url, phone=phone)))
    return made


def well(twin, sessions):
    for session in sessions:
        digits = session.channel.phone.lstrip("+")
        twin.sessions[digits] = {"state": "connected", "phone": digits}


@pytest.fixture
def session(world, twin):
    [session] = several(world.workspace, twin.url, 1)
    well(twin, [session])
    return session


def say(twin, session, **told):
    twin.sessions[session.external_id] = told


# --- a run ------------------------------------------------------------------------
def test_a_heartbeat_is_noted_and_leaves_no_log(session, twin):
    tally = watch()

    after = fresh(session)
    assert (tally.asked, tally.states["connected"], tally.changed) == (1, 1, 0)
    assert after.last_heartbeat_at is not None
    assert after.state == "connected"
    assert after.lease_token is None
    assert after.next_check_at > after.last_heartbeat_at + timedelta(seconds=30)
    assert not ChannelLog.objects.unscoped("test").exists()


def test_what_was_just_asked_is_not_due(session, twin):
    watch()

    assert watch().asked == 0
    assert len(twin.asked) == 1


def test_a_lost_phone_is_seen_logged_and_made_an_episode(
    session, twin, caplog, django_capture_on_commit_callbacks
):
    say(twin, session, state="disconnected", word="close")

    with django_capture_on_commit_callbacks(execute=True):
        tally = watch()

    after = fresh(session)
    session.channel.refresh_from_db()
    episode = Episode.objects.unscoped("test").get()
    assert tally.changed == 1
    assert (after.state, after.signal, after.problem) == (
        "disconnected",
        "probe",
        "logged_out",
    )
    assert after.provider_state == "close"
    assert session.channel.state == "disconnected"
    assert (episode.channel, episode.closed_at) == (session.channel, None)
    assert {"session disconnected", "outage"} <= set(caplog.messages)
    assert session.channel.phone[3:] not in caplog.text


def test_it_closes_by_itself_with_its_duration(session, twin):
    say(twin, session, state="disconnected")
    watch()
    Episode.objects.unscoped("test").update(opened_at=Now() - timedelta(minutes=7))
    well(twin, [session])
    make_due(session)

    watch()

    episode = Episode.objects.unscoped("test").get()
    assert fresh(session).state == "connected"
    assert episode.closed_at is not None
    lasted = episode.closed_at - episode.opened_at
    assert timedelta(minutes=7) <= lasted < timedelta(minutes=8)


def test_a_pending_session_is_polled_and_connects(session, twin):
    row(session).update(
        state="awaiting_user",
        connected_at=None,
        probe_state="",
        expires_at=Now() + timedelta(minutes=5),
    )

    watch()

    assert fresh(session).state == "connected"


def test_a_pending_session_expires_after_its_quarter_of_an_hour(session, twin):
    row(session).update(
        state="awaiting_user",
        connected_at=None,
        payload="2@code",
        expires_at=Now() - timedelta(seconds=1),
    )
    say(twin, session, state="awaiting_user", code="2@fresh")

    watch()

    after = fresh(session)
    assert (after.state, after.payload) == ("expired", "")
    assert after.ended_at is not None
    assert not Episode.objects.unscoped("test").exists()


def test_it_expires_though_the_provider_does_not_answer(session, twin):
    row(session).update(
        state="awaiting_user",
        connected_at=None,
        expires_at=Now() - timedelta(seconds=1),
    )
    twin.status = 503

    watch()

    assert (fresh(session).state, fresh(session).problem) == ("expired", "unavailable")


def test_what_was_never_opened_is_asked_about_by_nobody_and_expires(session, twin):
    row(session).update(
        state="created", connected_at=None, expires_at=Now() - timedelta(seconds=1)
    )

    tally = watch()

    assert (tally.asked, tally.unasked) == (0, 1)
    assert fresh(session).state == "expired"
    assert not twin.asked


class _Unasked(pairing.PairingAdapter):
    """The same provider, as if its servers answered no questions."""

    slug = "unasked"
    capabilities = frozenset({Capability.RECEIVE})


def test_a_provider_that_cannot_be_asked_is_left_alone(world, monkeypatch):
    path = f"{__name__}.{_Unasked.__name__}"
    monkeypatch.setitem(registry.PROVIDERS, _Unasked.slug, path)
    connection = make.integration(world.workspace, provider=_Unasked.slug)
    channel = make.channel(
        world.workspace, provider=_Unasked.slug, integration=connection
    )
    session = connected(channel)

    tally = watch()

    assert (tally.asked, tally.unasked) == (0, 1)
    assert fresh(session).state == "connected"
    assert fresh(session).next_check_at > datetime.now(UTC) + timedelta(minutes=5)


def test_a_number_of_the_cloud_api_is_asked_by_its_own_adapter(
    world, twin, monkeypatch
):
    adapter = registry.get("meta_cloud")
    monkeypatch.setattr(adapter, "settings", {"api_base": twin.url})
    channel = make.meta_number(world.workspace)
    session = connected(channel)
    twin.numbers[channel.external_id] = {
        "status": "CONNECTED",
        "quality_rating": "YELLOW",
    }

    watch()

    channel.refresh_from_db()
    assert channel.quality == "yellow"
    assert fresh(session).state == "connected"


# --- trouble ----------------------------------------------------------------------
def test_three_runs_without_an_answer_make_it_unsteady(session, twin):
    twin.status = 503
    for _ in range(2):
        watch()
        make_due(session)
    assert fresh(session).state == "connected"

    watch()

    after = fresh(session)
    assert (after.state, after.problem, after.failures) == (
        "degraded",
        "unavailable",
        3,
    )
    failed = ChannelLog.objects.unscoped("test")
    assert {log.status_code for log in failed} == {503}
    assert failed.count() == 3
    # It has only just become unsteady: nobody is alarmed yet.
    assert not Episode.objects.unscoped("test").exists()
    time_passes(session, minutes=3)
    make_due(session)
    watch()
    assert Episode.objects.unscoped("test").get().problem == "unavailable"


def test_a_key_that_is_refused_is_an_outage_at_once(session, twin):
    twin.status = 401

    watch()

    assert (fresh(session).state, fresh(session).problem) == (
        "disconnected",
        "key_wrong",
    )
    assert Episode.objects.unscoped("test").get().problem == "key_wrong"


def test_being_asked_to_wait_is_obeyed_and_no_outage(session, twin):
    twin.status = 429

    watch()

    after = fresh(session)
    assert after.state == "connected"
    assert after.next_check_at > datetime.now(UTC) + timedelta(seconds=100)


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
        django_settings.EGRESS_ALLOWED_HOSTS.append(quick.host)
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
        django_settings.EGRESS_ALLOWED_HOSTS.remove(quick.host)

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
    monkeypatch.setattr(monitor, "QUESTION", 0.6)
    twin.delay = 0.4
    begun = time.monotonic()

    tally = watch()

    assert time.monotonic() - begun < 1.1
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


def test_one_adapter_that_breaks_is_no_outage_of_the_others(
    world, twin, monkeypatch, caplog
):
    bad, good = several(world.workspace, twin.url, 2)
    well(twin, [good])
    say(twin, bad, state=None, expires_at="not a moment")

    tally = watch()

    assert tally.asked == 2
    assert fresh(good).last_heartbeat_at is not None
    assert fresh(bad).failures == 1
    assert "session check broke" in caplog.messages


def test_flapping_is_one_episode(session, twin):
    for state in ("disconnected", "connected") * 4:
        say(twin, session, state=state)
        make_due(session)
        watch()

    episode = Episode.objects.unscoped("test").get()
    assert (episode.relapses, episode.closed_at is not None) == (3, True)


def test_trouble_much_later_is_another_episode(session, twin):
    say(twin, session, state="disconnected")
    watch()
    well(twin, [session])
    make_due(session)
    watch()
    Episode.objects.unscoped("test").update(
        opened_at=Now() - timedelta(minutes=60), closed_at=Now() - timedelta(minutes=30)
    )
    say(twin, session, state="disconnected")
    make_due(session)

    watch()

    assert Episode.objects.unscoped("test").count() == 2


def test_an_hour_down_is_asked_about_less_often(session, twin):
    say(twin, session, state="disconnected")
    watch()
    time_passes(session, hours=2)

    watch()

    assert fresh(session).next_check_at > datetime.now(UTC) + timedelta(minutes=3)


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
    tallies = []

    def work():
        try:
            tallies.append(monitor.run())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(twin.asked) == sorted(set(twin.asked))
    assert sum(tally.asked for tally in tallies) == 60
    assert sum(tally.void for tally in tallies) == 0


# --- walls ------------------------------------------------------------------------
def test_a_run_for_one_workspace_leaves_the_others_alone(world, twin):
    [mine] = several(world.workspace, twin.url, 1)
    [other] = several(world.other_workspace, twin.url, 1, first=50)
    well(twin, [mine, other])

    tally = watch(workspace_id=world.workspace.pk)

    assert tally.asked == 1
    assert fresh(mine).last_heartbeat_at is not None
    assert fresh(other).last_heartbeat_at is None


def test_answers_stay_in_their_workspace(world, twin):
    [mine] = several(world.workspace, twin.url, 1)
    several(world.other_workspace, twin.url, 1, first=50)
    well(twin, [mine])

    watch()

    episode = Episode.objects.unscoped("test").get()
    assert episode.workspace == world.other_workspace
    assert Session.objects.unscoped("test").get(pk=mine.pk).state == "connected"


# --- one that is bad --------------------------------------------------------------
def test_a_workspace_that_cannot_be_read_stops_no_other(
    world, twin, monkeypatch, caplog
):
    several(world.workspace, twin.url, 2)
    good = several(world.other_workspace, twin.url, 2, first=50)
    well(twin, good)
    read = due.read

    def broken(workspace_id, *rest):
        if workspace_id == world.workspace.pk:
            raise ValueError
        return read(workspace_id, *rest)

    monkeypatch.setattr(due, "read", broken)

    tally = watch()

    assert tally.asked == 2
    assert all(fresh(one).answered_at is not None for one in good)
    assert caplog.messages.count("sessions not read") == 1


@pytest.mark.parametrize("place", ["unseal_credentials", "open_line"])
def test_a_row_that_cannot_be_stops_no_other(world, twin, monkeypatch, caplog, place):
    bad, good = several(world.workspace, twin.url, 2)
    well(twin, [bad, good])
    real = getattr(gateway, place)

    def broken(integration, **rest):
        if integration.pk == bad.channel.integration_id:
            raise TypeError
        return real(integration, **rest)

    monkeypatch.setattr(gateway, place, broken)

    watch()

    assert fresh(good).answered_at is not None
    assert {"session not placed", "session check broke"} & set(caplog.messages)


def taken_up_by_another(workspace, twin, count):
    """Sessions whose code was scanned by another phone than the one that was told."""
    made = several(workspace, twin.url, count)
    for one in made:
        row(one).update(
            state="awaiting_user",
            connected_at=None,
            probe_state="",
            code_shown_at=Now(),
            expires_at=Now() + timedelta(minutes=5),
        )
        say(twin, one, state="connected", phone="5511900001111")
    return made


def test_closing_what_is_unwanted_has_one_time_for_all(
    world, twin, monkeypatch, caplog
):
    made = taken_up_by_another(world.workspace, twin, 3)
    monkeypatch.setattr(monitor, "CLOSING", 0.0)

    watch()

    assert {fresh(one).problem for one in made} == {"number_wrong"}
    assert caplog.messages.count("unwanted session not closed") == 3
    assert all(one.external_id in twin.sessions for one in made)


def test_what_breaks_while_one_is_closed_stops_no_other(
    world, twin, monkeypatch, caplog
):
    taken_up_by_another(world.workspace, twin, 2)

    def broken(*arguments, **limits):
        raise ValueError

    monkeypatch.setattr(asking, "close_unwanted", broken)

    tally = watch()

    assert tally.asked == 2
    assert caplog.messages.count("session check broke") == 2


# --- the edges --------------------------------------------------------------------
def test_the_task_runs_the_monitor(session, twin):
    with as_app():
        check_sessions()

    assert fresh(session).last_heartbeat_at is not None


def test_the_command_tells_how_numbers_stand(session, twin, world):
    ran = command("check_sessions", "--workspace", "padaria", "--json")

    told = json.loads(ran.out)
    assert ran.code == 0
    assert (told["asked"], told["states"]) == (1, {"connected": 1})
    assert DIGITS not in ran.out


def test_the_command_exits_with_1_when_a_number_is_down(session, twin):
    say(twin, session, state="disconnected")

    ran = command("check_sessions")

    assert ran.code == 1
    assert "1 disconnected" in ran.out


def test_the_command_exits_with_1_though_nothing_is_due(session, twin, world):
    say(twin, session, state="disconnected")
    command("check_sessions")

    ran = command("check_sessions", "--json")

    told = json.loads(ran.out)
    assert ran.code == 1
    assert (told["asked"], told["standing"]) == (0, {"disconnected": 1})
    assert (
        command("check_sessions", "--workspace", world.other_workspace.slug).code == 0
    )


def test_the_command_refuses_a_workspace_that_is_none(db):
    assert command("check_sessions", "--workspace", "nada").code == 1


def test_the_log_names_no_number_and_no_key(session, twin, caplog):
    caplog.set_level(logging.DEBUG)
    twin.status = 401

    watch()

    assert "provider call failed" in caplog.messages
    told = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "key-of-the-tests" not in told
    assert session.channel.phone.lstrip("+") not in told
