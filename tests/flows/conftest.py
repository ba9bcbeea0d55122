"""The whole house without a network: the ASGI application on a loop of its own, the tasks
in this process, and operators' commands to furnish it."""

import asyncio
import html
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import current_app
from django.db import connections
from django.test import Client

from accounts.models import User
from config import asgi
from tests.commands import run
from tests.walls import as_app
from webhooks import receiver
from webhooks.models import RawWebhook

PATIENCE = 30


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Server:
    """Serves `config.asgi.application` as granian does: lifespan first, then requests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._told: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    def start(self) -> None:
        self._thread.start()
        self._life = asyncio.run_coroutine_threadsafe(
            asgi.application({"type": "lifespan"}, self._inbox.get, self._told.put),
            self._loop,
        )
        assert self._say("lifespan.startup") == "lifespan.startup.complete"

    def stop(self) -> None:
        assert self._say("lifespan.shutdown") == "lifespan.shutdown.complete"
        self._life.result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _say(self, word: str) -> str:
        async def exchange() -> str:
            await self._inbox.put({"type": word})
            return (await self._told.get())["type"]

        return asyncio.run_coroutine_threadsafe(exchange(), self._loop).result(PATIENCE)

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One POST, as curl would send it to the webhook URL an operator was told."""
        return asyncio.run_coroutine_threadsafe(
            self._post(urlsplit(url).path, body, headers), self._loop
        ).result(PATIENCE)

    async def _post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        answer = Answer()

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {
                    name.decode(): value.decode() for name, value in message["headers"]
                }
            else:
                answer.body += message.get("body", b"")

        told = {"content-type": "application/json", **headers}
        await asgi.application(
            {
                "type": "http",
                "method": "POST",
                "path": path,
                "query_string": b"",
                "headers": [
                    (name.lower().encode(), value.encode())
                    for name, value in told.items()
                ],
            },
            receive,
            send,
        )
        return answer


@pytest.fixture
def server(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    # A process has one receiver, bound to its event loop; this is a fresh process's.
    monkeypatch.setattr(receiver, "application", receiver.Receiver())
    running = Server()
    running.start()
    yield running
    running.stop()
    connections.close_all()


def command(*arguments: str, stdin: object = None) -> Any:
    """An operators' command that must succeed; what it answers."""
    ran = run(*arguments, stdin=json.dumps(stdin).encode() if stdin else b"")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def work() -> None:
    """What the worker does when the hint arrives, by the names the broker knows."""
    current_app.loader.import_default_modules()
    with as_app():
        current_app.tasks["webhooks.drain_inbox"].apply(throw=True)


def states() -> list[tuple[str, str]]:
    rows = RawWebhook.objects.order_by("pk")
    return list(rows.values_list("state", "error"))


@dataclass
class Shop:
    """A workspace with an owner who reads English pages."""

    slug: str
    client: Client

    def page(self, path: str = "") -> str:
        """A page as its owner reads it."""
        response = self.client.get(
            path if path.startswith("/") else f"/w/{self.slug}/{path}"
        )
        assert response.status_code == 200
        return html.unescape(response.content.decode())


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    command("add_workspace", "--slug", "loja", "--name", "Loja", "--json")
    told = command(
        "add_member",
        *("--workspace", "loja", "--email", "dona@example.com", "--role", "owner"),
        "--json",
    )
    User.objects.update(language="en")
    client = Client()
    assert client.login(email="dona@example.com", password=told["password"])
    return Shop("loja", client)
