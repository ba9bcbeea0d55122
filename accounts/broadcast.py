"""News for open pages: which rows have changed, told over Redis once that is committed.

Room 0, so that every room may tell. Told are kinds and keys, never a text, a name or a
number. Nobody waits for Redis: a thread of each process tells, and keeps what it could not
tell until Redis is back. `webhooks.streams` passes it on to browsers.
"""

import atexit
import json
import logging
import os
import threading
import time
from collections.abc import Iterable
from enum import StrEnum
from functools import partial
from typing import Final

import redis
from django.conf import settings
from django.db import transaction
from prometheus_client import Counter
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

EVERY_KEY: Final = "*"  # stands for more keys than are worth naming
MOST_KEYS: Final = 50
# What a ring keeps of a workspace's news, for pages that come back; see docs/adr/0025.
KEPT: Final = 500
KEPT_SECONDS: Final = 6 * 3600

_SECONDS = 0.5  # of patience with Redis
_PAUSE = 0.02  # news that follow one another at once go out together
_PAUSE_AWAY = 1.0
_EXIT_SECONDS = 0.3
_RING = "recado:ring:"
_CLIENT = "client."
# One step, so that the order in the ring is the order in which listeners hear.
_TELL = """
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'news', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], '{"id":"' .. id .. '",' .. string.sub(ARGV[1], 2))
"""
_TOLD = Counter("recado_live_told", "News told over Redis, by topic.", ["topic"])
_PUT_OFF = Counter("recado_live_put_off", "Times that Redis took no news.")


class Kind(StrEnum):
    """What the keys beside it are keys of."""

    CONVERSATION = "conversation"  # a message came, or it is another way in the list
    DELIVERY = "delivery"  # what became of messages of ours, by their conversation
    TICKET = "ticket"
    PUBLIC_TICKET = "public_ticket"  # changed in what its client sees, too
    OUTAGE = "outage"  # of a number: it began, goes on or is over


def workspace_topic(key: object) -> str:
    return f"workspace.{key}"


def client_topic(oauth_id: str) -> str:
    return f"{_CLIENT}{oauth_id}"


def ring_of(topic: str) -> str:
    """The Redis stream that keeps the newest news of a workspace."""
    return f"{_RING}{topic}"


def tell(topic: str, kind: Kind, keys: Iterable[object]) -> None:
    """Once the transaction is committed: rows of this kind have changed. Returns at once."""
    told = {str(key) for key in keys}
    if told:
        transaction.on_commit(partial(_add, topic, kind, told), robust=True)


def flush(seconds: float = 2.0) -> bool:
    """Wait until everything is told; False when it is not after `seconds`."""
    return _teller.flush(seconds)


class Teller:
    """What is still to be told, and the thread that tells it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._news: dict[str, dict[Kind, set[str]]] = {}
        self._is_telling = False
        self._thread: threading.Thread | None = None

    def add(self, topic: str, kind: Kind, keys: Iterable[str]) -> None:
        with self._lock:
            self._note(topic, kind, keys)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="broadcast", daemon=True
                )
                self._thread.start()
        self._wanted.set()

    def flush(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self._has_news():
            if time.monotonic() > until:
                return False
            time.sleep(0.002)
        return True

    def _has_news(self) -> bool:
        with self._lock:
            return bool(self._news) or self._is_telling

    def _note(self, topic: str, kind: Kind, keys: Iterable[str]) -> None:
        known = self._news.setdefault(topic, {}).setdefault(kind, set())
        known.update(keys)
        if len(known) > MOST_KEYS:
            known.clear()
            known.add(EVERY_KEY)

    def _run(self) -> None:
        client = _connect()
        while True:
            self._wanted.wait()
            self._wanted.clear()
            with self._lock:
                news, self._news = self._news, {}
                self._is_telling = bool(news)
            try:
                _publish(client, news)
                pause = _PAUSE
            except Exception as error:  # noqa: BLE001  # whatever Redis does, work goes on
                _PUT_OFF.inc()
                logger.warning("news put off", extra={"error": type(error).__name__})
                self._keep(news)
                pause = _PAUSE_AWAY
            with self._lock:
                self._is_telling = False
            time.sleep(pause)

    def _keep(self, news: dict[str, dict[Kind, set[str]]]) -> None:
        """For the next try. Clients' topics have no ring: who missed them asks anyway."""
        with self._lock:
            for topic, kinds in news.items():
                if topic.startswith(_CLIENT):
                    continue
                for kind, keys in kinds.items():
                    self._note(topic, kind, keys)
        self._wanted.set()


def _connect() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _publish(client: redis.Redis, news: dict[str, dict[Kind, set[str]]]) -> None:
    if not news:
        return
    pipeline = client.pipeline(transaction=False)
    for topic, kinds in news.items():
        text = json.dumps({kind: sorted(keys) for kind, keys in kinds.items()})
        if topic.startswith(_CLIENT):
            pipeline.publish(topic, text)
        else:
            pipeline.eval(_TELL, 1, ring_of(topic), text, KEPT, KEPT_SECONDS, topic)
    pipeline.execute()
    for topic in news:
        _TOLD.labels(topic.partition(".")[0]).inc()


_teller = Teller()


def _add(topic: str, kind: Kind, keys: set[str]) -> None:
    _teller.add(topic, kind, keys)


def _begin_anew() -> None:
    """A forked child has none of its parent's threads, and tells nothing in its stead."""
    global _teller  # noqa: PLW0603  # one for each process
    _teller = Teller()


os.register_at_fork(after_in_child=_begin_anew)
atexit.register(lambda: _teller.flush(_EXIT_SECONDS))
