"""The ASGI application of open streams: `/live/w/<slug>/` and `/live/t/<token>/`.

Begins with who may listen, then is two waits at once: for something to say and for the
browser to go. What it says is made elsewhere, once for everybody.
"""

import asyncio
import contextlib
import logging
import random
import re
import signal
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any, Final
from urllib.parse import parse_qs

from django.conf import settings
from django.http import parse_cookie

from webhooks import metrics
from webhooks.streams import frames
from webhooks.streams.admission import Admissions, NotAdmitted, Pass
from webhooks.streams.hub import Hub, Listener

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)

PREFIX: Final = "/live/"
HEARTBEAT_SECONDS: Final = (15.0, 25.0)
SEND_SECONDS: Final = 20.0  # a browser that takes nothing for so long is gone
STOP_SECONDS: Final = 3.0
_MEMBER = re.compile(r"/live/w/([a-z0-9-]{1,50})/")
_CLIENT = re.compile(r"/live/t/([A-Za-z0-9_:-]{1,200})/")
_SESSION = re.compile(r"[a-z0-9]{8,64}")
_LONGEST_QUERY = 200
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Nothing on the way may keep it, change it, or wait for more of it.
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex, nofollow"),
]
_WORDS = {
    401: "sign in first",
    404: "not found",
    405: "method not allowed",
    429: "too many streams",
    503: "try again",
}


class Streams:
    """The application. One hub and one book of admissions for each process."""

    def __init__(self) -> None:
        self._hub = Hub()
        self._admissions = Admissions()
        self._is_started = False
        self._is_stopping = False

    def start(self) -> None:
        """Begin on the running event loop; safe to call again."""
        if not self._is_started:
            self._is_started = True
            self._hub.start()
            self._admissions.start()

    def end_all(self) -> None:
        """End what is open, so that no deploy waits for a page that somebody looks at.

        Browsers come back by themselves, each after a pause of its own.
        """
        self._is_stopping = True
        for one in self._admissions.listeners:
            one.end()

    async def stop(self) -> None:
        until = asyncio.get_running_loop().time() + STOP_SECONDS
        self.end_all()
        while self._admissions.listeners:
            if asyncio.get_running_loop().time() > until:
                break
            await asyncio.sleep(0.02)
        if self._is_started:
            await self._admissions.stop()
            await self._hub.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        try:
            held, listener = await self._admit(scope, headers)
        except NotAdmitted as refusal:
            metrics.stream_refused(refusal.status)
            await _refuse(send, refusal, with_body=scope["method"] != "HEAD")
            return
        topic = held.place.topic
        self._hub.add(topic, listener)
        try:
            after = _after(headers, scope["query_string"])
            begin = await self._hub.catch_up(topic, listener, after)
            await _serve(listener, begin, receive, send)
        finally:
            self._hub.discard(topic, listener)
            self._admissions.leave(held, listener)

    async def _admit(
        self, scope: Scope, headers: dict[bytes, bytes]
    ) -> tuple[Pass, Listener]:
        path = scope["path"]
        if scope["method"] != "GET":
            raise NotAdmitted(405)
        if self._is_stopping:
            raise NotAdmitted(503, wait=2)
        self.start()  # servers without lifespan events exist
        if member := _MEMBER.fullmatch(path):
            session_key = _session_key(headers.get(b"cookie", b""))
            if not session_key:
                raise NotAdmitted(401)
            return await self._admissions.member(session_key, member[1])
        if client := _CLIENT.fullmatch(path):
            return await self._admissions.client(client[1])
        raise NotAdmitted(404)


async def _serve(
    listener: Listener, begin: bytes, receive: Receive, send: Send
) -> None:
    """Until the browser goes, the stream is ended, or nothing can be written any more."""
    watch = asyncio.create_task(_end_with_browser(receive, listener))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        told = begin
        while not listener.is_over:
            async with asyncio.timeout(SEND_SECONDS):
                await send(
                    {"type": "http.response.body", "body": told, "more_body": True}
                )
            told = await listener.take(random.uniform(*HEARTBEAT_SECONDS))  # noqa: S311  # no secret
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (OSError, RuntimeError) as error:
        # TimeoutError is an OSError; granian raises a RuntimeError when nobody is there.
        logger.debug("stream broken", extra={"error": type(error).__name__})
    finally:
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch


async def _end_with_browser(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """HTTP/2 sends cookies apart; the others count once."""
    told: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        lower = name.lower()
        if lower == b"cookie" and lower in told:
            told[lower] += b"; " + value
        else:
            told[lower] = value
    return told


def _session_key(cookie: bytes) -> str:
    jar = parse_cookie(cookie.decode("latin-1"))
    told = jar.get(settings.SESSION_COOKIE_NAME, "")
    return told if _SESSION.fullmatch(told) else ""


def _after(headers: dict[bytes, bytes], query_string: bytes) -> frames.After:
    query = query_string.decode("latin-1")[:_LONGEST_QUERY]
    asked = parse_qs(query, max_num_fields=10) if query.count("&") < 10 else {}
    return frames.read_after(
        headers.get(b"last-event-id", b"").decode("latin-1"),
        asked.get("last", [""])[0],
        asked.get("since", [""])[0],
    )


async def _refuse(send: Send, refusal: NotAdmitted, *, with_body: bool) -> None:
    body = b'{"error":"%s"}' % _WORDS[refusal.status].encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if refusal.status == 405:
        headers.append((b"allow", b"GET"))
    if refusal.wait:
        headers.append((b"retry-after", str(refusal.wait).encode()))
    start = {"status": refusal.status, "headers": headers}
    await send({"type": "http.response.start", **start})
    await send({"type": "http.response.body", "body": body if with_body else b""})


application = Streams()


async def startup() -> None:
    application.start()
    _hear_signals(asyncio.get_running_loop())


def _hear_signals(loop: asyncio.AbstractEventLoop) -> None:
    """A server waits for open answers before it ends the application's life, and streams
    would keep it waiting: they end as soon as it is told to stop.

    Beside the server's own handler, which is called: an event loop hears of signals by
    another way than a handler.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for sign in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(sign)
        if not callable(before) or before is signal.default_int_handler:
            continue  # no server listens, so nobody waits for us

        def told(number: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(application.end_all)
            before(number, frame)

        signal.signal(sign, told)
        signal.siginterrupt(sign, False)


async def shutdown() -> None:
    await application.stop()
