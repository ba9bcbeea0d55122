"""The last moment before a message leaves: one number's requests, spaced as they are written.

A worker's threads begin a message at its turn, but what it takes until its request is
written (a look-up, a handshake, a file that goes before it) differs: without this, messages
that were handed out apart would reach the provider in a bunch.
"""

import threading
import time

# Of a number's limit. Above what is handed out (outbox.gap_of), so that no thread waits
# here for long; below the limit, so that the network's own bunching stays under it.
_WRITTEN_SHARE = 0.985


class Pacer:
    """Turns of one number within this worker. Several threads ask at once."""

    def __init__(self, per_second: float | None) -> None:
        self._lock = threading.Lock()
        self._next = 0.0
        self.set_rate(per_second)

    def set_rate(self, per_second: float | None) -> None:
        """None lifts the limit."""
        self._gap = 1 / (per_second * _WRITTEN_SHARE) if per_second else 0.0

    def wait(self) -> float:
        """Return when it is the caller's turn, with the seconds that took."""
        if not self._gap:
            return 0.0
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            time.sleep(turn - now)
        return turn - now
