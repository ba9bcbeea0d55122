"""How much one sender may bring: token buckets in the receiver's memory, nothing stored.

A webhook URL may bring a generous number of requests and bytes; above that it is told 429,
which every provider repeats later, so that one flooded workspace slows no other. Addresses
that prove nothing (unknown URLs, wrong signatures) get little. Each receiver process counts
for itself: what is protected is that process.

A bucket holds `BURST_SECONDS` of its rate. It is asked before the body is read and charged
after, so it may sink below zero: the debt is worked off first.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping

BURST_SECONDS = 5.0
MOST_KEYS = 20_000

Rate = tuple[int, int] | None  # (count, seconds), as config.env reads it


class Buckets:
    """One bucket for each key, full at first; the least recently used are forgotten."""

    def __init__(
        self, rate: Rate, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        count, seconds = rate or (1, 1)
        self._is_off = rate is None
        self._per_second = count / seconds
        # A rate by the minute has its minute's worth at once; by the second, five of them.
        self._size = self._per_second * max(BURST_SECONDS, float(seconds))
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, key: Hashable) -> int:
        """Whole seconds until there is anything in the bucket; 0 when there is now."""
        kept = self._kept.get(key)
        if kept is None:
            return 0
        level = self._level(kept)
        return 0 if level >= 1 else max(1, math.ceil((1 - level) / self._per_second))

    def charge(self, key: Hashable, amount: float = 1) -> None:
        if self._is_off:
            return
        kept = self._kept.pop(key, None)
        level = self._size if kept is None else self._level(kept)
        self._kept[key] = (level - amount, self._clock())
        if len(self._kept) > MOST_KEYS:
            self._kept.popitem(last=False)

    def _level(self, kept: tuple[float, float]) -> float:
        level, at = kept
        return min(self._size, level + (self._clock() - at) * self._per_second)


class Quotas:
    """The receiver's three: requests and bytes by endpoint, strangers by address."""

    def __init__(
        self, rates: Mapping[str, Rate], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._requests = Buckets(rates["requests"], clock=clock)
        self._bytes = Buckets(rates["bytes"], clock=clock)
        self._strangers = Buckets(rates["strangers"], clock=clock)
        self._proven: OrderedDict[bytes, None] = OrderedDict()

    def wait_of_endpoint(self, key: Hashable) -> int:
        return max(self._requests.wait(key), self._bytes.wait(key))

    def stored(self, key: Hashable, size: int) -> None:
        """An authenticated request of this endpoint was taken."""
        self._requests.charge(key)
        self._bytes.charge(key, size)

    def wait_of_stranger(self, key: Hashable) -> int:
        return self._strangers.wait(key)

    def proved_nothing(self, key: Hashable) -> None:
        self._strangers.charge(key)

    # A URL that was right once is looked up again whoever else sits at its address.
    def is_proven(self, digest: bytes) -> bool:
        return digest in self._proven

    def prove(self, digest: bytes) -> None:
        if digest not in self._proven:
            self._proven[digest] = None
            if len(self._proven) > MOST_KEYS:
                self._proven.popitem(last=False)

    def disprove(self, digest: bytes) -> None:
        self._proven.pop(digest, None)
