"""The only SQL on a raw webhook's state: append, claim, finish, park, sweep.

Claiming and sweeping look across workspaces and learn ids alone, from the functions of
migrations/0005_walls.py; everything else runs inside the transaction of one workspace.

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
from accounts.models import Workspace
from accounts.scoping import NOBODY, workspace_transaction

BATCH = 200
MAX_ERRORS = 8
MAX_SILENT_CLAIMS = 5
# A row that once took its worker down is tried alone and with a short lease, so that its
# neighbours neither wait for it nor are blamed for it.
SUSPECT_LEASE_SECONDS = 20
_BACKOFF_SECONDS = (1, 2, 4, 8, 16, 64, 300, 1800)


@dataclass(frozen=True, slots=True)
class Leased:
    """A row of a claim; what is in it is read by `take`, in its workspace."""

    id: int
    workspace_id: int | None


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    """A row that `take` holds."""

    id: int
    workspace_id: int | None
    integration_id: int | None
    provider: str
    headers: dict[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that are ours until the lease ends. `lease_token` proves it."""

    lease_token: uuid.UUID
    rows: list[Leased]


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of one row: `done`, `parked`, `ignored` or `unrouted`, and what it changed."""

    id: int
    state: str
    error: str = ""
    outcome: dict[str, Any] = field(default_factory=dict)
    workspaces: frozenset[int] = frozenset()  # where it wrote; not stored


_CLAIM = """
SELECT row_id, row_workspace_id
  FROM webhooks_claim(%(limit)s::integer, %(after)s::bigint, %(suspects)s::boolean,
                      %(token)s::uuid, %(lease)s::integer)
 ORDER BY row_id
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
    return Claim(token, [Leased(*columns) for columns in bulk.run(_CLAIM, parameters)])


def take(ids: Sequence[int], lease_token: uuid.UUID) -> list[ClaimedRow]:
    """Hold rows whose lease is still ours until the transaction ends; first statement of
    every apply.

    Returns the rows that were ours. The rest belongs to somebody else: leave it alone. What
    was taken must be given to `finish` in the same transaction, or to `fail` after it.
    """
    rows = bulk.run(
        """
        SELECT id, workspace_id, integration_id, provider, headers::text, body, received_at
          FROM webhooks_rawwebhook
         WHERE id = ANY(%s) AND lease_token = %s AND state = 'leased'
         ORDER BY id FOR NO KEY UPDATE
        """,
        [list(ids), lease_token],
    )
    return [
        ClaimedRow(
            id_, workspace_id, integration_id, provider, json.loads(headers), *rest
        )
        for id_, workspace_id, integration_id, provider, headers, *rest in rows
    ]


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


def fail(row: Leased, lease_token: uuid.UUID, error: str) -> bool:
    """Record an error on a leased row: due again after a pause, parked after the eighth.

    Returns whether it was parked.
    """
    with (
        workspace_transaction(row.workspace_id or NOBODY),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            """
            UPDATE webhooks_rawwebhook
               SET errors = errors + 1, error = %(error)s, lease_token = NULL,
                   state = CASE WHEN errors + 1 >= %(most)s THEN 'parked' ELSE 'received' END,
                   next_at = statement_timestamp() + make_interval(secs =>
                       (%(pauses)s::integer[])[LEAST(errors + 1, cardinality(%(pauses)s::integer[]))]
                       * (0.75 + random() / 2))
             WHERE id = %(id)s AND lease_token = %(token)s AND state = 'leased'
            RETURNING state
            """,
            {
                "error": error[:500],
                "most": MAX_ERRORS,
                "pauses": list(_BACKOFF_SECONDS),
                "id": row.id,
                "token": lease_token,
            },
        )
        answer = cursor.fetchone()
    return answer is not None and answer[0] == "parked"


def give_back(rows: Sequence[Leased], lease_token: uuid.UUID, error: str) -> None:
    """Let rows of one workspace, of an interrupted claim, be tried again after a pause.

    Each alone: nobody knows whose fault it was, so the claim counts as one that ended
    without a word.
    """
    inside = workspace_transaction(rows[0].workspace_id or NOBODY)
    with inside, connection.cursor() as cursor:
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
            "SELECT webhooks_park_silent(%s, %s)",
            [
                f"{MAX_SILENT_CLAIMS} workers took it and never came back",
                MAX_SILENT_CLAIMS,
            ],
        )
        return int(cursor.fetchone()[0])


def has_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT webhooks_has_due()")
        return bool(cursor.fetchone()[0])


def places() -> list[int]:
    """Every workspace, and where the rows of none are."""
    ids = Workspace.objects.order_by("id").values_list("id", flat=True)
    return [NOBODY, *ids]
