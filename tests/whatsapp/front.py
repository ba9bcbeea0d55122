"""Recado's own public address on the loopback: its pages, and the gate of its webhooks.

For tests in which Recado asks itself: a link that is checked or tested, a phone that posts.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.test import Client

from tests.integrations.loopback import Server, plain, serving
from webhooks.receiver import PREFIX, Receiver


@dataclass
class Front:
    """`server` has what arrived; `twist`, where set, may answer in Recado's place."""

    server: Server
    twist: Callable[[str], bytes | None] | None = None


class _Gate:
    """On an event loop of its own, as a server has it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.receiver = Receiver()

    def ask(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        asked = asyncio.run_coroutine_threadsafe(self._ask(head, body), self.loop)
        return asked.result(timeout=10)

    async def _ask(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        told: list[dict[str, Any]] = []
        lines = head.split(b"\r\n")[1:]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            told.append(dict(message))

        scope = {
            "type": "http",
            "method": "POST",
            "path": PREFIX,
            "query_string": b"",
            "headers": [tuple(line.split(b": ", 1)) for line in lines],
        }
        await self.receiver(scope, receive, send)
        return told[0]["status"], told[1]["body"]

    def close(self) -> None:
        async def end() -> None:
            await self.receiver.stop()
            await asyncio.to_thread(connections.close_all)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(timeout=10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@contextmanager
def opened(settings: Any) -> Iterator[Front]:
    """Needs a database whose rows other threads see."""
    gate = _Gate()
    front: list[Front] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        twist = front[0].twist if front else None
        twisted = twist(path) if twist else None
        if twisted is not None:
            connection.sendall(twisted)
        elif method == "POST" and path == PREFIX:
            status, text = gate.ask(head, body)
            plain(text, status=f"{status} .")(connection, request)
        else:
            _page(connection, request, head, path)

    with serving(answer) as server:
        settings.PUBLIC_URL = f"http://{server.host}"
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        front.append(Front(server))
        try:
            yield front[0]
        finally:
            gate.close()


def _page(connection: socket.socket, request: bytes, head: bytes, path: str) -> None:
    lines = [line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:]]
    headers = {name: value for name, value in lines if name.lower() != "host"}
    try:
        found = Client().get(path, headers=headers)
    finally:
        connections.close_all()
    told = f"Location: {found['Location']}\r\n" if "Location" in found else ""
    kind = f"Content-Type: {found.get('Content-Type', 'text/html')}\r\n"
    plain(found.content, status=f"{found.status_code} .", headers=told + kind)(
        connection, request
    )
