"""A run of the monitor: what it asks, what it notes, and how it is begun."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from integrations.models import ChannelLog, Episode, Session
from integrations.providers import registry
from integrations.providers.base.capabilities import Capability
from integrations.tasks import check_sessions
from tests.commands import run as command
from tests.factories import integrations as make
from tests.integrations.pairing import connected, fresh, make_due, row
from tests.integrations.rounds import say, several, watch, well
from tests.twins import pairing
from tests.walls import as_app

DIGITS = pairing.PHONE.lstrip("+")


@pytest.fixture
def session(world, twin):
    [session] = several(world.workspace, twin.url, 1)
    well(twin, [session])
    return session


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
