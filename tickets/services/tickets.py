"""A ticket's life: opened, changed, commented on.

Each writes one entry of the history in the transaction of the change, on which hangs what
follows from it. Told twice under one `external_id`, it happens once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypedDict

from django.db import transaction

from accounts import bulk
from accounts.models import Membership, User, Workspace
from accounts.permissions import Action, may
from tickets.models import (
    PUBLIC_FIELDS,
    Client,
    EventKind,
    EventSource,
    Ticket,
    TicketCounter,
    TicketEvent,
    TicketStatus,
)
from tickets.services import following
from whatsapp.folding import fold
from whatsapp.models import Conversation, Message


class TicketStale(Exception):
    """Somebody has changed it since the page was opened; `ticket` is as it is now."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__()
        self.ticket = ticket


class NotAMember(ValueError):
    """A ticket goes only to somebody of its workspace who may work on it."""


class Changes(TypedDict, total=False):
    """What is to be another way; what is not named stays."""

    title: str
    description: str
    status: str
    priority: str
    client_id: int | None
    assignee_id: int | None
    external_url: str


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and by which door. `event_id` is another system's name for the deed."""

    user: User | None = None
    source: EventSource = EventSource.PAGE
    event_id: str | None = None


# In a history that others may read: what these were stays in the ticket alone.
_LONG: Final = frozenset({"description"})
LIVE: Final = frozenset({TicketStatus.OPEN, TicketStatus.WAITING})
_KINDS: Final = {
    TicketStatus.WAITING: EventKind.WAITING,
    TicketStatus.RESOLVED: EventKind.RESOLVED,
    TicketStatus.CLOSED: EventKind.CLOSED,
}


def open_ticket(
    workspace: Workspace,
    *,
    title: str,
    by: By,
    now: datetime,
    description: str = "",
    priority: str = "normal",
    client: Client | None = None,
    assignee_id: int | None = None,
    conversation: Conversation | None = None,
    status: str = TicketStatus.OPEN,
    external_id: str | None = None,
    external_url: str = "",
) -> Ticket:
    """The new ticket; the one that `by.event_id` or `external_id` has made already.

    One that is further than open when it is first heard of has two entries in its history,
    and people are told of the second: where it stands is the news.
    """
    with transaction.atomic():
        require_member(workspace.pk, assignee_id)
        counter = _hold_counter(workspace)
        known = _known(workspace.pk, event_id=by.event_id, external_id=external_id)
        if known is not None:
            return known
        counter.last_number += 1
        counter.save(update_fields=["last_number"])
        ticket = Ticket.objects.create(
            workspace=workspace,
            ticket_number=counter.last_number,
            title=title,
            description=description,
            priority=priority,
            client=client,
            assignee_id=assignee_id,
            conversation=conversation,
            external_id=external_id,
            external_url=external_url,
            search_text=_searched(title, description),
            created_at=now,
            updated_at=now,
            status_at=now,
        )
        is_news = status == TicketStatus.OPEN
        _note(
            ticket, EventKind.CREATED, by=by, now=now, is_public=True, is_told=is_news
        )
        if not is_news:
            name = f"{by.event_id}#s" if by.event_id else None
            change(ticket, {"status": status}, by=replace(by, event_id=name), now=now)
            ticket.refresh_from_db()
    return ticket


def change(
    ticket: Ticket,
    changes: Changes,
    *,
    by: By,
    now: datetime,
    seen: int | None = None,
) -> TicketEvent | None:
    """Write what is another way; None when nothing is.

    `seen` is the version that the person had before their eyes.
    """
    with transaction.atomic():
        if "assignee_id" in changes:  # the member first: see whatsapp handling.release
            require_member(ticket.workspace_id, changes["assignee_id"])
        held = _hold(ticket)
        if by.event_id and (told := _told(held.workspace_id, by.event_id)):
            return told
        before = {name: getattr(held, name) for name in changes}
        changed = {
            name: value for name, value in changes.items() if before[name] != value
        }
        if not changed:
            return None
        if seen is not None and seen != held.version:
            raise TicketStale(held)
        for name, value in changed.items():
            setattr(held, name, value)
        _stamp(held, before.get("status", held.status), now=now)
        held.save()
        return _note(
            held,
            kind_of(before, changed),
            by=by,
            now=now,
            details=details_of(before, changed),
            is_public=is_public(changed),
        )


def comment(
    ticket: Ticket, *, text: str, is_public: bool, by: By, now: datetime
) -> TicketEvent:
    """What a member says: to the client as well, or among members only."""
    with transaction.atomic():
        held = _hold(ticket)
        if by.event_id and (told := _told(held.workspace_id, by.event_id)):
            return told
        if is_public and held.first_response_at is None:
            held.first_response_at = now
        _touch(held, now=now)
        held.save()
        return _note(
            held, EventKind.COMMENTED, by=by, now=now, text=text, is_public=is_public
        )


def take_answer(
    ticket: Ticket,
    *,
    text: str,
    by: By,
    now: datetime,
    message: Message | None = None,
) -> TicketEvent:
    """What the client says, on their page or by WhatsApp; a ticket at rest wakes up."""
    with transaction.atomic():
        held = _hold(ticket)
        if by.event_id and (told := _told(held.workspace_id, by.event_id)):
            return told
        if message is not None:
            entries = TicketEvent.objects.for_workspace(held.workspace_id)
            taken = entries.filter(ticket=held, message=message).first()
            if taken is not None:
                return taken
        before, details = held.status, {}
        if held.status != TicketStatus.CLOSED:
            held.status = TicketStatus.OPEN.value
        if held.status != before:
            details = {"status": [before, held.status]}
        _stamp(held, before, now=now)
        held.save()
        return _note(
            held,
            EventKind.REPLIED,
            by=by,
            now=now,
            text=text,
            message=message,
            details=details,
            is_public=True,
        )


def announce(
    ticket: Ticket, kind: EventKind, *, by: By, now: datetime, text: str = ""
) -> TicketEvent:
    """What another system says has happened, though nothing changes here: an entry of the
    history, told by the rules. Once for an `event_id`."""
    with transaction.atomic():
        held = _hold(ticket)
        if by.event_id and (told := _told(held.workspace_id, by.event_id)):
            return told
        _touch(held, now=now)
        held.save()
        return _note(held, kind, by=by, now=now, text=text, is_public=True)


def details_of(
    before: Mapping[str, Any], changed: Mapping[str, Any]
) -> dict[str, list[Any]]:
    return {
        name: [None, None] if name in _LONG else [before[name], value]
        for name, value in changed.items()
    }


def is_public(changed: Collection[str]) -> bool:
    """Whether the client sees it, too."""
    return any(name in PUBLIC_FIELDS for name in changed)


def kind_of(before: Mapping[str, Any], changed: Mapping[str, Any]) -> EventKind:
    if status := changed.get("status"):
        if status in _KINDS:
            return _KINDS[TicketStatus(status)]
        return EventKind.UPDATED if before["status"] in LIVE else EventKind.REOPENED
    return EventKind.ASSIGNED if "assignee_id" in changed else EventKind.UPDATED


def _stamp(ticket: Ticket, before: str, *, now: datetime) -> None:
    """Since when it stands so, when it was resolved and closed; opened again, it is neither."""
    if ticket.status != before:
        ticket.status_at = now
        is_live = ticket.status in LIVE
        if is_live:
            ticket.resolved_at = ticket.closed_at = None
        elif ticket.resolved_at is None:
            ticket.resolved_at = now
        if ticket.status == TicketStatus.CLOSED:
            ticket.closed_at = now
    ticket.search_text = _searched(ticket.title, ticket.description)
    _touch(ticket, now=now)


def _touch(ticket: Ticket, *, now: datetime) -> None:
    ticket.updated_at = now
    ticket.version += 1


def _note(
    ticket: Ticket,
    kind: EventKind,
    *,
    by: By,
    now: datetime,
    text: str = "",
    details: Mapping[str, Any] | None = None,
    message: Message | None = None,
    is_public: bool,
    is_told: bool = True,
) -> TicketEvent:
    event: TicketEvent = TicketEvent.objects.create(
        workspace_id=ticket.workspace_id,
        ticket=ticket,
        kind=kind,
        source=by.source,
        actor=by.user,
        message=message,
        text=text,
        details=dict(details or {}),
        is_public=is_public,
        external_id=by.event_id,
        created_at=now,
    )
    following.follow(ticket.workspace_id, [event], now=now, is_told=is_told)
    return event


def _hold(ticket: Ticket) -> Ticket:
    rows = Ticket.objects.for_workspace(ticket.workspace_id)
    held: Ticket = rows.select_for_update().get(pk=ticket.pk)
    return held


def _hold_counter(workspace: Workspace) -> TicketCounter:
    """Held until the transaction ends: numbers follow one another without a gap."""
    bulk.run(
        "INSERT INTO tickets_ticketcounter (workspace_id, last_number) VALUES (%s, 0)"
        " ON CONFLICT (workspace_id) DO NOTHING",
        [workspace.pk],
    )
    counters = TicketCounter.objects.for_workspace(workspace)
    held: TicketCounter = counters.select_for_update().get()
    return held


def _known(
    workspace_id: int, *, event_id: str | None, external_id: str | None
) -> Ticket | None:
    if event_id and (told := _told(workspace_id, event_id)):
        return told.ticket
    if not external_id:
        return None
    tickets = Ticket.objects.for_workspace(workspace_id)
    known: Ticket | None = tickets.filter(external_id=external_id).first()
    return known


def _told(workspace_id: int, event_id: str) -> TicketEvent | None:
    entries = TicketEvent.objects.for_workspace(workspace_id).select_related("ticket")
    told: TicketEvent | None = entries.filter(external_id=event_id).first()
    return told


def require_member(workspace_id: int, user_id: int | None) -> None:
    """Holds the membership: it cannot end before the ticket is theirs."""
    if user_id is None:
        return
    membership = (
        Membership.objects.for_workspace(workspace_id)
        .select_for_update(no_key=True, of=("self",))
        .filter(user=user_id, user__is_active=True)
        .first()
    )
    if membership is None or not may(membership.role, Action.EDIT_TICKETS):
        raise NotAMember


def _searched(title: str, description: str) -> str:
    return fold(f"{title} {description}")
