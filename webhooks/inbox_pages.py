"""The inbox as its pages show it: lists, one row, and what waits for a person. Reads only.

`inbox_admin` comes after, when somebody acts on what is seen here. Every function takes a
scope: a workspace sees its own rows, the platform (None) those that belong to nobody.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, F, Func, IntegerField, Min, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan

from accounts.models import Workspace
from integrations.models import Integration
from webhooks.models import RawState, RawWebhook

PAGE_SIZE = 50
TAIL_SIZE = 20
_MOST_REASONS = 20
# What a list shows of a row; bodies stay on the disk.
_COLUMNS = (
    "id",
    "key",
    "provider",
    "received_at",
    "done_at",
    "state",
    "attempts",
    "errors",
    "error",
    "outcome",
)

Scope = Workspace | None
_IN_WORK = [RawState.RECEIVED, RawState.LEASED]


@dataclass(frozen=True, slots=True)
class Number:
    """One of a connection's numbers, as far as a filter needs it."""

    integration_id: int
    key: uuid.UUID
    display_name: str
    phone: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """An integration and its numbers."""

    pk: int
    key: uuid.UUID
    name: str
    numbers: list[Number] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list; what is left open does not."""

    integration_id: int | None = None
    number: Number | None = None
    state: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of rows, newest first. `older` continues it, `newest` is where a tail begins."""

    rows: list[RawWebhook]
    older: int | None
    newest: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that wait for a person for one reason."""

    state: str
    error: str
    rows: int
    since: datetime


def list_rows(
    scope: Scope, filters: Filters, *, before: int | None = None, size: int = PAGE_SIZE
) -> Listed:
    found = _matching(scope, filters)
    if before is not None:
        found = found.filter(id__lt=before)
    rows = _newest(found, size + 1)
    older = rows[size - 1].pk if len(rows) > size else None
    return Listed(rows[:size], older, rows[0].pk if rows else 0)


def list_newer(scope: Scope, filters: Filters, *, after: int) -> list[RawWebhook]:
    """The newest rows that came in after the one shown last."""
    return _newest(_matching(scope, filters).filter(id__gt=after), TAIL_SIZE)


def find_row(scope: Scope, *, key: uuid.UUID) -> RawWebhook | None:
    rows = _of(scope).select_related("integration").filter(key=key)
    return (
        rows.exclude(state__in=_IN_WORK).first()
        or rows.filter(state__in=_IN_WORK).first()
    )


def ids_of(scope: Scope, keys: Collection[uuid.UUID]) -> list[int]:
    """Keys that are gone or somebody else's are left out."""
    rows = _of(scope).filter(key__in=list(keys)).values_list("id", flat=True)
    return sorted([*rows.exclude(state__in=_IN_WORK), *rows.filter(state__in=_IN_WORK)])


def matching_ids(
    scope: Scope, filters: Filters, *, states: Collection[str], most: int
) -> list[int]:
    """The oldest of the rows a filter shows, up to `most`, among those in `states`."""
    rows = _matching(scope, filters).filter(state__in=list(states)).order_by("id")
    return list(rows.values_list("id", flat=True)[:most])


def list_waiting(scope: Scope) -> list[Waiting]:
    """Parked and unrouted rows by reason, most first; answered from their small index."""
    rows = (
        _of(scope)
        .filter(state__in=[RawState.PARKED, RawState.UNROUTED])
        .values("state", "error")
        .annotate(rows=Count("id"), since=Min("received_at"))
        .order_by("-rows", "since")[:_MOST_REASONS]
    )
    return [Waiting(**row) for row in rows]


def oldest_open(scope: Scope) -> datetime | None:
    """Since when the oldest unfinished row has been here."""
    rows = _of(scope).filter(state__in=[RawState.RECEIVED, RawState.LEASED])
    oldest: datetime | None = rows.aggregate(oldest=Min("received_at"))["oldest"]
    return oldest


def count_open(scope: Scope, *, up_to: int) -> int:
    """Rows that are not settled yet, among those that came in no later than one of them."""
    return _of(scope).filter(state__in=_IN_WORK, id__lte=up_to).count()


def list_connections(scope: Scope) -> list[Connection]:
    """With their numbers, by name, in one query."""
    if scope is None:
        return []
    found: dict[int, Connection] = {}
    rows = (
        Integration.objects.for_workspace(scope)
        .order_by("name", "channels__display_name", "channels__phone")
        .values_list(
            "pk",
            "key",
            "name",
            *(
                f"channels__{one}"
                for one in ("key", "display_name", "phone", "external_id")
            ),
        )
    )
    for pk, key, name, number, *told in rows:
        connection = found.setdefault(pk, Connection(pk, key, name))
        if number:
            connection.numbers.append(Number(pk, number, *told))
    return list(found.values())


def _of(scope: Scope) -> QuerySet[RawWebhook]:
    return RawWebhook.objects.filter(workspace=scope) if scope else _nobodys()


def _nobodys() -> QuerySet[RawWebhook]:
    return RawWebhook.objects.filter(workspace__isnull=True)


def _matching(scope: Scope, filters: Filters) -> QuerySet[RawWebhook]:
    rows = _of(scope)
    if filters.integration_id is not None:
        rows = rows.filter(integration_id=filters.integration_id)
    if filters.number is not None:
        rows = _naming(rows, filters.number)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.kind:
        rows = rows.filter(outcome__has_key=filters.kind)
    if filters.since is not None:
        rows = rows.filter(received_at__gte=filters.since)
    if filters.until is not None:
        rows = rows.filter(received_at__lt=filters.until)
    return rows


def _naming(rows: QuerySet[RawWebhook], number: Number) -> QuerySet[RawWebhook]:
    """Rows of the number's connection whose bytes hold its provider's id or its digits.

    A row has no number of its own: one body may tell of several, or of none.
    """
    names = {number.external_id or "", number.phone.removeprefix("+")} - {""}
    held = [_Position(Value(name.encode()), F("body")) for name in sorted(names)]
    any_of = Q(*(GreaterThan(one, 0) for one in held), _connector=Q.OR)
    return rows.filter(any_of, integration_id=number.integration_id)


class _Position(Func):
    """Where the first bytes begin in the second, from 1; 0 where they are not."""

    function = "position"
    arg_joiner = " IN "
    output_field = IntegerField()


def _newest(rows: QuerySet[RawWebhook], size: int) -> list[RawWebhook]:
    """Finished rows and those in work apart, because each kind has an index of its own."""
    found = [
        *_light(rows.exclude(state__in=_IN_WORK))[:size],
        *_light(rows.filter(state__in=_IN_WORK))[:size],
    ]
    return sorted(found, key=lambda row: -row.pk)[:size]


def _light(rows: QuerySet[RawWebhook]) -> QuerySet[RawWebhook]:
    named = rows.annotate(integration_name=F("integration__name"))
    return named.only(*_COLUMNS).order_by("-id")
