"""When a client is told: not the same again within the hour, and not in quiet hours."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories.whatsapp import NOON
from tests.tickets.client_news import SOON, paths, reopen, resolve, told
from tickets.models import Notification, NotificationSettings
from tickets.services import holding, tickets
from tickets.services.notification_facts import Desk
from tickets.services.tickets import By
from whatsapp.models import Message


@pytest.fixture
def official(world):
    """A number that has the window of 24 hours."""
    return numbers.meta_number(world.workspace, state="connected")


@pytest.fixture
def client(official):
    return make.reachable(official)


@pytest.fixture
def ticket(world, client):
    return make.ticket(world.workspace, client=client)


@pytest.fixture
def by(world):
    return By(world.agent)


def test_the_state_they_were_told_last_is_not_told_again(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by)
    reopen(ticket, by)

    resolve(ticket, by, now=SOON + timedelta(minutes=5))

    assert paths(world.workspace) == [("free_text", ""), ("skipped", "told_before")]


def test_what_is_news_again_is_told(world, ticket, by):
    make.rule(world.workspace)
    make.rule(world.workspace, event="reopened")
    for step in (resolve, reopen, resolve):
        step(ticket, by)

    assert [path for path, _ in paths(world.workspace)] == ["free_text"] * 3


def test_after_an_hour_the_same_is_told_again(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by)
    reopen(ticket, by)

    resolve(ticket, by, now=SOON + timedelta(minutes=61))

    assert [path for path, _ in paths(world.workspace)] == ["free_text", "free_text"]


@pytest.fixture
def quiet(world):
    """From 11 to 13 o'clock in the workspace's time zone; noon UTC-3 is 15:00 UTC."""
    return NotificationSettings.objects.create(
        workspace=world.workspace, is_quiet=True, quiet_from=660, quiet_until=780
    )


@pytest.mark.usefixtures("quiet")
def test_in_quiet_hours_it_waits_for_their_end(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by, now=NOON)
    [row] = told(world.workspace)
    assert (row.path, row.message) == ("held", None)
    assert row.due_at == datetime(2026, 3, 10, 16, 0, tzinfo=UTC)

    release(now=NOON + timedelta(minutes=59))
    assert paths(world.workspace) == [("held", "quiet_hours")]
    release(now=NOON + timedelta(minutes=60))

    [row] = told(world.workspace)
    assert (row.path, row.due_at) == ("free_text", None)
    assert row.message.outbox_entry.state == "due"
    release(now=NOON + timedelta(minutes=61))
    assert Message.objects.for_workspace(world.workspace).count() == 1


@pytest.mark.usefixtures("quiet")
def test_what_is_not_so_any_more_is_not_told(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by, now=NOON)
    reopen(ticket, by, now=NOON)

    release(now=SOON + timedelta(minutes=1))

    assert paths(world.workspace) == [("skipped", "superseded")]


@pytest.mark.usefixtures("quiet")
def test_of_two_states_only_the_later_waits(world, ticket, by):
    make.rule(world.workspace)
    make.rule(world.workspace, event="closed")
    resolve(ticket, by, now=NOON)
    tickets.change(ticket, {"status": "closed"}, by=by, now=NOON)

    assert paths(world.workspace) == [
        ("skipped", "superseded"),
        ("held", "quiet_hours"),
    ]


@pytest.mark.usefixtures("quiet")
def test_urgent_tickets_wake_people(world, ticket, by):
    make.rule(world.workspace)
    tickets.change(ticket, {"priority": "urgent"}, by=by, now=NOON)

    resolve(ticket, by, now=NOON)

    assert paths(world.workspace) == [("free_text", "")]


@pytest.mark.parametrize(
    ("begins", "ends", "hour", "minute", "until"),
    [
        (21 * 60, 8 * 60, 2, 0, "10 11:00"),  # 23:00 of the ninth
        (21 * 60, 8 * 60, 10, 59, "10 11:00"),  # 7:59
        (21 * 60, 8 * 60, 11, 0, ""),  # 8:00
        (21 * 60, 8 * 60, 23, 59, ""),  # 20:59
        (60, 120, 4, 30, "10 05:00"),  # 1:30
        (60, 60, 4, 30, ""),
    ],
)
def test_quiet_hours_end_by_the_clock_of_the_workspace(
    world, begins, ends, hour, minute, until
):
    habits = NotificationSettings(
        workspace=world.workspace, is_quiet=True, quiet_from=begins, quiet_until=ends
    )
    now = datetime(2026, 3, 10, hour, minute, tzinfo=UTC)

    found = Desk(world.workspace, habits).quiet_until(now)

    assert (found.astimezone(UTC).strftime("%d %H:%M") if found else "") == until


def release(*, now):
    """As the worker does it, by the database's clock for what is due."""
    workspace_ids = {
        row.workspace_id
        for row in Notification.objects.unscoped("of the tests").filter(path="held")
    }
    for workspace_id in workspace_ids:
        holding.release_of(workspace_id, now=now)
