"""Who may listen, asked when a stream begins and again while it is open.

The database is asked in a few threads of their own, for each session and workspace once
however many streams it has; an open stream holds no connection. Whoever was signed out or
has left the workspace loses the stream within a minute, as does everybody whom the database
has not confirmed for as long.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from accounts import selectors
from accounts.broadcast import Kind, workspace_topic
from accounts.permissions import Action, may
from accounts.scoping import workspace_transaction
from accounts.sso import standing
from tickets.services import client_links
from tickets.services.client_links import LinkBad
from webhooks import metrics
from webhooks.streams.hub import Listener, Only

logger = logging.getLogger(__name__)

ASK_AGAIN_SECONDS: Final = (20.0, 30.0)
UNCONFIRMED_SECONDS: Final = 55.0
MOST_WAITING: Final = 500  # who ask at once; the others are told to come back
_STILL_FRESH_SECONDS = 2.0
_THREADS = 3


class NotAdmitted(Exception):
    """`status` is the answer; `wait` is when asking again makes sense, in seconds."""

    def __init__(self, status: int, *, wait: int = 0) -> None:
        super().__init__(status)
        self.status = status
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Place:
    """What may be listened to: a workspace's topic, all of it or one row."""

    topic: str
    only: Only | None = None


@dataclass(eq=False, slots=True)
class Pass:
    """Who listens by one session, or by one link."""

    of: str  # members or clients
    digest: bytes
    ask: Callable[[], Place]
    place: Place
    confirmed_at: float
    asks_at: float
    listeners: set[Listener] = field(default_factory=set)
    is_asking: bool = False


class Admissions:
    """The passes of this process, and the task that asks again for each."""

    def __init__(self) -> None:
        self._passes: dict[tuple[str, bytes], Pass] = {}
        self._counts: dict[tuple[str, str], int] = {}  # streams by whose, and topic
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="admission")
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None
        self._questions: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="live-admissions")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def listeners(self) -> list[Listener]:
        return [one for held in self._passes.values() for one in held.listeners]

    async def member(self, session_key: str, slug: str) -> tuple[Pass, Listener]:
        """Raises NotAdmitted: 401 for nobody, 404 for somebody who is no member."""
        digest = sha256(f"{session_key}\n{slug}".encode()).digest()
        return await self._admit(
            "members", digest, lambda: place_of_member(session_key, slug)
        )

    async def client(self, token: str) -> tuple[Pass, Listener]:
        """Raises NotAdmitted: 404 for a link that leads nowhere."""
        digest = sha256(token.encode()).digest()
        return await self._admit("clients", digest, lambda: place_of_client(token))

    def leave(self, held: Pass, listener: Listener) -> None:
        held.listeners.discard(listener)
        key = (held.of, held.place.topic)
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]
        name = (held.of, held.digest)
        if not held.listeners and self._passes.get(name) is held:
            del self._passes[name]
        metrics.opened(held.of, -1)

    async def _admit(
        self, of: str, digest: bytes, ask: Callable[[], Place]
    ) -> tuple[Pass, Listener]:
        key = (of, digest)
        held = self._passes.get(key)
        if held is None or time.monotonic() - held.confirmed_at > _STILL_FRESH_SECONDS:
            place = await self._ask(ask)
            now = time.monotonic()
            held = self._passes.get(key)  # another stream of it may have come meanwhile
            if held is None or held.place != place:
                held = Pass(of, digest, ask, place, now, now + _pause())
            held.confirmed_at = now
        if len(held.listeners) >= settings.LIVE_STREAMS_PER_SESSION:
            raise NotAdmitted(429, wait=30)
        count = self._counts.get((of, held.place.topic), 0)
        if count >= settings.LIVE_STREAMS_PER_WORKSPACE:
            raise NotAdmitted(429, wait=60)
        listener = Listener(held.place.only)
        held.listeners.add(listener)
        self._passes[key] = held
        self._counts[of, held.place.topic] = count + 1
        metrics.opened(of)
        return held, listener

    async def _ask(self, ask: Callable[[], Place]) -> Place:
        if self._waiting >= MOST_WAITING:
            raise NotAdmitted(503, wait=5)
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, _in_thread, ask)
        except (DatabaseError, OSError) as error:
            logger.warning("admission not asked", extra={"error": type(error).__name__})
            raise NotAdmitted(503, wait=5) from None
        finally:
            self._waiting -= 1

    async def _watch(self) -> None:
        """A few at a time, each at its own moment: a thousand do not ask at once."""
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            for held in list(self._passes.values()):
                if now - held.confirmed_at > UNCONFIRMED_SECONDS:
                    _end(held)
                elif now >= held.asks_at and not held.is_asking:
                    held.is_asking = True
                    question = asyncio.create_task(self._confirm(held))
                    self._questions.add(question)
                    question.add_done_callback(self._questions.discard)

    async def _confirm(self, held: Pass) -> None:
        try:
            place = await self._ask(held.ask)
            if place == held.place:
                held.confirmed_at = time.monotonic()
            else:
                _end(held)
        except NotAdmitted as refusal:
            if refusal.status != 503:
                _end(held)
        finally:
            held.is_asking = False
            held.asks_at = time.monotonic() + _pause()


def place_of_member(session_key: str, slug: str) -> Place:
    """As every page of the workspace asks; the same 404 for a foreign and a missing one."""
    user = standing.find_listener(session_key, now=timezone.now())
    if user is None:
        raise NotAdmitted(401)
    for membership in selectors.list_memberships(user):
        if membership.workspace.slug == slug and may(membership.role, Action.READ):
            return Place(workspace_topic(membership.workspace.key))
    raise NotAdmitted(404)


def place_of_client(token: str) -> Place:
    """The one ticket of a signed link, while the link is good."""
    try:
        link = client_links.read(token)
    except LinkBad:
        raise NotAdmitted(404) from None
    with workspace_transaction(link.workspace_id):
        ticket = client_links.find_ticket(link)
        if ticket is None or not client_links.is_good(link, ticket):
            raise NotAdmitted(404)
        topic = workspace_topic(ticket.workspace.key)
        return Place(topic, Only(Kind.PUBLIC_TICKET, str(ticket.key)))


def _in_thread(ask: Callable[[], Place]) -> Place:
    try:
        return ask()
    finally:
        connections.close_all()  # hands the connection back to the pool


def _end(held: Pass) -> None:
    for listener in held.listeners:
        listener.end()


def _pause() -> float:
    return random.uniform(*ASK_AGAIN_SECONDS)  # noqa: S311  # no secret
