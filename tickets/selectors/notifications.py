"""Who was told what, by which way, and what became of it: for a ticket, a list and a count."""

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Case, CharField, Count, F, Q, Value, When
from django.db.models.functions import Coalesce

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from accounts.scoping import ScopedQuerySet
from tickets import notification_words as words
from tickets.models import (
    Audience,
    Notification,
    NotificationPath,
    Ticket,
    TicketEvent,
)

PAGE_SIZE: Final = 50
_MOST_REASONS: Final = 20
_OURS: Final = (
    NotificationPath.HELD,
    NotificationPath.NOBODY,
    NotificationPath.SKIPPED,
)
_MAIL: Final = Case(
    When(emails__state__in=["due", "claimed"], then=Value("queued")),
    When(emails__state="submitting", then=Value("sending")),
    When(emails__state="uncertain", then=Value("unconfirmed")),
    default=Coalesce(F("emails__state"), Value("gone")),
    output_field=CharField(),
)
# What people are told of it: ours, the e-mail's, or the send's (whatsapp.models.Shown).
STATE: Final = Case(
    When(path__in=_OURS, then=F("path")),
    When(path=NotificationPath.EMAIL, then=_MAIL),
    default=Coalesce(F("message__outbox_entry__shown"), Value("gone")),
    output_field=CharField(),
)
# Why it did not arrive, where it did not; of what waits or was not needed there is none.
PROBLEM: Final = Case(
    When(path=NotificationPath.NOBODY, then=F("reason")),
    When(emails__state__in=["failed", "uncertain"], then=F("emails__reason")),
    When(
        message__outbox_entry__shown__in=["failed", "unconfirmed", "dropped"],
        then=F("message__outbox_entry__reason"),
    ),
    default=Value(""),
    output_field=CharField(),
)
# Annotations have no type that a checker knows: their names are data.
_GROUPED = ["event", "path", "template", "state"]
_PROBLEM: str = "problem"
# Of what was handed over, what is known to have come.
ARRIVED: Final = ("delivered", "read")


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """`since` counts, `until` is the first moment that is too late; None has no end."""

    since: datetime | None = None
    until: datetime | None = None
    event: str = ""
    audience: str = ""
    path: str = ""
    state: str = ""
    reason: str = ""
    template: str = ""
    rule: uuid.UUID | None = None
    ticket: int | None = None

    @property
    def names(self) -> list[str]:
        """What narrows it beside the period."""
        told = ("event", "audience", "path", "state", "reason", "template", "rule")
        return [name for name in (*told, "ticket") if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class Told:
    """A notification in words. `why` explains what is not as it should be, or why it took a
    lesser way."""

    row: Notification
    state: words.State
    path: str
    event: str
    who: str
    problem: str
    why: str

    @classmethod
    def of(cls, row: Notification) -> "Told":
        """Of a row of `rows_of`."""
        found = row.state  # type: ignore[attr-defined]  # annotated
        problem: str = row.problem  # type: ignore[attr-defined]  # annotated
        channel = row.message.channel if row.message is not None else None
        provider = channel.provider if channel is not None else ""
        is_out = row.path not in (NotificationPath.NOBODY, NotificationPath.SKIPPED)
        why = words.reason(problem, provider=provider) or words.reason(
            row.reason, provider=provider, went_out=is_out
        )
        whom = row.recipient or row.member
        name = whom.name if whom is not None else ""
        email = whom.email if whom is not None else ""
        return cls(
            row,
            words.state(found),
            words.path(row.path),
            words.event(row.event),
            name or email,
            problem,
            why,
        )


def rows_of(workspace: Workspace | int) -> ScopedQuerySet[Notification]:
    """With `state` and `problem`, and everybody whom a page names."""
    rows: ScopedQuerySet[Notification] = (
        Notification.objects.for_workspace(workspace)
        .annotate(state=STATE, problem=PROBLEM)
        .select_related("recipient", "member", "actor", "ticket", "message__channel")
        .defer(
            *("recipient__search", "recipient__search_text", "ticket__search"),
            *("ticket__search_text", "ticket__description", "message__search"),
            *("message__search_text", "message__content", "message__text"),
        )
    )
    return rows


def of_event(event: TicketEvent) -> list[Notification]:
    """Everybody who was told of it, in the order in which they were."""
    return list(rows_of(event.workspace_id).filter(ticket_event=event).order_by("pk"))


def of_page(
    ticket: Ticket, event_ids: Collection[int]
) -> tuple[dict[int, list[Notification]], Notification | None]:
    """By the entries of a page of its history, and the one that `told_last` gives."""
    last = (
        Notification.objects.for_workspace(ticket.workspace_id)
        .filter(ticket=ticket, audience=Audience.CLIENT)
        .exclude(path=NotificationPath.SKIPPED)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    rows = rows_of(ticket.workspace_id).filter(
        Q(ticket_event__in=event_ids) | Q(pk=last or 0)
    )
    found: dict[int, list[Notification]] = {}
    for one in rows.order_by("pk"):
        found.setdefault(one.ticket_event_id, []).append(one)
    newest = (one for rows in found.values() for one in rows if one.pk == last)
    return found, next(newest, None)


def told_last(
    workspace: Workspace | int, ticket_ids: Sequence[int]
) -> dict[int, Notification]:
    """The client's newest notification of each ticket that is about something, for a list."""
    rows = (
        rows_of(workspace)
        .filter(ticket__in=ticket_ids, audience=Audience.CLIENT)
        .exclude(path=NotificationPath.SKIPPED)
        .order_by("ticket_id", "-pk")
        .distinct("ticket_id")
    )
    return {one.ticket_id: one for one in rows}


def list_page(
    workspace: Workspace,
    filters: NotificationFilter,
    *,
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[Notification]:
    """Newest first."""
    rows = _filtered(workspace, filters)
    position = paging.read(before)
    if position is not None and position.key is not None:
        last = Notification.objects.for_workspace(workspace).filter(key=position.key)
        pk = last.values_list("pk", flat=True).first() or 0
        rows = rows.filter(
            Q(created_at__lt=position.at) | Q(created_at=position.at, pk__lt=pk)
        )
    found = list(rows.order_by("-created_at", "-pk")[: size + 1])
    shown = tuple(found[:size])
    if len(found) <= size:
        return Page(shown, None)
    return Page(shown, paging.write(shown[-1].created_at, shown[-1].key))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the figures. Rates are of what was handed over: neither what waits nor what
    was needed nowhere is in them; e-mails tell nothing after they were sent."""

    name: str
    total: int
    states: Counter[str]

    @property
    def sent(self) -> int:
        """Handed over to WhatsApp, whatever became of it then."""
        told = ("accepted", "sent", "delivered", "read", "failed", "unconfirmed")
        return sum(self.states[one] for one in told)

    @property
    def delivered(self) -> int:
        return sum(self.states[one] for one in ARRIVED)

    @property
    def read(self) -> int:
        return self.states["read"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why so many did not arrive; codes mean what they mean to their provider."""

    code: str
    provider: str
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    total: Line
    states: Counter[str]
    by_event: tuple[Line, ...]
    by_template: tuple[Line, ...]
    by_path: tuple[Line, ...]
    reasons: tuple[Reason, ...]


def figures(workspace: Workspace, filters: NotificationFilter) -> Figures:
    """Two counts: by event, way, template and state; and of failures by reason."""
    rows = _filtered(workspace, filters).order_by()
    groups = list(rows.values_list(*_GROUPED).annotate(number=Count("pk")))
    failed = (
        rows.exclude(**{_PROBLEM: ""})
        .values_list(_PROBLEM, "message__channel__provider")
        .annotate(number=Count("pk"))
        .order_by("-number", _PROBLEM)
    )
    states: Counter[str] = Counter()
    for *_, state, number in groups:
        states[state] += number
    return Figures(
        total=Line("", states.total(), _whatsapp(groups)),
        states=states,
        by_event=_lines(groups, 0),
        by_template=tuple(one for one in _lines(groups, 2) if one.name),
        by_path=_lines(groups, 1),
        reasons=_reasons(list(failed)),
    )


def _reasons(
    counted: Sequence[tuple[str, str | None, int]],
) -> tuple[Reason, ...]:
    """Each code once, as the link to its rows counts it; the most first."""
    totals: Counter[str] = Counter()
    providers: dict[str, str] = {}
    for code, provider, number in counted:
        totals[code] += number
        if provider:
            providers.setdefault(code, provider)
    return tuple(
        Reason(code, providers.get(code, ""), number)
        for code, number in totals.most_common(_MOST_REASONS)
    )


Group = tuple[str, str, str, str, int]


def _whatsapp(groups: Sequence[Group]) -> Counter[str]:
    """States of what went by WhatsApp: nobody tells whether an e-mail arrived."""
    found: Counter[str] = Counter()
    for _, path, _, state, number in groups:
        if path != NotificationPath.EMAIL:
            found[state] += number
    return found


def _lines(groups: Sequence[Group], place: int) -> tuple[Line, ...]:
    """The most first."""
    totals: Counter[str] = Counter()
    states: dict[str, list[Group]] = {}
    for group in groups:
        name = str(group[place])
        totals[name] += group[4]
        states.setdefault(name, []).append(group)
    return tuple(
        Line(name, total, _whatsapp(states[name]))
        for name, total in totals.most_common()
    )


def _filtered(
    workspace: Workspace, filters: NotificationFilter
) -> ScopedQuerySet[Notification]:
    rows = rows_of(workspace)
    if filters.since:
        rows = rows.filter(created_at__gte=filters.since)
    if filters.until:
        rows = rows.filter(created_at__lt=filters.until)
    for name in ("event", "audience", "path", "state", "template"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    if filters.reason:
        rows = rows.filter(**{_PROBLEM: filters.reason})
    if filters.rule:
        rows = rows.filter(rule__key=filters.rule)
    if filters.ticket:
        rows = rows.filter(ticket__ticket_number=filters.ticket)
    return rows
