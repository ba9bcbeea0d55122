"""The dispatcher: webhooks to the receiver, everything else to Django."""

import asyncio
import io
from typing import Any

import pytest

from webhooks import receiver
from webhooks.streams import application as streams


@pytest.fixture(autouse=True)
def _a_process_has_one_receiver_on_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here has a loop of its own, so each begins as a fresh process would."""
    monkeypatch.setattr(receiver, "application", receiver.Receiver())
    monkeypatch.setattr(streams, "application", streams.Streams())


class Talk:
    """One ASGI conversation: what the server says in, what the application says out."""

    def __init__(self, *incoming: dict[str, Any]) -> None:
        self.incoming = list(incoming)
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self.incoming:
            await asyncio.sleep(60)
        return self.incoming.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)


async def call(
    scope: dict[str, Any], *incoming: dict[str, Any]
) -> list[dict[str, Any]]:
    from config.asgi import application

    talk = Talk(*incoming)
    await application(scope, talk.receive, talk.send)
    return talk.sent


def http(path: str, *, method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
    }


BODY = {"type": "http.request", "body": b"", "more_body": False}


async def test_a_page_is_answered_by_django():
    started, *_ = await call(http("/healthz"), BODY)

    assert started["status"] == 200
    names = {name for name, _ in started["headers"]}
    # Only Django's middleware writes it.
    assert b"Content-Security-Policy" in names


async def test_webhooks_are_served_by_the_receiver_between_start_and_stop():
    """One test, because the receiver belongs to the event loop it was started on."""
    from config.asgi import application

    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    server = asyncio.create_task(application({"type": "lifespan"}, said.get, heard.put))
    said.put_nowait({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"

    started, *_ = await call(
        http("/webhooks/whatsapp/not-a-token/", method="POST"), BODY
    )
    said.put_nowait({"type": "lifespan.shutdown"})
    await server

    assert started["status"] == 404
    # Django's middleware would have added headers of its own.
    assert {name for name, _ in started["headers"]} == {
        b"content-type",
        b"content-length",
    }
    assert heard.get_nowait()["type"] == "lifespan.shutdown.complete"


async def test_event_streams_are_answered_beside_django():
    started, body = await call(http("/live/w/padaria/"))

    assert started["status"] == 401  # nobody is signed in
    assert body["body"] == b'{"error":"sign in first"}'


async def test_a_websocket_is_refused():
    sent = await call({"type": "websocket"}, {"type": "websocket.connect"})

    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.django_db
def test_the_pages_alone_answer_as_wsgi():
    from config.wsgi import application

    told: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/healthz",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
    }

    body = b"".join(application(environ, lambda status, headers: told.append(status)))

    assert told == ["200 OK"]
    assert body == b'{"status": "ok"}'
