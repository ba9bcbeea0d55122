"""What other systems read: clients, tickets and what was said in them, page by page.

Newest first a list is in an order that nothing changes: a row that comes meanwhile is before
the first page. Asked for changes it begins with the oldest, and what changes meanwhile comes
(again) at its end. Either way no row that was there is left out.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page, Position
from accounts.scoping import ScopedQuerySet, inside
from tickets.models import Client, EventKind, Notification, Ticket, TicketEvent
from tickets.selectors import tickets as selector
from tickets.selectors.clients import find_matching
from tickets.selectors.tickets import TicketFilter
from whatsapp import phones

_SAID: Final = (EventKind.COMMENTED, EventKind.REPLIED)
_NO_MATTER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClientFilter:
    """Empty means: all. `phone` is in E.164."""

    text: str = ""
    phone: str = ""
    updated_since: datetime | None = None


def find_client(workspace: Workspace, told: str) -> Client | None:
    """By the `oauth_id`, or by our own key where nobody has that as theirs."""
    rows = Client.objects.for_workspace(workspace).select_related("lead__merged_into")
    key = _key(told)
    named = Q(oauth_id=told) | Q(key=key) if key else Q(oauth_id=told)
    found: list[Client] = list(rows.defer("search", "search_text").filter(named)[:2])
    exact = [one for one in found if one.oauth_id == told]
    return next(iter(exact or found), None)


def list_clients(
    workspace: Workspace, *, filters: ClientFilter, before: str = "", size: int
) -> Page[Client]:
    rows: ScopedQuerySet[Client] = find_matching(workspace, filters.text)
    rows = rows.select_related("lead__merged_into")
    if filters.phone:
        rows = rows.filter(match_key=phones.match_key_for_phone(filters.phone))
    position = paging.read(before)
    if filters.updated_since is None:
        if position is not None:
            rows = rows.filter(pk__lt=position.rank)
        rows = rows.order_by("-pk")
    else:
        rows = rows.filter(_changed(filters.updated_since, position))
        rows = rows.order_by("updated_at", "pk")
    with inside(workspace.pk):  # the search reads the workspace from the transaction
        found = tuple(rows[: size + 1])
    return _page(found, size, lambda last: paging.write(last.updated_at, last.pk))


def find_ticket(workspace: Workspace, *, number: int) -> Ticket | None:
    found: Ticket | None = (
        _whole(Ticket.objects.for_workspace(workspace))
        .filter(ticket_number=number)
        .first()
    )
    return found


def list_tickets(
    workspace: Workspace,
    *,
    filters: TicketFilter,
    phone: str = "",
    external_id: str = "",
    updated_since: datetime | None = None,
    before: str = "",
    size: int,
) -> Page[Ticket]:
    """`phone` is the client's, in E.164."""
    rows = _whole(selector.narrowed(workspace, filters, user_id=0))
    rows = selector.of_status(rows, filters.status)
    if phone:
        rows = rows.filter(client__match_key=phones.match_key_for_phone(phone))
    if external_id:
        rows = rows.filter(external_id=external_id)
    position = paging.read(before)
    if updated_since is None:
        if position is not None:
            rows = rows.filter(ticket_number__lt=position.rank)
        rows = rows.order_by("-ticket_number")
    else:
        rows = rows.filter(_changed(updated_since, position))
        rows = rows.order_by("updated_at", "pk")
    with inside(workspace.pk):
        found = tuple(rows[: size + 1])
    if updated_since is None:
        return _page(
            found, size, lambda last: paging.write(_NO_MATTER, last.ticket_number)
        )
    return _page(found, size, lambda last: paging.write(last.updated_at, last.pk))


def list_comments(ticket: Ticket, *, before: str = "", size: int) -> Page[TicketEvent]:
    """What was said in it, by members and by the client, the oldest first."""
    rows: ScopedQuerySet[TicketEvent] = (
        TicketEvent.objects.for_workspace(ticket.workspace_id)
        .filter(ticket=ticket, kind__in=_SAID)
        .select_related("actor")
        .order_by("pk")
    )
    position = paging.read(before)
    if position is not None:
        rows = rows.filter(pk__gt=position.rank)
    found = tuple(rows[: size + 1])
    return _page(found, size, lambda last: paging.write(last.created_at, last.pk))


def list_told(
    workspace: Workspace, events: Sequence[TicketEvent]
) -> list[Notification]:
    """Who was told of these, and by which way."""
    rows = Notification.objects.for_workspace(workspace).filter(ticket_event__in=events)
    return list(
        rows.select_related("recipient", "member", "message__outbox_entry")
        .defer(
            "recipient__search",
            "recipient__search_text",
            "message__search",
            "message__search_text",
            "message__content",
        )
        .order_by("pk")
    )


def _whole(rows: ScopedQuerySet[Ticket]) -> ScopedQuerySet[Ticket]:
    whole: ScopedQuerySet[Ticket] = rows.select_related(
        "client", "assignee", "conversation"
    ).defer("search", "search_text", "client__search", "client__search_text")
    return whole


def _changed(since: datetime, position: Position | None) -> Q:
    if position is None:
        return Q(updated_at__gte=since)
    at, pk = position.at, position.rank
    # The first part alone says where the index begins.
    return Q(updated_at__gte=at) & (Q(updated_at__gt=at) | Q(pk__gt=pk))


def _page(found: tuple[Any, ...], size: int, written: Any) -> Page[Any]:
    if len(found) <= size:
        return Page(found, None)
    return Page(found[:size], written(found[size - 1]))


def _key(told: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(told)
    except ValueError:
        return None
