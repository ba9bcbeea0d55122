"""Who sends what next: claims across workspaces, leases that end, what is given back.

Claiming learns ids alone, from the functions of migrations/0021_outbox_walls.py. Time is the
database's clock; a claimed row's turn is told in seconds from now, so that workers need not
agree on theirs.
"""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from accounts import bulk
from accounts.scoping import workspace_transaction

BATCH = 200
# Turns are handed out this far ahead: what a dying worker can waste of a number's limit.
AHEAD_SECONDS = 0.6


@dataclass(frozen=True, slots=True, order=True)
class Claimed:
    """A row of a claim. `turn_at` is on this process's monotonic clock."""

    turn_at: float
    is_bulk: bool
    id: int
    workspace_id: int
    channel_id: int
    lease_token: uuid.UUID


@dataclass(slots=True)
class Clock:
    """The database's clock as this process sees it: perhaps late, never early.

    An answer is heard after it was given, so the least that ever lay between the two is the
    nearest to the truth, and still on the late side of it.
    """

    behind: float | None = None

    def hear(self, told: float) -> None:
        heard = time.monotonic() - told
        self.behind = heard if self.behind is None else min(self.behind, heard)

    def at(self, told: float) -> float:
        """A moment of the database on this process's monotonic clock."""
        assert self.behind is not None  # noqa: S101  # hear() comes first
        return told + self.behind


def claim(
    clock: Clock, *, limit: int = BATCH, after_workspace: int = 0
) -> list[Claimed]:
    """Take what is due, shared fairly among workspaces, with a turn for each message."""
    token = uuid.uuid4()
    pair = settings.SEND_RATES["recipient"] or (0, 0)
    rows = bulk.run(
        """
        SELECT entry_id, entry_workspace_id, entry_channel_id, entry_is_bulk, turn_in,
               extract(epoch FROM statement_timestamp())::float8
          FROM whatsapp_outbox_claim(%s::integer, %s::bigint, %s::uuid, %s::integer,
                                     %s::float8, %s::integer, %s::integer)
        """,
        [
            limit,
            after_workspace,
            token,
            settings.OUTBOX_LEASE_SECONDS,
            AHEAD_SECONDS,
            *pair,
        ],
    )
    if rows:
        clock.hear(rows[0][-1])
    return sorted(
        Claimed(clock.at(told + turn_in), is_bulk, id_, workspace_id, channel_id, token)
        for id_, workspace_id, channel_id, is_bulk, turn_in, told in rows
    )


def give_back(claimed: Iterable[Claimed]) -> None:
    """Let others have what nobody got to; its turns are gone."""
    by_workspace: dict[int, list[Claimed]] = {}
    for one in claimed:
        by_workspace.setdefault(one.workspace_id, []).append(one)
    for workspace_id, rows in by_workspace.items():
        with workspace_transaction(workspace_id):
            bulk.run(
                """
                UPDATE whatsapp_outboxentry entry
                   SET state = 'due', lease_token = NULL, next_at = statement_timestamp()
                  FROM unnest(%s::bigint[], %s::uuid[]) AS held(id, token)
                 WHERE entry.id = held.id AND entry.lease_token = held.token
                   AND entry.state = 'claimed'
                """,
                [[one.id for one in rows], [one.lease_token for one in rows]],
            )


def end_leases() -> int:
    """What a dead worker left: claimed messages are due again, submitted ones unconfirmed.

    Nothing of a claimed one has left the machine. Of a submitted one nobody knows, so it is
    never due by itself. Returns how many became unconfirmed.
    """
    ended = bulk.run(
        "SELECT entry_workspace_id, entry_id FROM whatsapp_outbox_end_leases(false)"
    )
    by_workspace: dict[int, list[int]] = {}
    for workspace_id, id_ in ended:
        by_workspace.setdefault(workspace_id, []).append(id_)
    return sum(
        _leave_unconfirmed(workspace_id, ids)
        for workspace_id, ids in by_workspace.items()
    )


def _leave_unconfirmed(workspace_id: int, ids: Sequence[int]) -> int:
    """The lease token stays: should its worker come back with a yes, that still counts."""
    with workspace_transaction(workspace_id):
        rows = bulk.run(
            """
            WITH held AS (
                SELECT id FROM whatsapp_outboxentry
                 WHERE id = ANY(%s) AND state = 'submitting'
                   AND next_at <= statement_timestamp()
                 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
            ), ended AS (
                UPDATE whatsapp_outboxentry entry
                   SET state = 'uncertain', reason = 'worker_gone'
                  FROM held WHERE entry.id = held.id
                RETURNING entry.message_id
            )
            UPDATE whatsapp_message message SET status = 'unconfirmed'
              FROM ended WHERE message.id = ended.message_id
               AND message.status IN ('queued', 'sending')
            RETURNING message.id
            """,
            [list(ids)],
        )
    return len(rows)


def has_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT whatsapp_outbox_has_due()")
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Stats:
    """Messages by state, over all workspaces."""

    states: dict[str, int]
    oldest_due_seconds: float


def stats() -> Stats:
    rows = bulk.run(
        "SELECT entry_state, entries, oldest_seconds FROM whatsapp_outbox_stats()"
        " ORDER BY entry_state"
    )
    return Stats(
        {state: count for state, count, _ in rows},
        max((max(oldest, 0.0) for *_, oldest in rows), default=0.0),
    )
