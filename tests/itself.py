"""Recado on a loopback address, for tests in which it asks itself: the sandbox's ones.

Webhooks go to the real receiver on an event loop of its own, as a server has it; all the rest
goes to Django, each request in a thread.
"""

import asyncio
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from integrations.providers import registry
from tests.integrations.loopback import Server, plain, serving
from webhooks.receiver import PREFIX, Receiver

Told = tuple[int, dict[str, str], bytes]


class Recado:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.receiver = Receiver()

    def answer(self, socket: Any, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, path, _ = first.decode().split(" ")
        headers = [
            (name, value) for name, _, value in (x.partition(b": ") for x in lines)
        ]
        if path.startswith(PREFIX):
            asked = self._receive(method, path, headers, body)
            future = asyncio.run_coroutine_threadsafe(asked, self.loop)
            status, kept, content = future.result(timeout=10)
        else:
            status, kept, content = _page(method, path, headers, body)
        more = "".join(f"{name}: {value}\r\n" for name, value in kept.items())
        plain(content, status=f"{status} .", headers=more)(socket, request)

    async def _receive(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Told:
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            told.append(dict(message))

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in headers],
        }
        await self.receiver(scope, receive, send)
        return told[0]["status"], {}, told[1]["body"]

    def close(self) -> None:
        async def end() -> None:
            await self.receiver.stop()
            await asyncio.to_thread(connections.close_all)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(timeout=10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


def _page(
    method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> Told:
    told = {name.decode(): value.decode() for name, value in headers}
    kind = told.pop("content-type", told.pop("Content-Type", "text/plain"))
    try:
        response = Client().generic(method, path, body, content_type=kind, headers=told)
        return response.status_code, dict(response.headers), response.content
    finally:
        connection.close()  # of this thread, which nobody else ends


@contextmanager
def served(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The address is PUBLIC_URL, and that of the sandbox's gateway."""
    live = Recado()
    with serving(live.answer) as server:
        address = f"http://{server.host}"
        settings.PUBLIC_URL = address
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        sandbox = registry.get("sandbox")
        monkeypatch.setattr(sandbox, "settings", {"api_base": address})
        yield server
        live.close()
