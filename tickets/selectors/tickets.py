"""Tickets as pages list them: filters of the address, pages by position, counts by status."""

import dataclasses
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Q

from accounts import bulk, paging
from accounts.models import Workspace
from accounts.paging import Page
from accounts.scoping import ScopedQuerySet, inside
from integrations.models import Channel
from tickets.models import Ticket, TicketStatus
from tickets.selectors.clients import phone_beginnings
from whatsapp.selectors import search

PAGE_SIZE: Final = 50
MOST_FOUND: Final = 2000  # tickets that a search looks at, the newest of them
MOST_COUNTED: Final = 100  # of a tab; a page then says that there are more
LIVE: Final = "live"  # open and waiting: what there is to do
ALL: Final = "all"
TABS: Final = (LIVE, *TicketStatus.values, ALL)
MINE, NOBODYS = "me", "none"
# What the days of a filter are days of, beside the opening.
ANSWERED, RESOLVED = "answered", "resolved"
_MOMENTS: Final = {
    "": "created_at",
    ANSWERED: "first_response_at",
    RESOLVED: "resolved_at",
}
# Where a ticket comes from, beside the numbers themselves.
TALK, SYSTEM, HAND = "conversation", "system", "hand"
SOURCES: Final = (TALK, SYSTEM, HAND)
_LIVE_STATUSES: Final = (TicketStatus.OPEN.value, TicketStatus.WAITING.value)
_LONGEST_NUMBER: Final = 9  # digits that fit the column
_FOUND: Final = (
    "SELECT ticket_id FROM tickets_search_tickets(%s, %s::text[], %s, %s::integer)"
)


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Empty means: all. `before` is the first moment that is too late; `days` says of what
    it and `since` are: of the opening, or ANSWERED or RESOLVED, which a ticket then is.

    `assignee` is MINE, NOBODYS or a person's id in digits; `source` one of SOURCES or a
    number's key; `lead` the key of whose tickets are asked for, as a client or by talk.
    """

    status: str = LIVE
    text: str = ""
    assignee: str = ""
    priority: str = ""
    source: str = ""
    client: uuid.UUID | None = None
    lead: uuid.UUID | None = None
    since: datetime | None = None
    before: datetime | None = None
    days: str = ""

    @property
    def names(self) -> list[str]:
        """The filters that are set beside the status; never their values."""
        told = [one.name for one in dataclasses.fields(self) if getattr(self, one.name)]
        return [name for name in told if name != "status"]


EVERY: Final = TicketFilter(status=ALL)


def find(workspace: Workspace, *, text: str) -> list[int]:
    """Ids of what is looked for: words of the ticket or its client, a number, a phone."""
    written = text.strip().removeprefix("#")
    is_number = written.isascii() and written.isdecimal()
    number = int(written) if is_number and len(written) <= _LONGEST_NUMBER else None
    words = search.tsquery(search.query_words(text))
    phones = phone_beginnings(workspace, text)
    # The search reads the workspace from the transaction.
    with inside(workspace.pk), connection.cursor() as cursor:
        cursor.execute(_FOUND, [words, phones, number, MOST_FOUND])
        return [id_ for (id_,) in cursor.fetchall()]


def list_tickets(
    workspace: Workspace,
    *,
    filters: TicketFilter = EVERY,
    user_id: int = 0,
    before: str = "",
    size: int = PAGE_SIZE,
    found: list[int] | None = None,
) -> Page[Ticket]:
    """What was worked on last comes first. A page begins where the one before it ended,
    whatever came meanwhile. `found` is what `find` has found of the text already."""
    kept = narrowed(workspace, filters, user_id=user_id, found=found)
    rows = of_status(kept, filters.status)
    position = paging.read(before)
    if position is not None and position.key is not None:
        rows = rows.filter(_older(workspace, position.at, position.key))
    shown = (
        rows.select_related("client", "assignee")
        .defer(
            "description",
            "search",
            "search_text",
            "client__search",
            "client__search_text",
        )
        .order_by("-updated_at", "-pk")[: size + 1]
    )
    listed = tuple(shown)
    if len(listed) <= size:
        return Page(listed, None)
    last = listed[size - 1]
    return Page(listed[:size], paging.write(last.updated_at, last.key))


def count_by_tab(
    workspace: Workspace,
    *,
    filters: TicketFilter,
    user_id: int = 0,
    found: list[int] | None = None,
) -> dict[str, int]:
    """How many each tab holds under the other filters; counting stops at MOST_COUNTED."""
    rows = narrowed(workspace, filters, user_id=user_id, found=found).order_by()
    first, *others = (
        rows.filter(status=status).values_list("status", flat=True)[:MOST_COUNTED]
        for status in TicketStatus.values
    )
    told = Counter(first.union(*others, all=True))
    counts = {status: told[status] for status in TicketStatus.values}
    live = sum(counts[status] for status in _LIVE_STATUSES)
    return {LIVE: live, **counts, ALL: sum(counts.values())}


def list_by_keys(workspace: Workspace, keys: list[uuid.UUID]) -> list[Ticket]:
    """Those that are there, as a list shows them."""
    return list(
        Ticket.objects.for_workspace(workspace)
        .filter(key__in=keys)
        .select_related("client", "assignee")
        .defer("search", "search_text", "client__search", "client__search_text")
        .order_by("-updated_at", "-pk")
    )


def find_ticket(workspace: Workspace, *, key: uuid.UUID) -> Ticket | None:
    """With all that its page shows of itself."""
    found: Ticket | None = (
        Ticket.objects.for_workspace(workspace)
        .select_related(
            "client__lead__merged_into",
            "assignee",
            "conversation__channel",
            "conversation__lead",
        )
        .defer(
            *("search", "search_text", "client__search", "client__search_text"),
            *("client__lead__search", "client__lead__search_text"),
            *("client__lead__merged_into__search", "conversation__lead__search"),
            *("client__lead__merged_into__search_text",),
            *("conversation__lead__search_text",),
        )
        .filter(key=key)
        .first()
    )
    if found is not None:
        found.workspace = workspace
    return found


def _older(workspace: Workspace, at: datetime, key: uuid.UUID) -> Q:
    rows = Ticket.objects.for_workspace(workspace).filter(key=key)
    number = rows.values_list("pk", flat=True).first()
    # The first part alone says where the index begins.
    return Q(updated_at__lte=at) & (Q(updated_at__lt=at) | Q(pk__lt=number or 0))


def of_status(rows: ScopedQuerySet[Ticket], status: str) -> ScopedQuerySet[Ticket]:
    if status == ALL:
        return rows
    if status == LIVE:
        return rows.filter(status__in=_LIVE_STATUSES)
    return rows.filter(status=status)


def narrowed(
    workspace: Workspace,
    filters: TicketFilter,
    *,
    user_id: int,
    found: list[int] | None = None,
) -> ScopedQuerySet[Ticket]:
    """Every filter but the status."""
    rows: ScopedQuerySet[Ticket] = Ticket.objects.for_workspace(workspace)
    if filters.text:
        ids = find(workspace, text=filters.text) if found is None else found
        rows = rows.filter(pk__in=bulk.each_of(ids))
    if filters.assignee == NOBODYS:
        rows = rows.filter(assignee=None)
    elif filters.assignee:
        whose = user_id if filters.assignee == MINE else int(filters.assignee)
        rows = rows.filter(assignee_id=whose)
    if filters.priority:
        rows = rows.filter(priority=filters.priority)
    if filters.source:
        rows = rows.filter(_from(workspace, filters.source))
    if filters.client:
        rows = rows.filter(client__key=filters.client)
    if filters.lead:
        rows = rows.filter(_about(filters.lead))
    moment = _MOMENTS[filters.days]
    if filters.since:
        rows = rows.filter(**{f"{moment}__gte": filters.since})
    if filters.before:
        rows = rows.filter(**{f"{moment}__lt": filters.before})
    if filters.days:
        rows = rows.filter(**{f"{moment}__isnull": False})
    return rows


def _from(workspace: Workspace, source: str) -> Q:
    if source == TALK:
        return Q(conversation__isnull=False)
    if source == SYSTEM:
        return Q(external_id__isnull=False)
    if source == HAND:
        return Q(conversation=None, external_id=None)
    numbers = Channel.objects.for_workspace(workspace).filter(key=uuid.UUID(source))
    # Told, not joined: a number that PostgreSQL does not know counts as one of hundreds.
    return Q(conversation__channel_id=numbers.values_list("pk", flat=True).first() or 0)


def _about(lead: uuid.UUID) -> Q:
    return (
        Q(client__lead__key=lead)
        | Q(client__lead__merged_into__key=lead)
        | Q(conversation__lead__key=lead)
    )
