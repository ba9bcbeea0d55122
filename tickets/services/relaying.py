"""What another ticket system says has happened: the ticket is found or opened, brought to
where it stands there, and its people are told by the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from django.db import transaction

from accounts.models import Workspace
from tickets.models import Client, EventKind, Ticket, TicketEvent, TicketStatus
from tickets.services import tickets
from tickets.services.tickets import By, Changes

# What is told of, by the word of the caller, and where a ticket stands after it.
KINDS: Final[Mapping[str, EventKind]] = {
    "ticket_created": EventKind.CREATED,
    "ticket_updated": EventKind.UPDATED,
    "ticket_waiting": EventKind.WAITING,
    "ticket_resolved": EventKind.RESOLVED,
    "ticket_closed": EventKind.CLOSED,
    "ticket_reopened": EventKind.REOPENED,
    "ticket_commented": EventKind.COMMENTED,
}
_STANDS: Final[Mapping[EventKind, TicketStatus]] = {
    EventKind.WAITING: TicketStatus.WAITING,
    EventKind.RESOLVED: TicketStatus.RESOLVED,
    EventKind.CLOSED: TicketStatus.CLOSED,
    EventKind.REOPENED: TicketStatus.OPEN,
}
_LONGEST_NUMBER: Final = 9  # digits that fit the column


class TitleMissing(ValueError):
    """A ticket that is not known here is opened by its title."""


class News(TypedDict, total=False):
    """`ticket_number` is the other system's name of the ticket, or our number of it."""

    ticket_number: str
    title: str
    description: str
    status: str
    priority: str
    url: str
    comment: str


@dataclass(frozen=True, slots=True)
class Relayed:
    """The ticket, and the entries of its history of which people were told."""

    ticket: Ticket
    events: tuple[TicketEvent, ...]


def relay(
    client: Client, kind: EventKind, news: News, *, by: By, now: datetime
) -> Relayed:
    """Raises TitleMissing. What changes nothing here is told all the same."""
    with transaction.atomic():
        ticket, events = _found(client, news, by=by, now=now)
        if ticket is None:
            ticket = _opened(client, kind, news, by=by, now=now)
            events = list(_entries(ticket))
        event = _brought(ticket, kind, news, by=by, now=now)
        if event is not None:
            events.append(event)
        said = news.get("comment", "")
        if said:
            events.append(
                tickets.comment(ticket, text=said, is_public=True, by=by, now=now)
            )
        if not events:
            events.append(tickets.announce(ticket, kind, by=by, now=now))
    return Relayed(ticket, tuple(events))


def _found(
    client: Client, news: News, *, by: By, now: datetime
) -> tuple[Ticket | None, list[TicketEvent]]:
    """By its id in the other system, else by our own number of a ticket of this client.

    A ticket that was somebody else's there becomes this client's.
    """
    number = news["ticket_number"]
    rows = Ticket.objects.for_workspace(client.workspace_id)
    ticket: Ticket | None = rows.filter(external_id=number).first()
    if ticket is None and number.isdecimal() and len(number) <= _LONGEST_NUMBER:
        ours = rows.filter(ticket_number=int(number), client=client, external_id=None)
        ticket = ours.first()
    if ticket is None or ticket.client_id == client.pk:
        return ticket, []
    event = tickets.change(ticket, {"client_id": client.pk}, by=by, now=now)
    return ticket, [event] if event else []


def _opened(
    client: Client, kind: EventKind, news: News, *, by: By, now: datetime
) -> Ticket:
    title = news.get("title", "")
    if not title:
        raise TitleMissing
    workspace: Workspace = client.workspace
    return tickets.open_ticket(
        workspace,
        title=title,
        description=news.get("description", ""),
        priority=news.get("priority", "normal"),
        client=client,
        status=_status(kind, news) or TicketStatus.OPEN,
        external_id=news["ticket_number"],
        external_url=news.get("url", ""),
        by=by,
        now=now,
    )


def _brought(
    ticket: Ticket, kind: EventKind, news: News, *, by: By, now: datetime
) -> TicketEvent | None:
    """The ticket stands as it does there; None where it did already."""
    changes = Changes()
    for name in ("title", "description", "priority"):
        if name in news:
            changes[name] = news[name]
    if "url" in news:
        changes["external_url"] = news["url"]
    status = _status(kind, news)
    if status:
        changes["status"] = status
    if not changes:
        return None
    return tickets.change(ticket, changes, by=by, now=now)


def _status(kind: EventKind, news: News) -> str:
    """Where the ticket stands there, as far as it is told."""
    return str(news.get("status") or _STANDS.get(kind) or "")


def _entries(ticket: Ticket) -> list[TicketEvent]:
    rows = TicketEvent.objects.for_workspace(ticket.workspace_id)
    return list(rows.filter(ticket=ticket).order_by("pk"))
