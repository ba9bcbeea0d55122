"""What was done to a ticket and said in it, with the names of whom it names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accounts import paging
from accounts.models import User
from accounts.paging import Page
from accounts.scoping import ScopedQuerySet
from tickets.models import Client, Ticket, TicketEvent

PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class Names:
    """People and clients by their ids, as they are called now."""

    people: dict[int, str]
    clients: dict[int, str]


def list_events(
    ticket: Ticket,
    *,
    before: str = "",
    is_public: bool = False,
    size: int = PAGE_SIZE,
) -> Page[TicketEvent]:
    """A page in reading order, the newest at its end; `older` leads to what came before."""
    rows: ScopedQuerySet[TicketEvent] = TicketEvent.objects.for_workspace(
        ticket.workspace_id
    ).filter(ticket=ticket)
    if is_public:
        rows = rows.filter(is_public=True)
    position = paging.read(before)
    if position is not None and position.key is not None:
        start = rows.filter(key=position.key).values_list("pk", flat=True).first()
        rows = rows.filter(pk__lt=start or 0)
    found = list(
        rows.select_related("actor", "message__conversation")
        .defer("message__search", "message__search_text", "message__content")
        .order_by("-pk")[: size + 1]
    )
    shown = tuple(reversed(found[:size]))
    if len(found) <= size:
        return Page(shown, None)
    return Page(shown, paging.write(shown[0].created_at, shown[0].key))


def names_in(ticket: Ticket, events: Sequence[TicketEvent]) -> Names:
    """Of everybody whom the entries name by a number."""
    people = _numbers(events, "assignee_id")
    clients = _numbers(events, "client_id")
    named = User.objects.filter(pk__in=people) if people else ()
    rows = Client.objects.for_workspace(ticket.workspace_id).filter(pk__in=clients)
    return Names(
        people={one.pk: one.name or one.email for one in named},
        clients=dict(rows.values_list("pk", "name")) if clients else {},
    )


def _numbers(events: Sequence[TicketEvent], field: str) -> set[int]:
    told = [event.details.get(field) or () for event in events]
    return {one for pair in told for one in pair if isinstance(one, int)}
