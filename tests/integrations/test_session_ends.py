"""Ending a session: disconnected, started clean, removed with its number."""

import pytest

from accounts.models import AuditEvent
from integrations.models import Channel, Episode, Integration, WebhookToken
from integrations.services import asking, removal, sessions, webhook_urls
from integrations.services.sessions import Actor
from tests.integrations.opening import open_session
from tests.integrations.pairing import connected, fresh, number
from tests.twins import pairing
from tests.walls import as_app

DIGITS = pairing.PHONE.lstrip("+")


@pytest.fixture
def channel(world, twin):
    return number(world.workspace, twin.url)


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
