"""Whose webhook URL is this? The receiver's answer, cached for seconds.

Looking up costs a query and an unsealing, so it runs in a thread and once for all requests
that ask at the same moment. What is cached holds plain secrets, hence the five seconds.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from django.db import DatabaseError, connections

T = TypeVar("T")

TTL_SECONDS = 5.0
MOST_ENTRIES = 10_000
LOOKUP_SECONDS = 2.5


class LookupFailed(Exception):
    """The database did not say: answer 503."""


class Lookups(Generic[T]):
    """A small cache of answers by key. An exception of `load` is an answer too."""

    def __init__(self, refusals: tuple[type[Exception], ...]) -> None:
        self._refusals = refusals
        self._answers: OrderedDict[Hashable, tuple[float, T | Exception]] = (
            OrderedDict()
        )
        self._running: dict[Hashable, asyncio.Task[T | Exception]] = {}

    async def get(self, key: Hashable, load: Callable[[], T]) -> T:
        cached = self._answers.get(key)
        if cached is not None and cached[0] > time.monotonic():
            answer = cached[1]
        else:
            answer = await self._ask(key, load)
        if isinstance(answer, Exception):
            raise answer.with_traceback(None)
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
            answer = refusal
        except (DatabaseError, OSError) as error:
            return LookupFailed(type(error).__name__)
        self._answers[key] = (time.monotonic() + TTL_SECONDS, answer)
        self._answers.move_to_end(key)
        while len(self._answers) > MOST_ENTRIES:
            self._answers.popitem(last=False)
        return answer


def _in_thread(load: Callable[[], T]) -> T:
    try:
        return load()
    finally:
        connections.close_all()  # hands the connection back to the pool
