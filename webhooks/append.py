"""Group commit: requests that arrive while a commit is under way share the next one.

The receiver awaits `GroupCommit.append()`; it returns when the row is on disk. One flush is
one statement on one connection in autocommit, so one commit.
"""

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

import psycopg

from accounts import direct

logger = logging.getLogger(__name__)

FLUSH_ROWS = 256
FLUSH_BYTES = 8 * 1024 * 1024
# What may wait in memory before the receiver says 503 at once.
QUEUE_BYTES = 64 * 1024 * 1024
DEADLINE_SECONDS = 2.5

# One statement for the rows of several workspaces: see webhooks/migrations/0005_walls.py.
_INSERT = """
SELECT webhooks_append(%b::uuid[], %b::bigint[], %b::bigint[], %b::text[], %b::text[],
                       %b::bytea[], %b::bytea[], %b::timestamptz[])
"""


class NotStored(Exception):
    """The row is not known to be on disk: answer 503, the provider will send it again."""


@dataclass(slots=True, eq=False)
class _Waiting:
    columns: tuple[int | None, int | None, str, str, bytes, bytes, datetime]
    size: int
    arrived: float  # of the loop's clock
    stored: "asyncio.Future[None]" = field(repr=False)


class GroupCommit:
    """One queue and one connection of this process; made on its event loop.

    `on_flush` is called after each commit, once however many rows it had.
    """

    def __init__(self, *, on_flush: Callable[[], None]) -> None:
        self._on_flush = on_flush
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._connection: psycopg.AsyncConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._run(), name="group-commit"),
            asyncio.create_task(self._expire(), name="group-commit-deadline"),
        ]

    async def stop(self) -> None:
        """Flush what waits, for as long as a request would, then close."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while self._queue:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            logger.warning("stopped with unwritten webhooks")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._disconnect()

    async def append(
        self,
        *,
        workspace_id: int | None,
        integration_id: int | None,
        provider: str,
        headers: Mapping[str, str],
        body: bytes,
        received_at: datetime,
    ) -> None:
        """Return when the row is committed, else raise NotStored within the deadline."""
        size = len(body)
        if self._queued_bytes + size > QUEUE_BYTES:
            raise NotStored("the queue is full")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(
            columns=(
                workspace_id,
                integration_id,
                provider,
                _as_json(tuple(headers.items())),
                body,
                sha256(body).digest(),
                received_at,
            ),
            size=size,
            arrived=loop.time(),
            stored=loop.create_future(),
        )
        self._queue.append(waiting)
        self._queued_bytes += size
        self._wake.set()
        await waiting.stored

    async def _expire(self) -> None:
        """Let nobody wait past the deadline while the database is busy with others.

        One timer for the queue instead of one for each request. What is given up here is
        never written; what a flush gives up may be, and is then recognised when the
        provider sends it again.
        """
        while True:
            await asyncio.sleep(0.1)
            too_old = asyncio.get_running_loop().time() - DEADLINE_SECONDS
            while self._queue and self._queue[0].arrived < too_old:
                waiting = self._queue.popleft()
                self._queued_bytes -= waiting.size
                _refuse(waiting, "the database did not answer in time")

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._flush(self._next_batch())

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < FLUSH_ROWS and size < FLUSH_BYTES:
            waiting = self._queue.popleft()
            self._queued_bytes -= waiting.size
            size += waiting.size
            batch.append(waiting)
        return batch

    async def _flush(self, batch: list[_Waiting]) -> None:
        writing = asyncio.create_task(self._write(batch))
        waited = asyncio.get_running_loop().time() - batch[0].arrived
        await asyncio.wait({writing}, timeout=max(0.1, DEADLINE_SECONDS - waited))
        if not writing.done():
            await self._abandon(writing)
        error: BaseException | None = (
            TimeoutError() if writing.cancelled() else writing.exception()
        )
        if error is None:
            for waiting in batch:
                if not waiting.stored.done():
                    waiting.stored.set_result(None)
            self._on_flush()
            return
        logger.error(
            "webhooks not stored",
            extra={"rows": len(batch), "error": type(error).__name__},
        )
        self._disconnect()
        for waiting in batch:
            _refuse(waiting, "the database refused")

    async def _write(self, batch: list[_Waiting]) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = await connect()
        columns = [
            list(column) for column in zip(*(row.columns for row in batch), strict=True)
        ]
        await self._connection.execute(
            _INSERT, [_new_keys(len(batch)), *columns], prepare=True
        )

    async def _abandon(self, writing: "asyncio.Task[None]") -> None:
        """Leave a frozen database. Closing the socket first keeps psycopg from asking it,
        politely and for seconds, to cancel the statement."""
        self._disconnect()
        writing.cancel()
        await asyncio.wait({writing}, timeout=1)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.pgconn.finish()


def _refuse(waiting: _Waiting, reason: str) -> None:
    if not waiting.stored.done():
        waiting.stored.set_exception(NotStored(reason))


def _new_keys(count: int) -> list[UUID]:
    """As `accounts.keys.new_key`, with one call to the system for all."""
    noise = secrets.token_bytes(16 * count)
    return [UUID(bytes=noise[at : at + 16]) for at in range(0, len(noise), 16)]


@lru_cache(maxsize=1024)
def _as_json(headers: tuple[tuple[str, str], ...]) -> str:
    """Providers send the same few headers with every body."""
    return json.dumps(dict(headers))


async def connect() -> psycopg.AsyncConnection:
    """A connection of our own beside Django's pool, and never patient."""
    connection = await direct.connect()
    await connection.execute("SET statement_timeout = '2s'")
    return connection
