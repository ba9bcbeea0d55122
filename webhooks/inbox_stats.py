"""How the inbox stands, cheaply: what the command and the pages of operators show.

Room `webhooks`; reads only. Rows that wait or are stuck are counted by their small indexes.
Finished ones are most of the table: beyond a size they are estimated, as the planner does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

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
    open_states = _counts(
        "state IN ('received', 'leased', 'parked', 'unrouted')", workspace_id
    )
    states = {str(state): 0 for state in RawState} | open_states
    total = _estimated_rows()
    is_estimate = total > COUNTED_ROWS
    finished: int | None
    if is_estimate:
        for name in (RawState.DONE, RawState.IGNORED):
            del states[name]
        finished = (
            max(0, total - sum(states.values())) if workspace_id is None else None
        )
    else:
        states |= _counts("state IN ('done', 'ignored')", workspace_id)
        finished = states[RawState.DONE] + states[RawState.IGNORED]
    return Stats(
        states=states,
        finished=finished,
        is_estimate=is_estimate,
        oldest_due_seconds=_oldest_due(workspace_id),
        parked=_reasons(RawState.PARKED, workspace_id),
        unrouted=_reasons(RawState.UNROUTED, workspace_id),
        last_hour=_counts(
            "received_at > statement_timestamp() - interval '1 hour'", workspace_id
        ),
    )


_OURS = "(%(workspace)s::bigint IS NULL OR workspace_id = %(workspace)s::bigint)"


def _counts(condition: str, workspace_id: int | None) -> dict[str, int]:
    rows = _query(
        f"""
        SELECT state, count(*) FROM webhooks_rawwebhook
         WHERE {condition} AND {_OURS} GROUP BY state ORDER BY state
        """,  # noqa: S608  # constants
        {"workspace": workspace_id},
    )
    return dict(rows)


def _oldest_due(workspace_id: int | None) -> float:
    ((seconds,),) = _query(
        f"""
        SELECT coalesce(extract(epoch FROM statement_timestamp() - min(next_at)), 0)::float8
          FROM webhooks_rawwebhook
         WHERE state IN ('received', 'leased') AND next_at <= statement_timestamp()
           AND {_OURS}
        """,  # noqa: S608  # a constant
        {"workspace": workspace_id},
    )
    return round(float(seconds), 3)


def _reasons(state: str, workspace_id: int | None) -> list[Reason]:
    rows = _query(
        f"""
        SELECT provider, error, count(*), min(id), min(received_at)
          FROM webhooks_rawwebhook
         WHERE state = %(state)s AND {_OURS}
         GROUP BY provider, error ORDER BY count(*) DESC, min(id) LIMIT %(most)s
        """,  # noqa: S608  # a constant
        {"state": str(state), "workspace": workspace_id, "most": _MOST_REASONS},
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
