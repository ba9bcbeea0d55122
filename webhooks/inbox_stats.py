"""How the inbox stands, cheaply: what the command and the pages of operators show.

Room `webhooks`; reads only. Rows that wait or are stuck are counted by their small indexes.
Finished ones are most of the table: beyond a size they are estimated, as the planner does.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.scoping import workspace_transaction
from webhooks import inbox
from webhooks.models import RawState

# Up to this many rows counting them takes milliseconds.
COUNTED_ROWS = 100_000
_MOST_REASONS = 20


@dataclass(frozen=True, slots=True)
class Reason:
    """Rows that wait for a person, by what they wait for."""

    provider: str
    reason: str
    rows: int
    first_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Stats:
    """`finished` is done and ignored together where they are too many to count.

    `is_estimate` says so; with a workspace named there is no estimate either, and
    `finished` is None.
    """

    states: dict[str, int]
    finished: int | None
    is_estimate: bool
    oldest_due_seconds: float
    parked: list[Reason]
    unrouted: list[Reason]
    last_hour: dict[str, int]

    @property
    def per_minute(self) -> float:
        return round(sum(self.last_hour.values()) / 60, 2)


def read(*, workspace_id: int | None = None) -> Stats:
    total = _estimated_rows()
    is_estimate = total > COUNTED_ROWS
    where = inbox.places() if workspace_id is None else [workspace_id]
    parts = [_read_one(place, counts_finished=not is_estimate) for place in where]
    states = {str(state): 0 for state in RawState} | _sum(part.states for part in parts)
    finished: int | None
    if is_estimate:
        for name in (RawState.DONE, RawState.IGNORED):
            del states[name]
        finished = (
            max(0, total - sum(states.values())) if workspace_id is None else None
        )
    else:
        finished = states[RawState.DONE] + states[RawState.IGNORED]
    return Stats(
        states=states,
        finished=finished,
        is_estimate=is_estimate,
        oldest_due_seconds=max(part.oldest_due_seconds for part in parts),
        parked=_most(one for part in parts for one in part.parked),
        unrouted=_most(one for part in parts for one in part.unrouted),
        last_hour=_sum(part.last_hour for part in parts),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What one workspace, or nobody, adds to the sums."""

    states: dict[str, int]
    oldest_due_seconds: float
    parked: list[Reason]
    unrouted: list[Reason]
    last_hour: dict[str, int]


def _read_one(place: int, *, counts_finished: bool) -> _Part:
    with workspace_transaction(place):
        states = _counts("state IN ('received', 'leased', 'parked', 'unrouted')", place)
        if counts_finished:
            states |= _counts("state IN ('done', 'ignored')", place)
        return _Part(
            states=states,
            oldest_due_seconds=_oldest_due(place),
            parked=_reasons(RawState.PARKED, place),
            unrouted=_reasons(RawState.UNROUTED, place),
            last_hour=_counts(
                "received_at > statement_timestamp() - interval '1 hour'", place
            ),
        )


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _most(reasons: Iterable[Reason]) -> list[Reason]:
    """The same reason in several workspaces is one line."""
    found: dict[tuple[str, str], Reason] = {}
    for one in reasons:
        same = found.setdefault((one.provider, one.reason), one)
        if same is not one:
            found[one.provider, one.reason] = replace(
                same,
                rows=same.rows + one.rows,
                first_id=min(same.first_id, one.first_id),
                since=min(same.since, one.since),
            )
    ordered = sorted(found.values(), key=lambda one: (-one.rows, one.first_id))
    return ordered[:_MOST_REASONS]


_OURS = "COALESCE(workspace_id, 0) = %(place)s"


def _counts(condition: str, place: int) -> dict[str, int]:
    rows = _query(
        f"""
        SELECT state, count(*) FROM webhooks_rawwebhook
         WHERE {condition} AND {_OURS} GROUP BY state ORDER BY state
        """,  # noqa: S608  # constants
        {"place": place},
    )
    return dict(rows)


def _oldest_due(place: int) -> float:
    ((seconds,),) = _query(
        f"""
        SELECT coalesce(extract(epoch FROM statement_timestamp() - min(next_at)), 0)::float8
          FROM webhooks_rawwebhook
         WHERE state IN ('received', 'leased') AND next_at <= statement_timestamp()
           AND {_OURS}
        """,  # noqa: S608  # a constant
        {"place": place},
    )
    return round(float(seconds), 3)


def _reasons(state: str, place: int) -> list[Reason]:
    rows = _query(
        f"""
        SELECT provider, error, count(*), min(id), min(received_at)
          FROM webhooks_rawwebhook
         WHERE state = %(state)s AND {_OURS}
         GROUP BY provider, error ORDER BY count(*) DESC, min(id) LIMIT %(most)s
        """,  # noqa: S608  # a constant
        {"state": str(state), "place": place, "most": _MOST_REASONS},
    )
    return [Reason(*row) for row in rows]


def _estimated_rows() -> int:
    """As of the last analyze; -1 of a table that had none yet is few for certain."""
    ((rows,),) = _query(
        """
        SELECT reltuples::bigint FROM pg_class
         WHERE oid = 'webhooks_rawwebhook'::regclass
        """,
        {},
    )
    return int(rows)


def _query(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
