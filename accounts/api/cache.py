"""The OAuth server's word about a token, remembered for seconds in this process.

Keyed by the token's SHA-256, so that no token rests in memory longer than its request. A
token that several requests bring at the same moment is asked about once. While the server
is away nothing new is believed: what is remembered runs out, and then there is no answer.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from accounts import digests

POSITIVE_SECONDS = 30.0
NEGATIVE_SECONDS = 5.0
AWAY_SECONDS = 2.0  # while it is down nobody waits for the next answer
MOST_ENTRIES = 10_000
ASKED_AT_ONCE = 4  # of a server's threads, so that pages are served while it is slow
PATIENCE_SECONDS = 0.5
FOLLOW_SECONDS = 5.0


class ServerAway(Exception):
    """The OAuth server gave no usable answer: 503, and never "let in".

    `is_down`: about whichever token it was asked, so the next one need not be tried now.
    Else it may be the token, which anybody can choose: that keeps no other one out.
    """

    def __init__(self, reason: str, *, is_down: bool = False) -> None:
        super().__init__(reason)
        self.is_down = is_down


@dataclass(frozen=True, slots=True)
class Claims:
    """What the server says of an active token. `expires_at` is in Unix seconds.

    `scope` is its words with spaces between; None where the server names no scopes at all.
    """

    issuer: str
    subject: str
    client_id: str = ""
    scope: str | None = None
    expires_at: float | None = None


class _Remembered:
    """The newest answers of one kind. A flood of unknown tokens evicts no good one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[float, Claims | None]] = OrderedDict()

    def find(self, digest: bytes, now: float) -> tuple[float, Claims | None] | None:
        found = self._kept.get(digest)
        return found if found is not None and now < found[0] else None

    def keep(self, digest: bytes, until: float, claims: Claims | None) -> None:
        with self._lock:
            self._kept[digest] = (until, claims)
            self._kept.move_to_end(digest)
            while len(self._kept) > MOST_ENTRIES:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


class Checks:
    """`ask` takes a token and gives its claims, or None; ServerAway is an answer too."""

    def __init__(
        self,
        ask: Callable[[str], Claims | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._good, self._bad = _Remembered(), _Remembered()
        self._running: dict[bytes, Future[Claims | None]] = {}
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(ASKED_AT_ONCE)
        self._away_until = float("-inf")

    def claims(
        self, token: str, *, before_asking: Callable[[], object] = lambda: None
    ) -> Claims | None:
        """None: the server knows no such active token. Raises ServerAway.

        `before_asking` may raise; it is called only when nothing is remembered.
        """
        digest = digests.of_token(token)
        now = self._clock()
        found = self._good.find(digest, now) or self._bad.find(digest, now)
        if found is not None:
            return found[1]
        before_asking()
        if now < self._away_until:
            raise ServerAway("was away a moment ago")
        with self._lock:
            future = self._running.get(digest)
            is_first = future is None
            if future is None:
                future = self._running[digest] = Future()
        if is_first:
            self._lead(digest, token, future)
        try:
            return future.result(timeout=FOLLOW_SECONDS)
        except TimeoutError:
            raise ServerAway("is slow") from None

    def _lead(self, digest: bytes, token: str, future: "Future[Claims | None]") -> None:
        try:
            claims = self._asked(token)
        except BaseException as problem:  # noqa: BLE001  # followers wait for an answer, whatever it is
            future.set_exception(problem)
        else:
            self._remember(digest, claims)
            future.set_result(claims)
        finally:
            with self._lock:
                self._running.pop(digest, None)

    def _asked(self, token: str) -> Claims | None:
        if not self._turns.acquire(timeout=PATIENCE_SECONDS):
            raise ServerAway("is asked about too many tokens")
        try:
            return self._ask(token)
        except ServerAway as away:
            if away.is_down:
                self._away_until = self._clock() + AWAY_SECONDS
            raise
        finally:
            self._turns.release()

    def _remember(self, digest: bytes, claims: Claims | None) -> None:
        now = self._clock()
        if claims is None:
            self._bad.keep(digest, now + NEGATIVE_SECONDS, None)
            return
        seconds = POSITIVE_SECONDS
        if claims.expires_at is not None:
            seconds = min(seconds, claims.expires_at - time.time())
        if seconds > 0:
            self._good.keep(digest, now + seconds, claims)
