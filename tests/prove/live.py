"""Open pages while Redis is flushed and killed and their own connections break: none may stay
behind what the database says. Here a page never asks by the clock; news alone must do."""

import asyncio
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field

import psycopg
import redis

from config.embedded import files, postgres, valkey
from config.embedded.supervisor import HOST
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say

NAMES = ("live_stale",)
RATE = 25.0
PAGES = 24
TICKETS = 40
SETTLED_SECONDS = 12.0
_NEWS = ("ready", "change", "resync", "away")


@dataclass
class OpenPage:
    """A page that shows every ticket: the version of each that it fetched last."""

    port: int
    session: str
    tickets: list[str]
    dice: random.Random
    database: str
    shown: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    breaks: int = 0
    _stale: set[str] = field(default_factory=set)
    _last: str = ""
    _since: int = 0

    async def live(self, ends: asyncio.Event) -> None:
        self._since = int(time.time() * 1000)
        self._stale.update(self.tickets)
        fetching = asyncio.create_task(self._fetch())
        while not ends.is_set():
            # Some connections last for the whole proof, most break now and then.
            lasts = self.dice.choice([0.5, 2.0, 5.0, 600.0])
            listening = asyncio.create_task(self._listen())
            await asyncio.wait(
                {listening, asyncio.create_task(ends.wait())},
                timeout=lasts,
                return_when=asyncio.FIRST_COMPLETED,
            )
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            self.breaks += 1
            await asyncio.sleep(self.dice.uniform(0.0, 2.0))
        fetching.cancel()

    async def _listen(self) -> None:
        asked = f"last={self._last}" if self._last else f"since={self._since}"
        reader, writer = await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(
                f"GET /live/w/prove/?{asked} HTTP/1.1\r\nhost: {HOST}\r\n"
                f"cookie: recado_session={self.session}\r\n\r\n".encode()
            )
            name = id_ = ""
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise RuntimeError(f"a stream was refused: {head[:80]!r}")
            while raw := await reader.readline():
                line = raw.decode().strip("\r\n")
                if line.startswith("id: "):
                    id_ = line[4:]
                elif line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    self._last = id_ or self._last
                    self._hear(name, json.loads(line[6:]))
        finally:
            writer.close()

    def _hear(self, name: str, news: dict[str, list[str]]) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        keys = news.get("ticket", [])
        if name == "resync" or "*" in keys:
            self._stale.update(self.tickets)
        elif name == "change":
            self._stale.update(set(keys) & set(self.tickets))

    async def _fetch(self) -> None:
        """As the browser does: what is stale is asked for, and shown when it is there."""
        async with await psycopg.AsyncConnection.connect(
            self.database, autocommit=True
        ) as database:
            while True:
                stale, self._stale = self._stale, set()
                if stale:
                    cursor = await database.execute(
                        "SELECT key::text, version FROM tickets_ticket"
                        " WHERE key = ANY(%s::uuid[])",
                        [list(stale)],
                    )
                    self.shown |= dict(await cursor.fetchall())
                await asyncio.sleep(0.05)


def live(plan: Plan) -> list[Row]:
    stack = plan.stack
    changes = plan.size(1_000, 200)
    say(f"live: {PAGES} open pages, {changes} changes, Redis flushed and killed")
    changer = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.prove.ticket_changes"),
            *("--tickets", str(TICKETS), "--people", str(PAGES)),
            *("--changes", str(changes), "--rate", str(RATE), "--seed", str(plan.seed)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=files.BASE_DIR,
        env=stack.env,
    )
    assert changer.stdout is not None
    told = json.loads(changer.stdout.readline())
    chance = plan.chance("live")
    database = f"postgresql://postgres@/{postgres.DATABASE}?host={stack.sockets}"
    pages = [
        OpenPage(
            stack.port,
            session,
            told["tickets"],
            random.Random(chance.random()),
            database,
        )
        for session in told["sessions"]
    ]
    asyncio.run(_live(plan, pages, changer))
    rows = stack.sql("SELECT key::text, version FROM tickets_ticket")
    true = {key: version for key, version in rows if key in set(told["tickets"])}
    stale = sum(
        page.shown.get(key) != version
        for page in pages
        for key, version in true.items()
    )
    heard = {name: sum(page.counts.get(name, 0) for page in pages) for name in _NEWS}
    say(f"  {sum(page.breaks for page in pages)} broken connections; heard {heard}")
    moved = sum(version > 1 for version in true.values())
    is_proof = moved == len(true) and heard["resync"] > 0 and heard["away"] > 0
    return [none_of("live_stale", stale, "tickets shown as they were", also=is_proof)]


async def _live(
    plan: Plan, pages: list[OpenPage], changer: "subprocess.Popen[str]"
) -> None:
    ends = asyncio.Event()
    living = [asyncio.create_task(page.live(ends)) for page in pages]
    await asyncio.sleep(3)
    harm = asyncio.create_task(_harm(plan, changer))
    assert changer.stdin is not None
    changer.stdin.write("go\n")
    changer.stdin.flush()
    if await asyncio.to_thread(changer.wait) != 0:
        raise RuntimeError("the changes were not made")
    await harm
    await asyncio.sleep(SETTLED_SECONDS)
    ends.set()
    await asyncio.gather(*living)


async def _harm(plan: Plan, changer: "subprocess.Popen[str]") -> None:
    """Flushed three times, then killed and away for two seconds, in turn.

    In the main thread: a server dies with the thread that started it.
    """
    server = plan.stack.processes["valkey"]
    path = str(plan.stack.sockets / valkey.SOCKET_NAME)
    for number in range(1_000):
        await asyncio.sleep(1.5)
        if changer.poll() is not None:
            return
        if number % 4 == 3:
            server.kill()
            await asyncio.sleep(2)
            server.start()
        else:
            with redis.Redis(unix_socket_path=path) as client:
                client.flushall()
