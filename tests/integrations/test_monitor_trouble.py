"""What the monitor makes of trouble: a number that fails, and what breaks while it asks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from integrations import gateway
from integrations.models import ChannelLog, Episode
from integrations.services import asking, due, monitor
from tests.integrations.pairing import fresh, make_due, row, time_passes
from tests.integrations.rounds import say, several, watch, well


@pytest.fixture
def session(world, twin):
    [session] = several(world.workspace, twin.url, 1)
    well(twin, [session])
    return session


# --- a number that fails -----------------------------------------------------------
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
