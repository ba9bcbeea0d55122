"""A ticket's life: numbers, history, and what happens when it is told twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.scoping import workspace_transaction
from tests.factories import accounts as people
from tickets.models import EventKind, EventSource, Ticket, TicketEvent
from tickets.services import tickets
from tickets.services.tickets import By, NotAMember, TicketStale

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def by(world):
    return By(world.agent)


@pytest.fixture
def ticket(world, by):
    return tickets.open_ticket(world.workspace, title="Troca do pão", by=by, now=NOW)


def history(ticket):
    entries = TicketEvent.objects.for_workspace(ticket.workspace_id)
    return list(entries.filter(ticket=ticket).order_by("pk"))


def test_numbers_follow_one_another_in_each_workspace(world, by):
    other = people.workspace(slug="outra")
    ours = [
        tickets.open_ticket(world.workspace, title="um", by=by, now=NOW)
        for _ in range(3)
    ]
    with workspace_transaction(other.pk):
        theirs = tickets.open_ticket(
            other, title="um", by=By(source=EventSource.SYSTEM), now=NOW
        )

    assert [one.ticket_number for one in ours] == [1, 2, 3]
    assert theirs.ticket_number == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_leave_no_gap_and_double_nothing(world, by):
    def open_one(place):
        try:
            with workspace_transaction(world.workspace.pk):
                told = By(source=EventSource.SYSTEM, event_id=f"e{place % 10}")
                made = tickets.open_ticket(
                    world.workspace, title=str(place), by=told, now=NOW
                )
                if place % 10 == 9:
                    transaction.set_rollback(True)
                    return None
                return made.ticket_number
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        found = list(threads.map(open_one, range(20)))

    numbers = [one for one in found if one is not None]
    assert sorted(set(numbers)) == list(range(1, 10))
    assert len(numbers) == 18
    with workspace_transaction(world.workspace.pk):
        assert Ticket.objects.for_workspace(world.workspace).count() == 9


def test_a_change_writes_what_was_and_what_is(ticket, by):
    event = tickets.change(
        ticket, {"priority": "high", "title": "Troca do pão"}, by=by, now=LATER
    )

    ticket.refresh_from_db()
    assert event is not None
    assert (event.kind, event.details) == (
        EventKind.UPDATED,
        {"priority": ["normal", "high"]},
    )
    assert (ticket.priority, ticket.version, ticket.updated_at) == ("high", 2, LATER)
    assert tickets.change(ticket, {"priority": "high"}, by=by, now=LATER) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("waiting", EventKind.WAITING),
        ("resolved", EventKind.RESOLVED),
        ("closed", EventKind.CLOSED),
    ],
)
def test_where_it_stands_names_the_entry(ticket, by, status, kind):
    event = tickets.change(ticket, {"status": status}, by=by, now=LATER)

    ticket.refresh_from_db()
    assert event is not None
    assert event.kind == kind
    assert (ticket.resolved_at is not None) == (status != "waiting")
    assert (ticket.closed_at is not None) == (status == "closed")

    back = tickets.change(ticket, {"status": "open"}, by=by, now=LATER)
    ticket.refresh_from_db()
    assert back is not None
    assert back.kind == (
        EventKind.UPDATED if status == "waiting" else EventKind.REOPENED
    )
    assert (ticket.resolved_at, ticket.closed_at) == (None, None)


def test_an_older_page_overwrites_nothing(ticket, by):
    tickets.change(ticket, {"priority": "high"}, by=by, now=LATER, seen=1)

    with pytest.raises(TicketStale) as stale:
        tickets.change(ticket, {"priority": "low"}, by=by, now=LATER, seen=1)

    assert stale.value.ticket.priority == "high"
    # Who wants what is so already is told nothing of it.
    assert (
        tickets.change(ticket, {"priority": "high"}, by=by, now=LATER, seen=1) is None
    )


def test_it_goes_only_to_somebody_who_may_work_on_it(world, ticket, by):
    viewer = people.user(email="viewer@example.com")
    stranger = people.user(email="stranger@example.com")
    people.membership(world.workspace, viewer, role="viewer")

    for one in (viewer, stranger):
        with pytest.raises(NotAMember):
            tickets.change(ticket, {"assignee_id": one.pk}, by=by, now=LATER)
    event = tickets.change(ticket, {"assignee_id": world.owner.pk}, by=by, now=LATER)

    assert event is not None
    assert event.kind == EventKind.ASSIGNED


def test_the_first_public_comment_is_the_first_response(ticket, by):
    tickets.comment(ticket, text="só nós", is_public=False, by=by, now=NOW)
    ticket.refresh_from_db()
    assert ticket.first_response_at is None

    tickets.comment(ticket, text="a caminho", is_public=True, by=by, now=LATER)
    tickets.comment(
        ticket, text="chegou?", is_public=True, by=by, now=LATER + timedelta(hours=1)
    )

    ticket.refresh_from_db()
    assert ticket.first_response_at == LATER
    assert [entry.text for entry in history(ticket)[1:]] == [
        "só nós",
        "a caminho",
        "chegou?",
    ]


@pytest.mark.parametrize("before", ["waiting", "resolved", "open", "closed"])
def test_an_answer_wakes_what_rests_but_not_what_is_closed(ticket, by, before):
    tickets.change(ticket, {"status": before}, by=by, now=NOW)

    entry = tickets.take_answer(
        ticket, text="ainda não", by=By(source=EventSource.CLIENT), now=LATER
    )

    ticket.refresh_from_db()
    assert ticket.status == ("closed" if before == "closed" else "open")
    assert entry.kind == EventKind.REPLIED
    assert ("status" in entry.details) == (before in {"waiting", "resolved"})


def test_what_another_system_tells_twice_happens_once(world, ticket):
    told = By(source=EventSource.SYSTEM, event_id="evt-1")

    first = tickets.comment(ticket, text="oi", is_public=True, by=told, now=NOW)
    again = tickets.comment(ticket, text="oi", is_public=True, by=told, now=LATER)
    late = tickets.change(ticket, {"status": "closed"}, by=told, now=LATER)

    ticket.refresh_from_db()
    assert first == again == late
    assert (ticket.status, ticket.version) == ("open", 2)
