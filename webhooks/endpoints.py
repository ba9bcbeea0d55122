"""Whose webhook URL is this? The receiver's answer, cached for seconds.

Looking up costs a query and an unsealing, so it runs in a thread and once for all requests
that ask at the same moment. What is cached holds plain secrets, hence the five seconds,
after which it is dropped whether or not anybody asks again.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from django.db import DatabaseError, connections

T = TypeVar("T")

TTL_SECONDS = 5.0
MOST_WEIGHT = 10_000  # an entry weighs one, or what `weigh` says
LOOKUP_SECONDS = 2.5


class LookupFailed(Exception):
    """The database did not say: answer 503."""


class Lookups(Generic[T]):
    """A small cache of answers by key. An exception of `load` is an answer too.

    Keys are small and of one size: a digest where a stranger chooses them.
    """

    def __init__(
        self,
        refusals: tuple[type[Exception], ...],
        *,
        weigh: Callable[[T], int] = lambda _: 1,
    ) -> None:
        self._refusals = refusals
        self._weigh = weigh
        # When it ends, the answer and its weight; the oldest first.
        self._answers: OrderedDict[Hashable, tuple[float, T | Exception, int]] = (
            OrderedDict()
        )
        self._weight = 0
        self._running: dict[Hashable, asyncio.Task[T | Exception]] = {}

    def is_near(self, key: Hashable) -> bool:
        """Whether `get` costs no look-up of its own: known, or being asked already."""
        cached = self._answers.get(key)
        return key in self._running or (
            cached is not None and cached[0] > time.monotonic()
        )

    async def get(self, key: Hashable, load: Callable[[], T]) -> T:
        cached = self._answers.get(key)
        if cached is not None and cached[0] > time.monotonic():
            answer = cached[1]
        else:
            answer = await self._ask(key, load)
        if isinstance(answer, Exception):
            # A new one: what was raised holds its callers, and with them a body.
            raise type(answer)(*answer.args)
        return answer

    async def _ask(self, key: Hashable, load: Callable[[], T]) -> T | Exception:
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._load(key, load))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                return await asyncio.shield(task)
        except TimeoutError:
            raise LookupFailed("no answer in time") from None

    async def _load(self, key: Hashable, load: Callable[[], T]) -> T | Exception:
        answer: T | Exception
        try:
            answer = await asyncio.to_thread(_in_thread, load)
        except self._refusals as refusal:
            answer = type(refusal)(*refusal.args)
        except (DatabaseError, OSError) as error:
            return LookupFailed(type(error).__name__)
        self._keep(key, answer)
        return answer

    def _keep(self, key: Hashable, answer: T | Exception) -> None:
        self._drop(key)
        weight = 1 if isinstance(answer, Exception) else max(1, self._weigh(answer))
        entry = (time.monotonic() + TTL_SECONDS, answer, weight)
        self._answers[key] = entry
        self._weight += weight
        while self._weight > MOST_WEIGHT:
            self._drop(next(iter(self._answers)))
        asyncio.get_running_loop().call_later(TTL_SECONDS, self._end, key, entry)

    def _end(self, key: Hashable, entry: tuple[float, T | Exception, int]) -> None:
        if self._answers.get(key) is entry:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        dropped = self._answers.pop(key, None)
        if dropped is not None:
            self._weight -= dropped[2]


def _in_thread(load: Callable[[], T]) -> T:
    try:
        return load()
    finally:
        connections.close_all()  # hands the connection back to the pool
