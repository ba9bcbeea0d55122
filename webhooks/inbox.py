"""The only SQL on a raw webhook's state: append, claim, finish, park, sweep.

`processing` comes after. The receiver's side of it, group commit, is in `append.py`; what
people do to rows (replay, park, prune) is in `inbox_admin.py`.
Time is the database's clock throughout, so that workers need not agree on theirs.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from accounts import bulk

BATCH = 200
MAX_ERRORS = 8
MAX_SILENT_CLAIMS = 5
# A row that once took its worker down is tried alone and with a short lease, so that its
# neighbours neither wait for it nor are blamed for it.
SUSPECT_LEASE_SECONDS = 20
_BACKOFF_SECONDS = (1, 2, 4, 8, 16, 64, 300, 1800)


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    id: int
    workspace_id: int | None
    integration_id: int | None
    provider: str
    headers: dict[str, str]
    body: bytes
    received_at: datetime
    errors: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that are ours until the lease ends. `lease_token` proves it."""

    lease_token: uuid.UUID
    rows: list[ClaimedRow]


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of one row: `done`, `parked`, `ignored` or `unrouted`, and what it changed."""

    id: int
    state: str
    error: str = ""
    outcome: dict[str, Any] = field(default_factory=dict)


_CLAIM = """
WITH RECURSIVE due_workspace AS (
    (SELECT COALESCE(workspace_id, 0) AS id FROM webhooks_rawwebhook
      WHERE state IN ('received', 'leased') AND next_at <= statement_timestamp()
      ORDER BY COALESCE(workspace_id, 0) LIMIT 1)
    UNION ALL
    SELECT (SELECT COALESCE(workspace_id, 0) FROM webhooks_rawwebhook
             WHERE state IN ('received', 'leased') AND next_at <= statement_timestamp()
               AND COALESCE(workspace_id, 0) > due_workspace.id
             ORDER BY COALESCE(workspace_id, 0) LIMIT 1)
      FROM due_workspace WHERE due_workspace.id IS NOT NULL
), turn AS (
    SELECT id FROM due_workspace WHERE id IS NOT NULL
     ORDER BY id <= %(after)s, id LIMIT %(limit)s
), picked AS (
    SELECT row.id FROM turn CROSS JOIN LATERAL (
        SELECT raw.id FROM webhooks_rawwebhook raw
         WHERE raw.state IN ('received', 'leased') AND raw.next_at <= statement_timestamp()
           AND COALESCE(raw.workspace_id, 0) = turn.id
           AND (raw.attempts > raw.errors) = %(suspects)s
         ORDER BY raw.next_at, raw.id
         LIMIT GREATEST(1, %(limit)s / (SELECT count(*) FROM turn))
           FOR UPDATE SKIP LOCKED
    ) row
    LIMIT %(limit)s
)
UPDATE webhooks_rawwebhook raw
   SET state = 'leased', lease_token = %(token)s, attempts = attempts + 1,
       next_at = statement_timestamp() + make_interval(secs => %(lease)s)
  FROM picked WHERE raw.id = picked.id
RETURNING raw.id, raw.workspace_id, raw.integration_id, raw.provider, raw.headers::text,
          raw.body, raw.received_at, raw.errors
"""


def claim(*, limit: int = BATCH, after_workspace: int = 0) -> Claim:
    """Take up to `limit` due rows, shared fairly among workspaces, starting past one."""
    return _claim(
        limit=limit,
        after=after_workspace,
        suspects=False,
        lease=settings.INBOX_LEASE_SECONDS,
    )


def claim_suspect() -> Claim:
    """Take one row whose last claim ended without a word."""
    lease = min(SUSPECT_LEASE_SECONDS, settings.INBOX_LEASE_SECONDS)
    return _claim(limit=1, after=0, suspects=True, lease=lease)


def _claim(*, limit: int, after: int, suspects: bool, lease: int) -> Claim:
    token = uuid.uuid4()
    parameters = {
        "limit": limit,
        "after": after,
        "suspects": suspects,
        "token": token,
        "lease": lease,
    }
    rows = [row_of(columns) for columns in bulk.run(_CLAIM, parameters)]
    rows.sort(key=lambda row: row.id)
    return Claim(token, rows)


def row_of(columns: tuple[Any, ...]) -> ClaimedRow:
    """A row as `_CLAIM` returns it."""
    id_, workspace_id, integration_id, provider, headers, *rest = columns
    return ClaimedRow(
        id_, workspace_id, integration_id, provider, json.loads(headers), *rest
    )


def take(ids: Sequence[int], lease_token: uuid.UUID) -> set[int]:
    """Hold rows whose lease is still ours until the transaction ends; first statement of
    every apply.

    Returns the ids that were ours. The rest belongs to somebody else: leave it alone. What
    was taken must be given to `finish` in the same transaction.
    """
    rows = bulk.run(
        """
        SELECT id FROM webhooks_rawwebhook
         WHERE id = ANY(%s) AND lease_token = %s AND state = 'leased'
         ORDER BY id FOR NO KEY UPDATE
        """,
        [list(ids), lease_token],
    )
    return {id_ for (id_,) in rows}


def finish(results: Iterable[Finished]) -> None:
    """Mark rows that `take` gave us as done, with what became of them."""
    rows = list(results)
    if not rows:
        return
    bulk.run(
        """
        UPDATE webhooks_rawwebhook raw
           SET state = new.state, error = new.error, outcome = new.outcome::jsonb,
               done_at = statement_timestamp(), lease_token = NULL
          FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
               AS new(id, state, error, outcome)
         WHERE raw.id = new.id
        """,
        [
            [row.id for row in rows],
            [row.state for row in rows],
            [row.error[:500] for row in rows],
            [json.dumps(row.outcome) for row in rows],
        ],
    )


def fail(row: ClaimedRow, lease_token: uuid.UUID, error: str) -> bool:
    """Record an error on a leased row: due again after a pause, parked after the eighth.

    Returns whether it was parked.
    """
    pause = _BACKOFF_SECONDS[min(row.errors, len(_BACKOFF_SECONDS) - 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE webhooks_rawwebhook
               SET errors = errors + 1, error = %(error)s, lease_token = NULL,
                   state = CASE WHEN errors + 1 >= %(most)s THEN 'parked' ELSE 'received' END,
                   next_at = statement_timestamp() + make_interval(secs => %(pause)s * (0.75 + random() / 2))
             WHERE id = %(id)s AND lease_token = %(token)s AND state = 'leased'
            RETURNING state
            """,
            {
                "error": error[:500],
                "most": MAX_ERRORS,
                "pause": pause,
                "id": row.id,
                "token": lease_token,
            },
        )
        answer = cursor.fetchone()
    return answer is not None and answer[0] == "parked"


def give_back(rows: Sequence[ClaimedRow], lease_token: uuid.UUID, error: str) -> None:
    """Let rows of an interrupted claim be tried again after a pause, each alone.

    Nobody knows whose fault it was, so the claim counts as one that ended without a word.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE webhooks_rawwebhook
               SET state = 'received', lease_token = NULL, error = %s,
                   next_at = statement_timestamp()
                       + make_interval(secs => power(4, LEAST(attempts - errors, 5) - 1))
             WHERE id = ANY(%s) AND lease_token = %s AND state = 'leased'
            """,
            [error[:500], [row.id for row in rows], lease_token],
        )


def park_silent() -> int:
    """Park rows whose claims ended without a word five times: they take workers down."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE webhooks_rawwebhook
               SET state = 'parked', lease_token = NULL,
                   error = left(concat_ws('; before that: ', %s, NULLIF(error, '')), 500)
             WHERE state IN ('received', 'leased') AND next_at <= statement_timestamp()
               AND attempts - errors >= %s
            """,
            [
                f"{MAX_SILENT_CLAIMS} workers took it and never came back",
                MAX_SILENT_CLAIMS,
            ],
        )
        return int(cursor.rowcount)


def has_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM webhooks_rawwebhook
                            WHERE state IN ('received', 'leased') AND next_at <= statement_timestamp())
            """
        )
        return bool(cursor.fetchone()[0])
