"""How much one sender may bring: token buckets in the receiver's memory, nothing stored.

A webhook URL may bring a generous number of requests and bytes; above that it is told 429,
which every provider repeats later, so that one flooded workspace slows no other. Addresses
that prove nothing (unknown URLs, wrong signatures) get little. Each receiver process counts
for itself: what is protected is that process.

A bucket holds `BURST_SECONDS` of its rate. It is asked before the body is read, which spares
us from reading, and asked again and charged in one step when the body is there, so that
bodies which arrive together do not slip by. What is let in last may be larger than what is
left: a bucket may sink below zero, and the debt is worked off first.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping

BURST_SECONDS = 5.0
MOST_KEYS = 20_000
_ROUNDING = 1e-6  # seconds

Rate = tuple[int, int] | None  # (count, seconds), as config.env reads it


class Buckets:
    """One bucket for each key, full at first; the least recently used are forgotten.

    What is kept of a bucket is the moment at which it will be full again.
    """

    def __init__(
        self, rate: Rate, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        count, seconds = rate or (1, 1)
        self._is_off = rate is None
        self._seconds_each = seconds / count
        # A rate by the minute has its minute's worth at once; by the second, five of them.
        size = max(BURST_SECONDS, float(seconds)) * count / seconds
        # That far off a bucket may be full again and still hold something.
        self._slack = (size - 1) * self._seconds_each + _ROUNDING
        self._clock = clock
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def wait(self, key: Hashable) -> int:
        """Whole seconds until there is anything in the bucket; 0 when there is now."""
        full_at = self._full_at.get(key)
        if full_at is None:
            return 0
        over = full_at - self._clock() - self._slack
        return 0 if over <= 0 else max(1, math.ceil(over))

    def charge(self, key: Hashable, amount: float = 1) -> None:
        """A negative amount gives back what was charged before its time."""
        if self._is_off:
            return
        now = self._clock()
        full_at = self._full_at.get(key)
        since = now if full_at is None or full_at < now else full_at
        self._full_at[key] = since + amount * self._seconds_each
        if full_at is not None:
            self._full_at.move_to_end(key)
        elif len(self._full_at) > MOST_KEYS:
            self._full_at.popitem(last=False)


class Quotas:
    """The receiver's three: requests and bytes by endpoint, strangers by address."""

    def __init__(
        self, rates: Mapping[str, Rate], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._requests = Buckets(rates["requests"], clock=clock)
        self._bytes = Buckets(rates["bytes"], clock=clock)
        self._strangers = Buckets(rates["strangers"], clock=clock)
        self._proven: OrderedDict[Hashable, None] = OrderedDict()

    def wait_of_endpoint(self, key: Hashable) -> int:
        return max(self._requests.wait(key), self._bytes.wait(key))

    def take(self, key: Hashable, size: int) -> int:
        """Charge an authenticated request of this endpoint: 0, or the seconds to wait."""
        wait = self.wait_of_endpoint(key)
        if not wait:
            self._requests.charge(key)
            self._bytes.charge(key, size)
        return wait

    def wait_of_stranger(self, key: Hashable) -> int:
        return self._strangers.wait(key)

    def proved_nothing(self, key: Hashable, amount: int = 1) -> None:
        self._strangers.charge(key, amount)

    # A URL that was right once is looked up again whoever else sits at its address; a sender
    # that was right once is no stranger to its endpoint.
    def is_proven(self, key: Hashable) -> bool:
        return key in self._proven

    def prove(self, key: Hashable) -> None:
        if key not in self._proven:
            self._proven[key] = None
            if len(self._proven) > MOST_KEYS:
                self._proven.popitem(last=False)

    def disprove(self, key: Hashable) -> None:
        self._proven.pop(key, None)
