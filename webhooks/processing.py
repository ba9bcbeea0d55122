"""THE CORRIDOR: claimed rows in, conversations out.

parse → who is it → where from → lead, conversation, message, status → finish. A claim knows
ids alone; a batch is read and applied in sets, one transaction for each workspace; when that fails, row by row, so that a
bad row is parked alone. `apply.py` holds the walk of one workspace's events.
"""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
)
from django.utils import timezone

from accounts import bulk
from accounts.scoping import NOBODY, workspace_transaction
from integrations import gateway
from integrations.providers.base.errors import Unreadable
from integrations.providers.base.types import Event
from webhooks import apply, inbox, journal
from webhooks.inbox import Claim, ClaimedRow, Finished, Leased
from whatsapp.services.conversations import ThreadMoved

logger = logging.getLogger(__name__)

PARSE_SECONDS = 5.0
APPLY_SECONDS = 30.0
GIVE_BACK_SECONDS = 10.0
MOST_TRIES = 3  # of a batch whose leads are merged while it is on its way
# The database is away, our session was ended, or a lock or a statement took too long.
INTERRUPTIONS = (OperationalError, InterfaceError, InternalError)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A row that is held, with its events."""

    row: ClaimedRow
    events: list[Event]


@dataclass(slots=True)
class Tally:
    """What a drain did, for logs and commands."""

    done: int = 0
    failed: int = 0
    parked: int = 0
    workspaces: set[int] = field(default_factory=set)  # where something was written


class TookTooLong(Exception):
    """Code that should be quick was not; the row that caused it is to blame."""


def drain(*, budget_seconds: float) -> Tally:
    """Process due rows until none is left or the time is up."""
    tally = Tally()
    until = time.monotonic() + budget_seconds
    after_workspace = 0
    while time.monotonic() < until:
        claim = inbox.claim(after_workspace=after_workspace)
        if claim.rows:
            after_workspace = claim.rows[-1].workspace_id or 0
        else:
            # Here too, since a busy inbox takes a killer again before any sweep sees it due.
            tally.parked += inbox.park_silent()
            claim = inbox.claim_suspect()
        if not claim.rows:
            break
        process(claim, tally=tally)
    return tally


def process(claim: Claim, *, tally: Tally | None = None) -> Tally:
    """Parse and apply claimed rows."""
    tally = tally or Tally()
    with _watch():
        _process(claim, tally)
    return tally


def _process(claim: Claim, tally: Tally) -> None:
    by_workspace: dict[int | None, list[Leased]] = {}
    for row in claim.rows:
        by_workspace.setdefault(row.workspace_id, []).append(row)
    for workspace_id, rows in by_workspace.items():
        try:
            if workspace_id is None:
                # Their events go to every workspace they name: each alone.
                for row in rows:
                    _apply_batch([row], claim, tally)
            else:
                _apply_batch(rows, claim, tally)
        except INTERRUPTIONS as error:
            _give_back(rows, claim, error)


def _apply_batch(
    rows: list[Leased], claim: Claim, tally: Tally, *, tries: int = MOST_TRIES
) -> None:
    """Apply rows of one workspace, or one row of none."""
    try:
        tally.done += _apply(rows, claim, tally)
    except ThreadMoved:
        # Somebody merged these leads at this moment: who is who is asked anew, at once.
        if tries == 1:
            raise
        _apply_batch(rows, claim, tally, tries=tries - 1)
    except INTERRUPTIONS:
        raise
    except _Slow as slow:
        _record_failure(slow.row, claim, slow.error, tally)
        rest = [row for row in rows if row.id != slow.row.id]
        if rest:
            _apply_batch(rest, claim, tally)
    except Exception as error:  # noqa: BLE001  # one of them is bad: find out which
        if len(rows) == 1:
            _record_failure(rows[0], claim, error, tally)
            return
        logger.warning(
            "batch failed, going one by one",
            extra={
                "workspace_id": rows[0].workspace_id,
                "error": type(error).__name__,
            },
        )
        for row in rows:
            _apply_batch([row], claim, tally)


def _apply(rows: list[Leased], claim: Claim, tally: Tally) -> int:
    """One transaction: hold the rows, read, walk, finish. Returns how many were walked."""
    workspace_id = rows[0].workspace_id
    now = timezone.now()
    with workspace_transaction(workspace_id or NOBODY):
        _limit_session()
        ours = inbox.take([row.id for row in rows], claim.lease_token)
        read = _Read()
        for row in ours:
            _parse(row, read)
        walked = _walk(workspace_id, read.parsed, now=now) if read.parsed else []
        inbox.finish([*walked, *read.unreadable])
    if ours:
        journal.received(
            [row.id for row in ours],
            workspace_id=workspace_id,
            integration_ids={row.integration_id for row in ours if row.integration_id},
        )
    tally.parked += len(read.unreadable)
    tally.workspaces.update(*(one.workspaces for one in walked))
    for failed, error in read.failed:
        _record_failure(failed, claim, error, tally)
    return len(walked)


@dataclass(slots=True)
class _Read:
    """What parsing made of a batch."""

    parsed: list[Parsed] = field(default_factory=list)
    unreadable: list[Finished] = field(default_factory=list)
    failed: list[tuple[Leased, Exception]] = field(default_factory=list)


class _Slow(Exception):
    """A body that was given up: the rest goes on in a transaction that has not waited."""

    def __init__(self, row: Leased, error: TookTooLong) -> None:
        super().__init__()
        self.row = row
        self.error = error


def _parse(row: ClaimedRow, read: _Read) -> None:
    """A body that can never be read is parked at once: trying again cannot help."""
    leased = Leased(row.id, row.workspace_id)
    try:
        with _deadline(PARSE_SECONDS):
            events = gateway.parse(row.provider, row.body, row.headers)
        read.parsed.append(Parsed(row, events))
    except Unreadable as error:
        read.unreadable.append(Finished(row.id, "parked", str(error)))
    except TookTooLong as error:
        raise _Slow(leased, error) from None
    except Exception as error:  # noqa: BLE001  # whatever one body does, the others go on
        read.failed.append((leased, error))


def _limit_session() -> None:
    """Whoever stops inside a batch loses it, and its locks, long before the lease ends.

    Otherwise those who write to the same people would wait for a worker that hangs. The
    statements of a batch are always the same: they are planned once, not every time.
    """
    lease = settings.INBOX_LEASE_SECONDS * 1000
    bulk.run(
        """
        SELECT set_config('idle_in_transaction_session_timeout', %s, true),
               set_config('lock_timeout', %s, true),
               set_config('statement_timeout', %s, true),
               set_config('plan_cache_mode', 'force_generic_plan', true)
        """,
        [str(lease // 4), str(lease // 4), str(lease // 2)],
    )


def _walk(
    workspace_id: int | None, batch: list[Parsed], *, now: datetime
) -> list[Finished]:
    with _deadline(APPLY_SECONDS):
        return apply.apply(
            workspace_id,
            [(parsed.row, parsed.events) for parsed in batch],
            now=now,
        )


def _record_failure(row: Leased, claim: Claim, error: Exception, tally: Tally) -> None:
    name = type(error).__name__
    try:
        parked = inbox.fail(row, claim.lease_token, f"{name}: {error}"[:500])
    except (DatabaseError, InterfaceError):
        return  # then its lease ends without a word, which counts as well
    tally.failed += 1
    if parked:
        tally.parked += 1
        logger.error("webhook parked", extra={"raw_webhook_id": row.id, "error": name})
    else:
        logger.warning(
            "webhook failed", extra={"raw_webhook_id": row.id, "error": name}
        )


def _give_back(rows: list[Leased], claim: Claim, error: Exception) -> None:
    """Let what is left of an interrupted batch be tried again soon, row by row.

    A database that restarts is back within seconds, a lease would hold the rows for longer.
    When it stays away, the lease brings them back.
    """
    name = type(error).__name__
    until = time.monotonic() + GIVE_BACK_SECONDS
    while True:
        connection.close_if_unusable_or_obsolete()
        try:
            inbox.give_back(rows, claim.lease_token, f"{name}: {error}")
        except (DatabaseError, InterfaceError):
            if time.monotonic() > until:
                raise error from None
            time.sleep(0.5)
        else:
            break
    logger.warning("batch interrupted", extra={"rows": len(rows), "error": name})


@contextmanager
def _watch() -> Iterator[None]:
    """Let `_deadline` interrupt the code inside; only a main thread can be told."""
    if not _in_main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in this code after `seconds`."""
    if not _in_main_thread():
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(signum: int, frame: object) -> None:
    raise TookTooLong("code that handles a webhook did not come to an end")


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
