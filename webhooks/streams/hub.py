"""One ear on Redis for each process, and everybody in it who listens.

A single subscription hears the news of all workspaces; what nobody here listens for is
dropped unread. Listeners are handed bytes that were made once. A listener who does not keep
up loses what waits for them and is told to ask anew, so that nobody costs more than a few
kilobytes.
"""

import asyncio
import logging
import random
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from accounts.broadcast import KEPT, KEPT_SECONDS, ring_of
from webhooks import metrics
from webhooks.streams import frames
from webhooks.streams.frames import After, News

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 64  # frames of one listener
# A page is rendered a little before it says so, and clocks differ a little.
SLACK_MS: Final = 5_000
_TOPICS = "workspace.*"
_SECONDS = 2.0
_BEGIN_SECONDS = 1.0  # of a stream that waits for Redis before it says that it is away
_PING_SECONDS = 5.0
_SILENT_SECONDS = 12.0
_AGAIN_SECONDS = (0.3, 1.5)
# The newest id, whether anything was left out, and what came after ARGV[1]. A ring that is
# not there is begun, so that the id which is told can be found in it later.
_CATCH_UP = """
local ring, after = KEYS[1], ARGV[1]
if redis.call('EXISTS', ring) == 0 then redis.call('XADD', ring, '*', 'news', '{}') end
redis.call('EXPIRE', ring, ARGV[2])
local newest = redis.call('XREVRANGE', ring, '+', '-', 'COUNT', 1)[1][1]
if after == '' then return {newest, '', 0, {}} end
local oldest = redis.call('XRANGE', ring, '-', '+', 'COUNT', 1)[1][1]
local found = redis.call('XRANGE', ring, after, '+')
return {newest, oldest, redis.call('XLEN', ring), found}
"""


@dataclass(frozen=True, slots=True)
class Only:
    """The one row that a listener may hear of; its kind and its key."""

    kind: str
    key: str


class Listener:
    """An open stream. `take` gives the bytes that are due; `end` lets it come to its end."""

    __slots__ = ("_frames", "_is_behind", "_wake", "is_over", "only")

    def __init__(self, only: Only | None = None) -> None:
        self.only = only
        self.is_over = False
        self._frames: deque[bytes] = deque()
        self._is_behind = False
        self._wake = asyncio.Event()

    def put(self, frame: bytes, *, id_: str = "") -> None:
        if self._is_behind:
            return
        if len(self._frames) >= MOST_WAITING:
            self._frames.clear()
            self._is_behind = True
            metrics.resynced("slow")
            frame = frames.resync(id_)
        self._frames.append(frame)
        self._wake.set()

    def end(self) -> None:
        self.is_over = True
        self._wake.set()

    async def take(self, patience: float) -> bytes:
        """Everything that waits; a heartbeat when nothing comes for so many seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._wake.wait()
        except TimeoutError:
            return frames.HEARTBEAT
        self._wake.clear()
        told = b"".join(self._frames)
        self._frames.clear()
        self._is_behind = False
        return told


class Hub:
    """Topics and who listens to them. Begun on the running event loop, once."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}
        self._task: asyncio.Task[None] | None = None
        self._client = _connect()
        self._there = asyncio.Event()  # Redis, as far as we know

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="live-hub")

    async def stop(self) -> None:
        task, self._task = self._task, None
        # The client may take a cancellation for a broken connection, and connect again.
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
        await self._client.aclose()

    def add(self, topic: str, listener: Listener) -> None:
        self._listeners.setdefault(topic, set()).add(listener)

    def discard(self, topic: str, listener: Listener) -> None:
        listeners = self._listeners.get(topic, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(topic, None)

    async def catch_up(self, topic: str, listener: Listener, after: After) -> bytes:
        """What a stream begins with: that it is there, and what the page has missed.

        The listener was added before, so nothing falls between this and what comes next.
        """
        try:
            async with asyncio.timeout(_BEGIN_SECONDS):
                await self._there.wait()
        except TimeoutError:
            return frames.AWAY
        try:
            newest, missed = await self._missed(topic, after)
        except (OSError, RedisError, ValueError) as error:
            logger.warning("ring not read", extra={"error": type(error).__name__})
            metrics.resynced("unread")
            return frames.resync("")
        if missed is None:
            metrics.resynced("late")
            return frames.ready(newest) + frames.resync(newest)
        if listener.only is not None:
            missed = frames.narrowed(missed, listener.only.kind, listener.only.key)
        told = frames.change(newest, missed) if missed else b""
        return frames.ready(newest) + told

    async def _missed(self, topic: str, after: After) -> tuple[str, News | None]:
        """The newest id, and all that came after; None when some of that is gone."""
        start = after.id or ""
        if after.moment is not None:
            start = f"{max(after.moment - SLACK_MS, 0)}-0"
        answer = await self._client.eval(
            _CATCH_UP, 1, ring_of(topic), start, str(KEPT_SECONDS)
        )
        newest, oldest, length, found = _text(answer)
        if after.is_garbled:
            return newest, None
        if not start:
            return newest, {}
        if after.id is not None:
            if not found or found[0][0] != after.id:
                return newest, None
            found = found[1:]
        elif after.moment is not None and _has_forgotten(after.moment, oldest, length):
            return newest, None
        news = [frames.read_news(fields[1])[1] for _, fields in found]
        return newest, frames.together(news)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, RedisError) as error:
                logger.warning("Redis away", extra={"error": type(error).__name__})
            except Exception:
                logger.exception("live hub failed")
            if self._there.is_set():
                self._there.clear()
                self._to_all(frames.AWAY)
            await asyncio.sleep(random.uniform(*_AGAIN_SECONDS))  # noqa: S311  # no secret

    async def _listen(self) -> None:
        """Until the connection breaks, or says nothing although it is asked."""
        async with self._client.pubsub() as ear:
            await ear.psubscribe(_TOPICS)
            heard_at = time.monotonic()
            while True:
                message = await ear.get_message(timeout=_PING_SECONDS)
                if message is not None:
                    heard_at = time.monotonic()
                    self._hear(message)
                elif time.monotonic() - heard_at > _SILENT_SECONDS:
                    raise TimeoutError("Redis is silent")
                else:
                    await ear.ping()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":
            # What was told meanwhile has passed us by.
            self._there.set()
            self._to_all(frames.resync(""))
        elif message["type"] == "pmessage":
            topic = message["channel"].decode("utf-8", "replace")
            if topic in self._listeners:
                self._hand_round(topic, message["data"])

    def _hand_round(self, topic: str, text: bytes) -> None:
        try:
            id_, news = frames.read_news(text)
        except ValueError:
            logger.warning("news not understood", extra={"topic": topic})
            return
        metrics.heard()
        frame = frames.change(id_, news)
        for listener in self._listeners[topic]:
            if listener.only is None:
                listener.put(frame, id_=id_)
            elif about := frames.narrowed(news, listener.only.kind, listener.only.key):
                listener.put(frames.change(id_, about), id_=id_)

    def _to_all(self, frame: bytes) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.put(frame)
                if frame is not frames.AWAY:
                    metrics.resynced("redis")


def _connect() -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _has_forgotten(moment: int, oldest: str, length: int) -> bool:
    """Whether a ring may have lost something since then: by its length, or by its age."""
    if time.time() * 1000 - moment > KEPT_SECONDS * 1000:
        return True
    return length >= KEPT and frames.moment_of(oldest) > moment - SLACK_MS


def _text(answer: Any) -> Any:
    """Redis speaks bytes; what is asked here is plain."""
    if isinstance(answer, bytes):
        return answer.decode("utf-8", "replace")
    return [_text(one) for one in answer] if isinstance(answer, list) else answer
