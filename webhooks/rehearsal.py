"""What would a replay change? The real corridor, in a transaction that is rolled back.

Between `inbox_admin`, which replays, and `processing`, which does the work and does not
know that it is watched.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

from accounts import bulk
from accounts.scoping import NOBODY, inside, workspace_transaction
from webhooks import inbox_admin, processing
from webhooks.inbox_admin import Selection
from webhooks.models import RawState

CHUNK = 50
# One transaction holds up the live work of a workspace no longer than this. A longer
# rehearsal goes on in a further one, which knows nothing of what was rolled back.
MOST_SECONDS = 5.0
MOST_ROWS = 1000  # the names of their people stay locked as long: that table is finite
_KEPT_IDS = 10

_TABLES = {
    "leads": "whatsapp_lead",
    "conversations": "whatsapp_conversation",
    "messages": "whatsapp_message",
    "statuses": "whatsapp_statusevent",
    "waiting_statuses": "whatsapp_waitingstatus",
    "attributions": "whatsapp_attribution",
    "touches": "whatsapp_touch",
}
_SETTLED = {RawState.DONE, RawState.IGNORED}
_IN_WORK = {RawState.RECEIVED, RawState.LEASED}


@dataclass(slots=True)
class Failing:
    """Rows that would fail again, by reason."""

    rows: int = 0
    ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Rehearsal:
    """The difference a replay would make.

    With several parts of one workspace, a later one may count again what an earlier one added.
    """

    rows: int = 0
    parts: int = 0
    states: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    failing: dict[str, Failing] = field(default_factory=dict)


def rehearse(selection: Selection, *, most_seconds: float = MOST_SECONDS) -> Rehearsal:
    """Run the rows through the corridor, count, and undo everything."""
    found = Rehearsal()
    with _quiet():
        for workspace_id, ids in inbox_admin.find(selection).items():
            left = ids
            while left:
                left = _one_part(workspace_id, left, found, most_seconds=most_seconds)
    return found


def _one_part(
    workspace_id: int | None, ids: list[int], found: Rehearsal, *, most_seconds: float
) -> list[int]:
    """As many of the rows as time and locks allow; the rest is handed back.

    The workspace is held first and alone: names taken batch after batch in one transaction
    would be out of order, and the live work could meet them in a deadlock. A row of no
    workspace takes what it needs in order, hence it is a part by itself.
    """
    until = time.monotonic() + most_seconds
    most_rows = MOST_ROWS if workspace_id is not None else 1
    done = 0
    with workspace_transaction(workspace_id or NOBODY):
        if workspace_id is not None:
            bulk.lock_workspace(workspace_id)
        before = _last_ids()
        touched: set[int] = set()
        while done < min(len(ids), most_rows):
            chunk = ids[done : min(done + CHUNK, most_rows)]
            touched |= _process(chunk, found)
            done += len(chunk)
            if time.monotonic() >= until:
                break
        for one in touched:
            with inside(one):
                found.new.update(_added_since(before))
        transaction.set_rollback(True)
    found.parts += 1
    return ids[done:]


def _process(ids: Sequence[int], found: Rehearsal) -> set[int]:
    """Returns the workspaces in which something was written."""
    claim = inbox_admin.lease_for_rehearsal(ids)
    tally = processing.process(claim)
    for row in inbox_admin.read_settled([row.id for row in claim.rows]):
        found.rows += 1
        # A row that would be tried again is due once more; the reason is what counts here.
        found.states["failing" if row.state in _IN_WORK else row.state] += 1
        found.duplicates += int(row.outcome.get("duplicates", 0))
        if row.state not in _SETTLED:
            failing = found.failing.setdefault(row.error, Failing())
            failing.rows += 1
            if len(failing.ids) < _KEPT_IDS:
                failing.ids.append(row.id)
    return tally.workspaces


def _last_ids() -> dict[str, int]:
    """The last id each table gave out, whoever took it: what comes later has a higher one."""
    columns = ", ".join(
        f"coalesce(pg_sequence_last_value('{table}_id_seq'), 0)"
        for table in _TABLES.values()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}")
        return dict(zip(_TABLES, cursor.fetchone(), strict=True))


def _added_since(before: dict[str, int]) -> Counter[str]:
    """Rows that this very transaction added, whatever others commit meanwhile.

    Of all rows one sees, only one's own are of a transaction still in progress.
    """
    added: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for name, table in _TABLES.items():
            cursor.execute(
                f"""
                SELECT count(*) FROM {table}
                 WHERE id > %s AND pg_xact_status(
                    ((pg_current_xact_id()::text::bigint & ~4294967295)
                     | xmin::text::bigint)::text::xid8) = 'in progress'
                """,  # noqa: S608  # a constant
                [before[name]],
            )
            added[name] = cursor.fetchone()[0]
    return added


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of it happened, so nothing of it is logged; other threads go on as ever."""
    me = threading.get_ident()

    def is_real(record: logging.LogRecord) -> bool:
        return record.thread != me

    loggers = [
        logging.getLogger(name) for name in ("integrations", processing.__name__)
    ]
    for logger in loggers:
        logger.addFilter(is_real)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_real)
