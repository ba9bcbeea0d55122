"""The restore fence: an older database put back must not send again what it has forgotten.

Before anything is submitted, a number in the database and the same number in a file outside
of it move on together, the database first. A database whose number is behind the file's was
restored from an older copy; so was one that has sent before where the file is gone. Then
nothing goes out until somebody has looked (`manage.py outbox_fence --accept`), and what
might have been sent already is left unconfirmed rather than sent again.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts import bulk
from accounts.scoping import workspace_transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FenceState:
    """`outside` is the file's number, None without a file."""

    epoch: int
    mark: int
    outside: int | None
    closed_at: datetime | None

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A message that this database holds as unsent and that may have been sent."""

    entry_id: int
    workspace_id: int
    business_key: str
    channel: str
    recipient: str
    created_at: datetime


def may_pass() -> bool:
    """Move both numbers on; False when nothing may go out. Outside of transactions."""
    with _held():
        outside = _read()
        if outside is None and _has_never_sent():
            outside = 0
            _write(outside)
        rows = bulk.run(
            """
            INSERT INTO whatsapp_outboxfence AS fence (id, epoch, mark) VALUES (1, 1, 1)
            ON CONFLICT (id) DO UPDATE SET mark = fence.mark + 1
             WHERE fence.closed_at IS NULL
               AND (%(file)s::boolean = false OR fence.mark >= %(outside)s::bigint)
            RETURNING mark
            """,
            {"outside": outside, "file": settings.OUTBOX_FENCE_FILE is not None},
        )
        # A row made just now stands for a database that knows of no sends at all.
        is_behind = bool(rows) and outside is not None and rows[0][0] < outside
        if rows and not is_behind:
            _write(rows[0][0])
            return True
    return _close_or_catch_up()


def state() -> FenceState:
    rows = bulk.run("SELECT epoch, mark, closed_at FROM whatsapp_outboxfence")
    epoch, mark, closed_at = rows[0] if rows else (1, 0, None)
    return FenceState(epoch, mark, _read(), closed_at)


def _close_or_catch_up() -> bool:
    """Nothing unsent means nothing to send twice: then the numbers simply meet again."""
    with transaction.atomic():
        bulk.run(
            """
            UPDATE whatsapp_outboxfence SET closed_at = COALESCE(closed_at, now())
            """
        )
        is_harmless = not _unsent()
    if is_harmless:
        accept(sends_again=False)
        return True
    logger.error("outbox fence closed: an older database was restored")
    return False


def doubtful() -> Iterator[Doubtful]:
    """Every message that may have been sent although this database does not know it."""
    closed_at = state().closed_at
    for workspace_id, ids in _unsent().items():
        with workspace_transaction(workspace_id):
            rows = bulk.run(
                """
                SELECT entry.id, entry.workspace_id, entry.business_key, channel.phone,
                       entry.payload #>> '{recipient,wa_id}', entry.created_at
                  FROM whatsapp_outboxentry entry
                  JOIN integrations_channel channel ON channel.id = entry.channel_id
                 WHERE entry.id = ANY(%s) AND entry.state IN ('due', 'claimed', 'submitting')
                   AND (%s::timestamptz IS NULL OR entry.created_at < %s::timestamptz)
                 ORDER BY entry.id
                """,
                [ids, closed_at, closed_at],
            )
        for id_, owner, key, phone, recipient, created_at in rows:
            yield Doubtful(id_, owner, key, phone, recipient or "", created_at)


def accept(*, sends_again: bool) -> int:
    """Open the fence under a new epoch. Returns how many messages are left unconfirmed.

    With `sends_again` what may have been sent goes out (again); without, it waits for a
    status, a look-up or a person.
    """
    closed_at = state().closed_at
    with transaction.atomic():
        bulk.run("UPDATE whatsapp_outboxfence SET epoch = epoch + 1 WHERE id = 1")
        ((epoch, mark),) = bulk.run("SELECT epoch, mark FROM whatsapp_outboxfence")
        left = sum(
            _renew(workspace_id, ids, epoch, closed_at, sends_again=sends_again)
            for workspace_id, ids in _unsent().items()
        )
        reached = max(mark, _read() or 0) + 1
        bulk.run(
            "UPDATE whatsapp_outboxfence SET mark = %s::bigint, closed_at = NULL",
            [reached],
        )
    with _held():
        _write(reached)
    return left


def _renew(
    workspace_id: int,
    ids: list[int],
    epoch: int,
    closed_at: datetime | None,
    *,
    sends_again: bool,
) -> int:
    with workspace_transaction(workspace_id):
        rows = bulk.run(
            """
            WITH told AS (
                UPDATE whatsapp_outboxentry entry
                   SET epoch = %(epoch)s,
                       state = CASE WHEN is_old.it THEN 'uncertain' ELSE 'due' END,
                       reason = CASE WHEN is_old.it THEN 'restored' ELSE entry.reason END,
                       lease_token = NULL, next_at = statement_timestamp()
                  FROM unnest(%(ids)s::bigint[]) AS wanted(id)
                 CROSS JOIN LATERAL (
                    SELECT NOT %(again)s::boolean
                           AND (%(closed)s::timestamptz IS NULL OR EXISTS (
                                SELECT FROM whatsapp_outboxentry old
                                 WHERE old.id = wanted.id
                                   AND old.created_at < %(closed)s::timestamptz)) AS it
                 ) is_old
                 WHERE entry.id = wanted.id
                   AND entry.state IN ('due', 'claimed', 'submitting')
                RETURNING entry.message_id, entry.state
            )
            UPDATE whatsapp_message message SET status = 'unconfirmed'
              FROM told WHERE message.id = told.message_id AND told.state = 'uncertain'
               AND message.status IN ('queued', 'sending')
            RETURNING message.id
            """,
            {"epoch": epoch, "ids": ids, "again": sends_again, "closed": closed_at},
        )
    return len(rows)


def _unsent() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rows = bulk.run("SELECT entry_workspace_id, entry_id FROM whatsapp_outbox_unsent()")
    for workspace_id, id_ in rows:
        found.setdefault(workspace_id, []).append(id_)
    return found


def _has_never_sent() -> bool:
    return not bulk.run("SELECT mark FROM whatsapp_outboxfence WHERE mark > 0")


# --- the file -----------------------------------------------------------------
@contextmanager
def _held() -> Iterator[None]:
    """The file for us alone: of two that send for the first time, one would find the
    database's number moved on and no file yet, which is how a lost file looks."""
    path: Path | None = settings.OUTBOX_FENCE_FILE
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read() -> int | None:
    path: Path | None = settings.OUTBOX_FENCE_FILE
    if path is None:
        return None
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def _write(mark: int) -> None:
    """While it is held. Only ever forwards; a torn write cannot be read as a number."""
    path: Path | None = settings.OUTBOX_FENCE_FILE
    known = _read()
    if path is None or (known is not None and mark <= known):
        return
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(str(mark))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
