"""A ticket's entries in words, for its own page and for its client's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy, pgettext

from tickets.models import (
    EventKind,
    EventSource,
    TicketEvent,
    TicketPriority,
    TicketStatus,
)
from tickets.selectors.history import Names
from tickets.selectors.notifications import Told

FIELDS: Final = {
    "status": gettext_lazy("Status"),
    "priority": gettext_lazy("Priority"),
    "assignee_id": gettext_lazy("Assignee"),
    "client_id": gettext_lazy("Client"),
    "title": gettext_lazy("Title"),
    "description": gettext_lazy("Description"),
    "external_url": gettext_lazy("Link to another system"),
}
# What a client is shown of a change.
_CLIENTS: Final = ("status", "title")
_LEVELS: Final = {
    TicketStatus.OPEN: "info",
    TicketStatus.WAITING: "warning",
    TicketStatus.RESOLVED: "good",
    TicketStatus.CLOSED: "quiet",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`before` and `after` are empty where only the fact of a change is kept."""

    field: str
    before: str
    after: str
    has_values: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """`who` is empty where a system did it; `by_client` tells the client's own words. `told`
    is who was told of it."""

    event: TicketEvent
    who: str
    by_client: bool
    lines: tuple[Line, ...]
    told: tuple[Told, ...] = ()

    @property
    def is_said(self) -> bool:
        return self.event.kind in (EventKind.COMMENTED, EventKind.REPLIED)

    @property
    def is_worth_showing(self) -> bool:
        """To a client: a change of what they do not see is no news."""
        is_born = self.event.kind == EventKind.CREATED
        return self.is_said or is_born or bool(self.lines)


def entries(
    events: Sequence[TicketEvent],
    names: Names,
    told: Mapping[int, Sequence[Told]] | None = None,
) -> list[Entry]:
    """As members read them; `told` by the entries' ids."""
    return [
        Entry(
            event,
            _who(event),
            by_client=_is_clients(event),
            lines=tuple(_lines(event.details, FIELDS, names)),
            told=tuple((told or {}).get(event.pk, ())),
        )
        for event in events
    ]


def client_entries(events: Sequence[TicketEvent]) -> list[Entry]:
    """As the client reads them: what is public, without who works for whom."""
    nobody = Names({}, {})
    told = [
        Entry(
            event,
            event.actor.name if event.actor else "",
            by_client=_is_clients(event),
            lines=tuple(_lines(event.details, _CLIENTS, nobody)),
        )
        for event in events
        if event.is_public
    ]
    return [entry for entry in told if entry.is_worth_showing]


def status_level(status: str) -> str:
    """How a badge of it looks."""
    known = status in TicketStatus.values
    return _LEVELS[TicketStatus(status)] if known else "quiet"


def word(field: str, value: Any, names: Names) -> str:
    """One value of a field, in the reader's language."""
    if value in (None, ""):
        return pgettext("ticket value", "nobody") if field.endswith("_id") else "…"
    if field == "status" and value in TicketStatus.values:
        return str(TicketStatus(value).label)
    if field == "priority" and value in TicketPriority.values:
        return str(TicketPriority(value).label)
    if field == "assignee_id":
        return names.people.get(value, gettext("Former member"))
    if field == "client_id":
        return names.clients.get(value, gettext("A client who is gone"))
    return str(value)


def _lines(
    details: Mapping[str, Any], fields: Mapping[str, Any] | Sequence[str], names: Names
) -> Iterator[Line]:
    for field in fields:
        pair = details.get(field)
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        has_values = pair != [None, None]
        before, after = (word(field, value, names) for value in pair)
        yield Line(str(FIELDS[field]), before, after, has_values)


def _is_clients(event: TicketEvent) -> bool:
    return event.source in (EventSource.CLIENT, EventSource.WHATSAPP)


def _who(event: TicketEvent) -> str:
    if event.actor is not None:
        return event.actor.name or event.actor.email
    return ""
