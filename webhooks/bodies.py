"""Bodies on their way in: how many at once, how many bytes of them, and for how long.

Each belongs to a crowd: the known senders of an endpoint, or those who have proven nothing
there yet. A crowd has its own share, so that strangers with slow bodies take no place from
a provider, and one endpoint none from another.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from webhooks.answers import Refusal, crowded, too_large, too_many, too_slow

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

# Bodies at once, and bytes of those that come in pieces, in one process. All together stay
# below the 1,024 requests that granian lets in.
MOST: Final = 768
MOST_KNOWN: Final = 256
MOST_STRANGE: Final = 64
BYTES: Final = 64 * 1024 * 1024
BYTES_KNOWN: Final = 32 * 1024 * 1024
BYTES_STRANGE: Final = 8 * 1024 * 1024


# Of which integration, None for the URL that many share; and whether the sender is known.
Crowd = tuple[int | None, bool]


class Bodies:
    """Those of one process. `seconds` for each, `largest` in bytes."""

    def __init__(self, *, seconds: float, largest: int) -> None:
        self._seconds = seconds
        self._largest = largest
        self._counts: dict[Crowd, int] = {}
        self._bytes: Counter[Crowd] = Counter()
        self._all_bytes = 0
        # Whose body is not whole yet, and since when of the loop's clock, oldest first.
        self._waiting: dict[asyncio.Task[Any] | None, float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._alarm: asyncio.TimerHandle | None = None

    async def read(self, receive: Receive, crowd: Crowd) -> bytes:
        """The whole body.

        A Refusal when there is no room for it (429 in its crowd, 503 in all), when it breaks
        off (400), takes too long (408) or is too large (413).
        """
        count = self._counts.get(crowd, 0)
        _, is_known = crowd
        if count >= (MOST_KNOWN if is_known else MOST_STRANGE):
            raise too_many(1)
        if len(self._waiting) >= MOST:
            raise crowded()
        self._counts[crowd] = count + 1
        task = asyncio.current_task()
        self._watch(task)
        try:
            message = await receive()
            if message.get("more_body", False):
                return await self._pieces(message, receive, crowd)
            return self._piece(message, 0)
        except asyncio.CancelledError:
            if task in self._late and not task.uncancel():
                raise too_slow() from None
            raise
        finally:
            self._forget(task, crowd)

    def _piece(self, message: Message, so_far: int) -> bytes:
        if message["type"] != "http.request":
            raise Refusal(400, "the sender went away")
        piece: bytes = message.get("body", b"")
        if so_far + len(piece) > self._largest:
            raise too_large()
        return piece

    async def _pieces(self, message: Message, receive: Receive, crowd: Crowd) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            while True:
                piece = self._piece(message, size)
                pieces.append(piece)
                size += len(piece)
                self._hold(crowd, len(piece))
                if not message.get("more_body", False):
                    return b"".join(pieces)
                message = await receive()
        finally:
            self._all_bytes -= size
            self._bytes[crowd] -= size
            if not self._bytes[crowd]:
                del self._bytes[crowd]

    def _hold(self, crowd: Crowd, size: int) -> None:
        self._bytes[crowd] += size
        self._all_bytes += size
        # Bodies of the largest size find room, however large an operator allows them.
        least = 2 * self._largest
        _, is_known = crowd
        most = BYTES_KNOWN if is_known else BYTES_STRANGE
        if self._bytes[crowd] > max(most, least):
            raise too_many(1)
        if self._all_bytes > max(BYTES, least):
            raise crowded()

    # One alarm for all: a timer for each body costs more than all else that is done here.
    def _watch(self, task: "asyncio.Task[Any] | None") -> None:
        loop = asyncio.get_running_loop()
        self._waiting[task] = now = loop.time()
        if self._alarm is None:
            self._alarm = loop.call_at(now + self._seconds, self._end_late)

    def _forget(self, task: "asyncio.Task[Any] | None", crowd: Crowd) -> None:
        self._waiting.pop(task, None)
        if self._late:
            self._late.discard(task)
        left = self._counts[crowd] - 1
        if left:
            self._counts[crowd] = left
        else:
            del self._counts[crowd]

    def _end_late(self) -> None:
        self._alarm = None
        loop = asyncio.get_running_loop()
        for task, since in list(self._waiting.items()):
            due = since + self._seconds
            if due > loop.time():
                self._alarm = loop.call_at(due, self._end_late)
                return
            del self._waiting[task]
            if task is not None:
                self._late.add(task)
                task.cancel()
