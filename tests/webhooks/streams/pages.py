"""An open page as the server of streams sees it: a request that lasts, and what it hears."""

import asyncio
import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from webhooks.streams.application import Streams

PATIENCE = 8.0


@dataclass(frozen=True)
class Heard:
    name: str
    id: str
    news: dict[str, list[str]]


class Page:
    """Used as a context; `stops_reading` makes it a reader that takes nothing any more."""

    def __init__(
        self,
        streams: Streams,
        path: str,
        *,
        session: str = "",
        last_event_id: str = "",
        query: str = "",
        method: str = "GET",
    ) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.raw = b""
        self.is_over = False
        self.may_read = asyncio.Event()
        self.may_read.set()
        self._goes = asyncio.Event()
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._rest = b""
        headers = [(b"host", b"127.0.0.1")]
        if session:
            headers.append((b"cookie", f"other=1; recado_session={session}".encode()))
        if last_event_id:
            headers.append((b"last-event-id", last_event_id.encode("latin-1")))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
        }
        self._call = streams(scope, self._receive, self._send)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.goes()
        self.may_read.set()
        await asyncio.wait_for(self._task, PATIENCE)

    def goes(self) -> None:
        self._goes.set()

    async def ends(self, seconds: float = PATIENCE) -> None:
        await asyncio.wait_for(asyncio.shield(self._task), seconds)

    async def hears(self, name: str, seconds: float = PATIENCE) -> Heard:
        """The next of this name; what comes before it is passed over."""
        async with asyncio.timeout(seconds):
            while (heard := await self._heard.get()).name != name:
                pass
            return heard

    async def hears_nothing(self, seconds: float = 0.4) -> None:
        try:
            async with asyncio.timeout(seconds):
                heard = await self._heard.get()
        except TimeoutError:
            return
        raise AssertionError(f"heard {heard}")

    async def _run(self) -> None:
        await self._call
        self.is_over = True

    async def _receive(self) -> dict[str, Any]:
        await self._goes.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.may_read.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode(): value.decode() for name, value in message["headers"]
            }
            return
        self.raw += message["body"]
        self._rest += message["body"]
        while b"\n\n" in self._rest:
            block, self._rest = self._rest.split(b"\n\n", 1)
            lines = dict(
                line.split(b": ", 1) for line in block.split(b"\n") if b": " in line
            )
            if b"event" in lines:
                self._heard.put_nowait(
                    Heard(
                        lines[b"event"].decode(),
                        lines.get(b"id", b"").decode(),
                        json.loads(lines[b"data"]),
                    )
                )
