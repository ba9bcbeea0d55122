"""Open pages that hear of a change: how soon, and what a thousand of them cost.

Streams and pages are served by real processes over loopback; an open page is a connection
that reads its stream and, on news of its ticket, fetches itself anew over a kept one.
"""

import asyncio
import itertools
import json
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import broadcast
from accounts.broadcast import Kind
from accounts.models import Membership, User, Workspace
from tests.bench import memory
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.browser.house import session_of
from tests.factories import accounts as make_people
from tests.factories import tickets as make
from tickets.models import Ticket
from tickets.services import tickets
from tickets.services.tickets import By

UPDATE_MS = 300
MOST_MEGABYTES = 300
PAGES = 200
TICKETS = 20
STREAMS = 1_000
PER_SESSION = 10
PATIENCE = 30.0

# A stream that is opened before its server has found Redis hears the second.
_THERE = (b"ready", b"resync")

Address = tuple[str, int]
_shops = itertools.count(1)


@dataclass
class Shop:
    workspace: Workspace
    owner: User
    sessions: list[str]
    tickets: list[Ticket]


@dataclass
class OpenPage:
    """One stream, and what it heard since `heard` was emptied; `about` is its ticket."""

    address: Address
    path: str
    session: str
    about: str = ""
    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    is_ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        reader, writer = await asyncio.open_connection(*self.address, limit=16 * 1024)
        try:
            writer.write(_request(self.path, self.session))
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise AssertionError(f"a stream was refused: {head[:80]!r}")
            name = b""
            while line := await reader.readline():
                if line.startswith(b"event: "):
                    name = line[7:].strip()
                elif line.startswith(b"data: ") and name in _THERE:
                    self.is_ready.set()
                elif line.startswith(b"data: ") and name == b"change":
                    self.heard.append((time.perf_counter(), json.loads(line[6:])))
                    self.news.set()
        finally:
            writer.close()


class Fetcher:
    """A kept connection that fetches one page again and again."""

    def __init__(self, address: Address, path: str, session: str) -> None:
        self._address, self._request = address, _request(path, session, part=True)
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def fetch(self) -> bytes:
        if self._line is None:
            self._line = await asyncio.open_connection(*self._address)
        reader, writer = self._line
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise AssertionError(f"a page was refused: {head[:200]!r}")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return await reader.readexactly(length)

    def close(self) -> None:
        if self._line is not None:
            self._line[1].close()


def live(house: House) -> list[Row]:
    house.ready()
    count = PAGES // (10 if house.is_quick else 1)
    changes = 10 if house.is_quick else 100
    shop = _open_shop(sessions=count // PER_SESSION, with_tickets=TICKETS)
    with house.streams() as (streams, _), house.pages() as pages:
        heard, updated = asyncio.run(
            _changes(shop, streams, pages, count=count, changes=changes)
        )
    note = (
        f"{changes} changes, {count} open pages, median {_share(updated, 0.5):.0f} ms"
    )
    return [
        Row(
            "live",
            _share(updated, 0.95),
            "ms",
            target=UPDATE_MS,
            bound=Bound.VALUE_AT_MOST,
            note=f"{note}, longest {max(updated):.0f} ms",
        ),
        Row(
            "live_heard",
            _share(heard, 0.95),
            "ms",
            note=f"{len(heard)} times, median {_share(heard, 0.5):.1f} ms, "
            f"longest {max(heard):.0f} ms",
        ),
    ]


def live_memory(house: House) -> list[Row]:
    house.ready()
    count = STREAMS // (10 if house.is_quick else 1)
    _allow_files(2 * count + 200)
    shop = _open_shop(sessions=count // PER_SESSION, with_tickets=0)
    with house.streams() as (address, process):
        before = memory.of_family(process.pid)
        after = asyncio.run(_thousand(shop, address, count, process.pid))
    return [
        Row(
            "live_memory",
            after,
            "MB",
            target=MOST_MEGABYTES,
            bound=Bound.VALUE_AT_MOST,
            note=f"{count} streams; {before:.0f} MB without any",
        ),
        Row("live_memory_each", (after - before) * 1024 / count, "KB"),
    ]


async def _changes(
    shop: Shop, streams: Address, pages: Address, *, count: int, changes: int
) -> tuple[list[float], list[float]]:
    """Milliseconds until each page has heard, and until those concerned are up to date."""
    opened = _pages(shop, streams, count)
    fetchers = {
        id(one): Fetcher(
            pages, f"/w/{shop.workspace.slug}/tickets/{one.about}/", one.session
        )
        for one in opened
    }
    listening = [asyncio.create_task(one.listen()) for one in opened]
    await _all_ready(opened, listening)
    for one in opened:  # templates are read, connections are open
        await fetchers[id(one)].fetch()
    heard, updated = [], []
    for number in range(changes):
        ticket = shop.tickets[number % len(shop.tickets)]
        concerned = [one for one in opened if one.about == str(ticket.key)]
        for one in opened:
            one.heard.clear()
            one.news.clear()
        waiting = [
            asyncio.create_task(
                _update(one, fetchers[id(one)], f"Chamado mudado {number}.")
            )
            for one in concerned
        ]
        began = time.perf_counter()
        await asyncio.to_thread(_change, shop, ticket, f"Chamado mudado {number}.")
        async with asyncio.timeout(PATIENCE):
            done = await asyncio.gather(*waiting)
            await asyncio.gather(*(one.news.wait() for one in opened))
        updated += [(at - began) * 1e3 for at in done]
        heard += [(one.heard[0][0] - began) * 1e3 for one in opened]
        await asyncio.sleep(0.05)
    await _hang_up(listening)
    for fetcher in fetchers.values():
        fetcher.close()
    return heard, updated


async def _update(page: OpenPage, fetcher: Fetcher, text: str) -> float:
    await page.news.wait()
    body = await fetcher.fetch()
    if text.encode() not in body:
        raise AssertionError("the page does not show what it heard of")
    return time.perf_counter()


async def _thousand(shop: Shop, address: Address, count: int, pid: int) -> float:
    opened = _pages(shop, address, count)
    listening = []
    for start in range(0, count, 50):
        some = opened[start : start + 50]
        listening += [asyncio.create_task(one.listen()) for one in some]
        await _all_ready(some, listening)
    topic = broadcast.workspace_topic(shop.workspace.key)
    for number in range(20):
        for one in opened:
            one.news.clear()
        await asyncio.to_thread(broadcast.tell, topic, Kind.TICKET, [f"{number}"])
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(one.news.wait() for one in opened))
    size = memory.of_family(pid)
    await _hang_up(listening)
    return size


def _pages(shop: Shop, address: Address, count: int) -> list[OpenPage]:
    path = f"/live/w/{shop.workspace.slug}/"
    keys = itertools.cycle([str(one.key) for one in shop.tickets] or [""])
    sessions = itertools.cycle(shop.sessions)
    return [
        OpenPage(address, path, next(sessions), about=next(keys)) for _ in range(count)
    ]


async def _all_ready(
    pages: Sequence[OpenPage], listening: Sequence["asyncio.Task[None]"]
) -> None:
    """A stream that ends instead raises what went wrong with it."""
    async with asyncio.timeout(PATIENCE):
        for page in pages:
            while not page.is_ready.is_set():
                for one in listening:
                    if one.done():
                        one.result()
                await asyncio.sleep(0.01)


async def _hang_up(listening: Sequence["asyncio.Task[None]"]) -> None:
    for one in listening:
        one.cancel()
    await asyncio.gather(*listening, return_exceptions=True)


def _change(shop: Shop, ticket: Ticket, title: str) -> None:
    from django.db import connections

    try:
        tickets.change(ticket, {"title": title}, by=By(shop.owner), now=timezone.now())
    finally:
        connections.close_all()


def _open_shop(*, sessions: int, with_tickets: int) -> Shop:
    slug = f"live-{next(_shops)}"
    workspace = make_people.workspace(slug=slug, name="Loja ao vivo")
    people = []
    for number in range(sessions):
        user = User.objects.create_user(
            email=f"{slug}-{number}@example.com", name=f"Pessoa {number}"
        )
        Membership.objects.create(workspace=workspace, user=user, role="owner")
        people.append(user)
    client = make.client(workspace, name="Ana Lima")
    rows = [
        make.ticket(workspace, number=number + 1, client=client)
        for number in range(with_tickets)
    ]
    return Shop(workspace, people[0], [session_of(one) for one in people], rows)


def _request(path: str, session: str, *, part: bool = False) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        "host: 127.0.0.1",
        "x-forwarded-proto: https",
        f"cookie: {settings.SESSION_COOKIE_NAME}={session}",
        *(["hx-request: true", "accept-language: pt-BR"] if part else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
