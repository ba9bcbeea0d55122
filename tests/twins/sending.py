"""A Cloud API that takes messages, on the loopback address, with a ledger of its own.

It fails as providers do: `--share` of the messages meet a fault at their first attempt,
which one the message's text alone decides. The ledger has a line for every message that was
taken, whatever was answered: what is in it twice was sent twice. Point META_API_BASE here.

    python -m tests.twins.sending --ledger FILE [--delay 0.05] [--share 0.3]

It prints its port, and the moments at which it does not listen (`--away`) are its own.
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

# What may become of a first attempt. `taken` ones are in the ledger.
NOT_TAKEN = (
    "reset_before",
    "429",
    "429_after",
    "redirect",
    "hang",
    "500",
    "503_says_no",
)
TAKEN = (
    *("reset_after", "500_taken", "half", "html", "empty"),
    *("slow", "drip", "hang_taken"),
)
REFUSED = "4xx"  # at every attempt, as long as it is the same message
FAULTS = (*NOT_TAKEN, *TAKEN, REFUSED)
# After these nobody can know whether the message was taken.
AMBIGUOUS = frozenset(FAULTS) - {"429", "429_after", "503_says_no", REFUSED}


def fault_of(text: str, share: float) -> str:
    """The fault that a message with this text meets first; empty for most."""
    dice = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
    return FAULTS[int(dice / share * len(FAULTS))] if dice < share else ""


@dataclass
class Loopback:
    """`plan` decides by text and attempt (from 1) what becomes of it."""

    plan: Callable[[str, int], str]
    delay: float = 0.0
    hang: float = 60.0
    ledger: TextIO | None = None
    taken: list[tuple[str, str, float]] = field(
        default_factory=list
    )  # text, token, when
    attempts: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def times_taken(self, text: str) -> int:
        return sum(one == text for one, _, _ in self.taken)

    # --- one connection -------------------------------------------------------
    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        ends = (OSError, asyncio.IncompleteReadError, ValueError)
        with contextlib.closing(writer), contextlib.suppress(*ends):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _length(head)
                body = json.loads(await reader.readexactly(length)) if length else {}
                if not head.startswith(b"POST"):
                    writer.write(_head(200, len(_NODE)) + _NODE)
                elif not await self._answer(body, writer):
                    break

    async def _answer(self, body: Any, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        text = str(body.get("text", {}).get("body", ""))
        self.attempts[text] += 1
        fault = self.plan(text, self.attempts[text])
        if fault in ("", *TAKEN):
            id_ = self._take(text, str(body.get("biz_opaque_callback_data", "")))
            told = json.dumps(
                {
                    "messaging_product": "whatsapp",
                    "contacts": [{"input": body.get("to"), "wa_id": body.get("to")}],
                    "messages": [{"id": id_}],
                }
            ).encode()
        else:
            told = b""
        if self.delay:
            await asyncio.sleep(self.delay)
        return await self._fail(fault, told, writer)

    def _take(self, text: str, token: str) -> str:
        id_ = f"wamid.{next(self.numbers)}.{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        now = time.time()
        self.taken.append((text, token, now))
        if self.ledger is not None:
            self.ledger.write(json.dumps([text, token, id_, now]) + "\n")
            self.ledger.flush()
        return id_

    async def _fail(
        self, fault: str, told: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        if fault.startswith("reset"):
            _reset(writer)
            return False
        if fault.startswith("hang"):
            await asyncio.sleep(self.hang)
            return False
        if fault == "half":
            writer.write(_head(200, len(told)) + told[: len(told) // 2])
            await writer.drain()
            return False
        if fault in _PACES:
            size, pause = _PACES[fault]
            writer.write(_head(200, len(told)))
            for start in range(0, len(told), size):
                writer.write(told[start : start + size])
                await writer.drain()
                await asyncio.sleep(pause)
            return True
        status, answer, more = _ANSWERS.get(fault, (200, told, ""))
        writer.write(_head(status, len(answer), more) + answer)
        await writer.drain()
        return True


# Bytes at once and seconds between: an answer that comes late, and one that never ends.
_PACES = {"slow": (8, 0.05), "drip": (1, 0.5)}
# What the monitor hears of the number meanwhile.
_NODE = b'{"id": "106540352242922", "status": "CONNECTED"}'


def _error(code: int) -> bytes:
    return json.dumps({"error": {"message": f"(#{code})", "code": code}}).encode()


_ANSWERS: dict[str, tuple[int, bytes, str]] = {
    "429": (429, _error(130429), ""),
    "429_after": (429, _error(130429), "Retry-After: 1\r\n"),
    "redirect": (302, b"", "Location: https://example.com/\r\n"),
    "500": (500, b"oops", ""),
    "500_taken": (500, b"oops", ""),
    "503_says_no": (503, _error(131016), ""),
    "html": (200, b"<!doctype html><title>Maintenance</title>", ""),
    "empty": (200, b"{}", ""),
    REFUSED: (400, _error(131026), ""),
    "key": (401, _error(190), ""),
}


def _head(status: int, length: int, more: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status} told\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n{more}\r\n"
    ).encode()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _reset(writer: asyncio.StreamWriter) -> None:
    """Hang up without a good-bye, as a crashed server does."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _listen(loopback: Loopback, away: float) -> None:
    """Every so often nobody listens for a moment: connections are refused."""
    server = await asyncio.start_server(loopback.serve, "127.0.0.1", loopback.port)
    loopback.port = server.sockets[0].getsockname()[1]
    print(loopback.port, flush=True)
    while True:
        await asyncio.sleep(4.0)
        if not away:
            continue
        server.close()
        await asyncio.sleep(away)
        server = await asyncio.start_server(loopback.serve, "127.0.0.1", loopback.port)


@contextlib.contextmanager
def serving(loopback: Loopback) -> Iterator[Loopback]:
    """In a thread of the test."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    loopback.port = listener.getsockname()[1]
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        server = await asyncio.start_server(loopback.serve, sock=listener)
        async with server:
            await server.serve_forever()

    def run() -> None:
        asyncio.set_event_loop(loop)
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(listen())
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def stop() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        loop.call_soon_threadsafe(stop)
        thread.join(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--share", type=float, default=0.0)
    parser.add_argument("--away", type=float, default=0.0)
    options = parser.parse_args()

    def plan(text: str, attempt: int) -> str:
        fault = fault_of(text, options.share) if options.share else ""
        return fault if attempt == 1 or fault == REFUSED else ""

    with options.ledger.open("a", encoding="utf-8") as ledger:
        loopback = Loopback(plan, delay=options.delay, ledger=ledger)
        asyncio.run(_listen(loopback, options.away))


if __name__ == "__main__":
    main()
