"""Plays a provider whose sessions are asked about: Graph's numbers, and a gateway that pairs.

For the monitor: it answers thousands of questions at once, as slow or as wrong as a test
wants. `python -m tests.twins.numbers --delay 0.1` serves it in a process of its own.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CODE = "2@the-text-of-a-code"


@dataclass
class Twin:
    """What it says. Everything may be changed while it runs."""

    port: int = 0
    delay: float = 0.0
    status: int = 200
    body: bytes | None = None  # instead of an answer that makes sense
    headers: str = ""
    # Sessions of the gateway, and what a number's node says when it is not CONNECTED.
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)  # seconds, by path
    held: set[str] = field(
        default_factory=set
    )  # methods that wait until they are let go
    asked: list[str] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    # --- answers ------------------------------------------------------------
    async def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.asked.append(f"{method} {path}")
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.slow.get(path, self.delay))
            while method in self.held:
                await asyncio.sleep(0.005)
        finally:
            self.under_way -= 1
        if self.body is not None or self.status != 200:
            wrong = b'{"error":{"message":"no"}}'
            return self.status, self.body if self.body is not None else wrong
        status, said = self._say(method, path, body)
        return status, json.dumps(said).encode()

    def _say(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        kind, _, key = path.lstrip("/").partition("/")
        if kind != "sessions":
            return 200, {"id": key, "status": "CONNECTED"} | self.numbers.get(key, {})
        if method == "POST":
            self.told.append(json.loads(body))
            opened = {"state": "awaiting_user", "code": CODE}
            return 200, self.sessions.setdefault(key, opened)
        if method == "DELETE":
            self.sessions.pop(key, None)
            return 200, {}
        found = self.sessions.get(key)
        return (200, found) if found is not None else (404, {"error": "no session"})

    # --- the wire -----------------------------------------------------------
    async def serve(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._talk, sock=listener, backlog=512)
        async with server:
            await server.serve_forever()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.writers.add(writer)
        ends = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with contextlib.suppress(*ends):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, _ = head.split("\r\n", 1)[0].split(" ")
                length = 0
                for line in head.split("\r\n"):
                    if line.lower().startswith("content-length:"):
                        length = int(line.partition(":")[2])
                body = await reader.readexactly(length) if length else b""
                path = target.partition("?")[0]
                status, said = await self.answer(method, path, body)
                writer.write(
                    f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\n"
                    f"{self.headers}Content-Length: {len(said)}\r\n\r\n".encode()
                    + said
                )
                await writer.drain()
        self.writers.discard(writer)
        writer.close()


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Twin]:
    """A twin on a port of its own, in a thread."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    twin = Twin(port=listener.getsockname()[1], **options)
    loop = asyncio.new_event_loop()
    task = loop.create_task(twin.serve(listener))

    def live() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(hang_up())
        loop.close()

    async def hang_up() -> None:
        for writer in twin.writers:
            writer.transport.abort()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for one in rest:
            one.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.sleep(0.01)  # what was aborted closes in the loop's next round

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield twin
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(timeout=5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.1)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    twin = Twin(port=listener.getsockname()[1], delay=options.delay)
    sys.stdout.write(f"{twin.port}\n")
    sys.stdout.flush()
    asyncio.run(twin.serve(listener))


if __name__ == "__main__":
    main()
