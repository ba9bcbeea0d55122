"""Streams over a Redis that a test may flush, freeze and kill, and a house that commits."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from asgiref.sync import sync_to_async
from django.db import connections

from accounts import broadcast
from accounts.broadcast import Kind
from config.embedded import launch, valkey
from tests.browser.house import session_of
from tests.conftest import World
from tests.webhooks.streams.pages import Page
from webhooks.streams.application import Streams


class Server:
    """A Valkey of this test's own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._sockets = launch.socket_directory(home)
        self.url = valkey.url(self._sockets)
        self.start()

    def start(self) -> None:
        self._process = valkey.start(
            data=self._home / "valkey",
            sockets=self._sockets,
            log=self._home / "valkey.log",
        )

    def stop(self) -> None:
        valkey.stop(self._process)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def kept(self, topic: str) -> list[dict[str, list[str]]]:
        """The news in the topic's ring, the oldest first."""
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            entries = client.xrange(broadcast.ring_of(topic))
        return [json.loads(fields["news"]) for _, fields in entries]


@pytest.fixture
def server(settings, monkeypatch) -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="recado-live-"))
    if launch.becomes_nobody():
        home.chmod(0o711)
    one = Server(home)
    settings.REDIS_URL = one.url
    monkeypatch.setattr(broadcast, "_teller", broadcast.Teller())
    yield one
    one.stop()
    shutil.rmtree(home, ignore_errors=True)


@dataclass
class Live:
    world: World
    streams: Streams
    sessions: dict[str, str]

    def page(self, who: str = "owner", slug: str = "padaria", **options: str) -> Page:
        path = f"/live/w/{slug}/"
        return Page(self.streams, path, session=self.sessions[who], **options)

    async def tell(self, *keys: str, kind: Kind = Kind.TICKET) -> None:
        topic = broadcast.workspace_topic(self.world.workspace.key)
        await sync_to_async(broadcast.tell)(topic, kind, keys)
        assert await sync_to_async(broadcast.flush)()


@pytest.fixture
def sessions(world: World) -> dict[str, str]:
    people = {"owner": world.owner, "agent": world.agent, "outsider": world.outsider}
    return {name: session_of(user) for name, user in people.items()} | {"nobody": ""}


@pytest.fixture
async def live(
    world: World, sessions: dict[str, str], server: Server
) -> AsyncIterator[Live]:
    one = Live(world, Streams(), sessions)
    one.streams.start()
    yield one
    await one.streams.stop()
    await sync_to_async(connections.close_all)()
