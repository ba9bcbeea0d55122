"""What people do to the inbox: replay, park, prune, and look at it.

The second half of `inbox.py`, which serves the corridor: together they are the only SQL on
a raw webhook's state. Commands and pages come before; `rehearsal.py` tries a replay out.
Every change is audited in each workspace it touches, and logged by ids and counts alone.
"""

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts import audit, bulk
from accounts.models import User, Workspace
from accounts.scoping import NOBODY, workspace_transaction
from webhooks import inbox, queue
from webhooks.inbox import Claim, Leased
from webhooks.models import RawState

logger = logging.getLogger(__name__)

REPLAYABLE = (RawState.DONE, RawState.PARKED, RawState.IGNORED, RawState.UNROUTED)
PARKABLE = (RawState.RECEIVED, RawState.LEASED, RawState.IGNORED, RawState.UNROUTED)
PRUNED = (RawState.DONE, RawState.IGNORED)
PRUNED_WITH_STUCK = (*PRUNED, RawState.PARKED, RawState.UNROUTED)
# How long rows that belong to no workspace are kept.
DAYS_WITHOUT_WORKSPACE = 30
PRUNE_BATCH = 2000
_AUDITED_IDS = 50


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows; what is left open does not narrow them."""

    ids: Sequence[int] | None = None
    states: Sequence[str] = REPLAYABLE
    workspace_id: int | None = None
    integration_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "ids": None if self.ids is None else list(self.ids),
            "states": [str(state) for state in self.states if state in REPLAYABLE],
            "workspace": self.workspace_id,
            "integration": self.integration_id,
            "since": self.since,
            "until": self.until,
        }


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asked for it: a person, or the label of a command."""

    user: User | None = None
    label: str = ""


_HERE = "COALESCE(workspace_id, 0) = %(place)s"
_MATCHES = f"""
    {_HERE} AND state = ANY(%(states)s)
    AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s::bigint[]))
    AND (%(workspace)s::bigint IS NULL OR workspace_id = %(workspace)s::bigint)
    AND (%(integration)s::bigint IS NULL OR integration_id = %(integration)s::bigint)
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s::timestamptz)
    AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s::timestamptz)
"""


def find(selection: Selection) -> dict[int | None, list[int]]:
    """By workspace, the ids a replay of this selection would set back, as they came in."""
    rows = _query_each(
        _places(selection),
        f"SELECT workspace_id, id FROM webhooks_rawwebhook WHERE {_MATCHES} ORDER BY id",  # noqa: S608  # a constant
        selection.parameters,
    )
    found: dict[int | None, list[int]] = {}
    for workspace_id, id_ in rows:
        found.setdefault(workspace_id, []).append(id_)
    return found


def replay(selection: Selection, *, by: Actor) -> dict[str, int]:
    """Set rows back to `received`, due now, and wake a drain. Returns rows by old state."""
    with transaction.atomic():
        changed = _query_each(
            _places(selection),
            f"""
            WITH old AS (
                SELECT id, state FROM webhooks_rawwebhook
                 WHERE {_MATCHES} ORDER BY id FOR UPDATE
            )
            UPDATE webhooks_rawwebhook raw
               SET state = 'received', attempts = 0, errors = 0, error = '',
                   outcome = NULL, done_at = NULL, lease_token = NULL,
                   next_at = statement_timestamp()
              FROM old WHERE raw.id = old.id
            RETURNING raw.id, raw.workspace_id, old.state
            """,  # noqa: S608  # a constant
            selection.parameters,
        )
        _audit("inbox.replayed", changed, by=by)
        if changed:
            transaction.on_commit(queue.wake)
    return _by_state(changed)


def park(ids: Sequence[int], *, reason: str, by: Actor) -> dict[str, int]:
    """Set rows aside for a person, out of a worker's hands too. Returns rows by old state."""
    with transaction.atomic():
        changed = _query_each(
            _places_of(ids),
            f"""
            WITH old AS (
                SELECT id, state FROM webhooks_rawwebhook
                 WHERE {_HERE} AND id = ANY(%(ids)s) AND state = ANY(%(states)s)
                 ORDER BY id FOR UPDATE
            )
            UPDATE webhooks_rawwebhook raw
               SET state = 'parked', lease_token = NULL, error = %(error)s
              FROM old WHERE raw.id = old.id
            RETURNING raw.id, raw.workspace_id, old.state
            """,  # noqa: S608  # a constant
            {
                "ids": list(ids),
                "states": [str(state) for state in PARKABLE],
                "error": f"by hand: {reason}"[:500],
            },
        )
        _audit("inbox.parked", changed, by=by, details={"reason": reason[:200]})
    return _by_state(changed)


def states_of(ids: Sequence[int]) -> dict[int, str]:
    """The state of each of these rows; `unknown` where there is none."""
    states = dict(
        _query_each(
            _places_of(ids),
            f"SELECT id, state FROM webhooks_rawwebhook WHERE {_HERE} AND id = ANY(%(ids)s)",  # noqa: S608  # a constant
            {"ids": list(ids)},
        )
    )
    return {id_: states.get(id_, "unknown") for id_ in ids}


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the rows of one workspace, or those of none, are kept."""

    workspace: Workspace | None
    days: int

    @property
    def slug(self) -> str | None:
        return self.workspace.slug if self.workspace else None

    @property
    def place(self) -> int:
        """Where its rows are found."""
        return self.workspace.pk if self.workspace else NOBODY


def retentions() -> list[Retention]:
    workspaces = Workspace.objects.order_by("slug")
    found = [Retention(one, one.raw_webhook_days) for one in workspaces]
    return [*found, Retention(None, DAYS_WITHOUT_WORKSPACE)]


_EXPIRED = """
    SELECT id FROM webhooks_rawwebhook
     WHERE workspace_id IS NOT DISTINCT FROM %(workspace)s::bigint
       AND state = ANY(%(states)s)
       AND received_at < statement_timestamp() - make_interval(days => %(days)s)
"""


def count_expired(kept: Retention, *, all_states: bool) -> int:
    """How many rows `prune` would delete."""
    with workspace_transaction(kept.place):
        ((count,),) = _query(
            f"SELECT count(*) FROM ({_EXPIRED}) AS expired",  # noqa: S608  # a constant
            _expired_parameters(kept, all_states=all_states),
        )
    return int(count)


def prune(kept: Retention, *, all_states: bool, by: Actor) -> int:
    """Delete rows that were kept long enough, a batch at a time. Returns how many.

    Each batch is a transaction of its own with its audit entry, so a long run holds
    nothing up and may be ended at any time.
    """
    parameters = _expired_parameters(kept, all_states=all_states)
    total = 0
    while True:
        with workspace_transaction(kept.place):
            deleted = _query(
                f"""
                WITH gone AS ({_EXPIRED} ORDER BY received_at
                              LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
                DELETE FROM webhooks_rawwebhook raw USING gone WHERE raw.id = gone.id
                RETURNING raw.id, raw.workspace_id, raw.state
                """,  # noqa: S608  # a constant
                {**parameters, "batch": PRUNE_BATCH},
            )
            _audit("inbox.pruned", deleted, by=by, details={"days": kept.days})
        total += len(deleted)
        if len(deleted) < PRUNE_BATCH:
            return total


def lease_for_rehearsal(ids: Sequence[int]) -> Claim:
    """Claim finished rows as a drain would after a replay; the caller rolls it back."""
    token = uuid.uuid4()
    rows = bulk.run(
        """
        UPDATE webhooks_rawwebhook raw
           SET state = 'leased', lease_token = %(token)s, attempts = 1, errors = 0,
               error = '', outcome = NULL, done_at = NULL,
               next_at = statement_timestamp() + interval '1 minute'
         WHERE id = ANY(%(ids)s) AND state = ANY(%(states)s)
        RETURNING raw.id, raw.workspace_id
        """,
        {
            "token": token,
            "ids": list(ids),
            "states": [str(state) for state in REPLAYABLE],
        },
    )
    return Claim(token, [Leased(*columns) for columns in sorted(rows)])


@dataclass(frozen=True, slots=True)
class Settled:
    """What a row has become, as it stands in the database."""

    id: int
    state: str
    error: str
    outcome: Mapping[str, Any]


def read_settled(ids: Sequence[int]) -> Iterator[Settled]:
    rows = _query(
        """
        SELECT id, state, error, coalesce(outcome::text, '{}') FROM webhooks_rawwebhook
         WHERE id = ANY(%(ids)s) ORDER BY id
        """,
        {"ids": list(ids)},
    )
    return (
        Settled(id_, state, error, json.loads(out)) for id_, state, error, out in rows
    )


def _expired_parameters(kept: Retention, *, all_states: bool) -> dict[str, Any]:
    states = PRUNED_WITH_STUCK if all_states else PRUNED
    return {
        "workspace": kept.workspace.pk if kept.workspace else None,
        "days": kept.days,
        "states": [str(state) for state in states],
    }


def _audit(
    action: str,
    changed: Sequence[tuple[int, int | None, str]],
    *,
    by: Actor,
    details: Mapping[str, Any] | None = None,
) -> None:
    """One entry in each workspace; rows of no workspace are only in the log."""
    by_workspace: dict[int | None, list[tuple[int, int | None, str]]] = {}
    for row in sorted(changed):
        by_workspace.setdefault(row[1], []).append(row)
    workspaces = Workspace.objects.in_bulk([one for one in by_workspace if one])
    for workspace_id, rows in by_workspace.items():
        states = _by_state(rows)
        logger.info(
            action, extra={"workspace_id": workspace_id, "rows": len(rows), **states}
        )
        if workspace_id is None:
            continue
        audit.record(
            workspace=workspaces[workspace_id],
            action=action,
            actor=by.user,
            actor_label=by.label,
            details={
                "rows": len(rows),
                "states": states,
                "ids": [id_ for id_, _, _ in rows[:_AUDITED_IDS]],
                **(details or {}),
            },
        )


def _by_state(changed: Iterable[tuple[int, int | None, str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for _, _, state in changed:
        counts[state] = counts.get(state, 0) + 1
    return counts


def _places(selection: Selection) -> list[int]:
    """Where rows of a selection can be."""
    if selection.workspace_id is not None:
        return [selection.workspace_id]
    return inbox.places() if selection.ids is None else _places_of(selection.ids)


def _places_of(ids: Sequence[int]) -> list[int]:
    found = _query(
        "SELECT DISTINCT coalesce(row_workspace_id, 0)"
        " FROM webhooks_workspaces_of(%(ids)s::bigint[])",
        {"ids": list(ids)},
    )
    return sorted(place for (place,) in found)


def _query_each(
    where: Iterable[int], sql: str, parameters: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """The rows of several places, one after the other."""
    rows: list[tuple[Any, ...]] = []
    for place in where:
        with workspace_transaction(place):
            rows += _query(sql, {**parameters, "place": place})
    return rows


def _query(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
