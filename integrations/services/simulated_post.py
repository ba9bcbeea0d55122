"""The news of the simulated phone: each is posted to our webhook when its time has come.

Statuses of messages, and what became of templates that somebody submitted.

One thread of the process that answers as the gateway. It keeps what is to come in memory,
as the phone it plays would: a restart loses it, and Recado must live with a message whose
statuses never came.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connections
from django.utils import timezone

from integrations.models import Channel
from integrations.providers.base.types import Json
from integrations.providers.sandbox.behaviour import News
from integrations.services import sandbox

TRIES: Final = 4
_WAITS: Final = 2.0  # seconds until the next try, doubled with each

Event = Callable[[], Mapping[str, Json]]  # written when it is posted: it tells the time

logger = logging.getLogger("integrations")


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    channel: Channel = field(compare=False)
    event: Event = field(compare=False)
    tries: int = field(default=0, compare=False)


class Postman:
    """Carries statuses, in the order of their times; those of one moment go together."""

    def __init__(self) -> None:
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._is_running = self._is_busy = False

    def later(
        self,
        channel: Channel,
        message_id: str,
        news: Sequence[News],
        *,
        callback_token: str = "",
    ) -> None:
        """Bring the statuses of a message, each after its time."""
        self._take(
            channel,
            [(one.after, _status(message_id, one, callback_token)) for one in news],
        )

    def bring(self, channel: Channel, event: Event, *, after: float) -> None:
        """Bring one piece of news after so many seconds."""
        self._take(channel, [(after, event)])

    def _take(self, channel: Channel, events: Sequence[tuple[float, Event]]) -> None:
        now = time.monotonic()
        with self._changed:
            for after, event in events:
                due = _Due(now + after, next(self._numbers), channel, event)
                heapq.heappush(self._due, due)
            if not self._is_running and self._due:
                self._is_running = True
                threading.Thread(
                    target=self._run, name="sandbox-post", daemon=True
                ).start()
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Until everything was posted; False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._due and not self._is_busy, timeout=seconds
            )

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._post(batch)
            except Exception:
                logger.exception("statuses of the sandbox not posted")
            finally:
                connections.close_all()
                with self._changed:
                    self._is_busy = False
                    self._changed.notify_all()

    def _next(self) -> list[_Due]:
        """All that is due, of one number; nothing when there is nothing to come."""
        with self._changed:
            while self._due and self._due[0].at > time.monotonic():
                self._changed.wait(self._due[0].at - time.monotonic())
            if not self._due:
                self._is_running = False
                return []
            first = heapq.heappop(self._due)
            batch: list[_Due] = [first]
            others: list[_Due] = []
            while self._due and self._due[0].at <= time.monotonic():
                one = heapq.heappop(self._due)
                is_same = one.channel.pk == first.channel.pk
                (batch if is_same else others).append(one)
            for one in others:
                heapq.heappush(self._due, one)
            self._is_busy = True
            return batch

    def _post(self, batch: list[_Due]) -> None:
        """A provider tries again when our webhook does not take it."""
        try:
            sandbox.deliver(batch[0].channel, [one.event() for one in batch])
        except sandbox.NotDelivered:
            with self._changed:
                for one in batch:
                    one.tries += 1
                    one.at = time.monotonic() + _WAITS * 2**one.tries
                    if one.tries < TRIES:
                        heapq.heappush(self._due, one)


def _status(message_id: str, news: News, callback_token: str) -> Event:
    def event() -> Mapping[str, Json]:
        return sandbox.status(
            message_id,
            news.status,
            at=timezone.now(),
            callback_token=callback_token or None,
            error_code=news.code or None,
            error_text="The simulated phone was told to fail." if news.code else None,
        )

    return event


POSTMAN: Final = Postman()
