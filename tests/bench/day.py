"""A day at the desk: what its pages and its corridor ask of PostgreSQL, and how long each takes.

The pages are asked for in this process, where every statement is timed on its way to the
server as the run-time role sends it. A statement is one query, whatever its values are.
"""

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client as Browser

from config.embedded import supervisor
from tests.bench import corridor, desk, walks
from tests.bench.house import House
from tests.bench.walks import Shop, Walk
from tests.walls import as_app, is_frame
from tickets.models import Ticket
from webhooks import processing
from whatsapp.models import Lead

# What one agent opens while ten conversations are read: the list again after most of them,
# a lead or a ticket now and then. Each brings its kinds and filters in turn.
TURN = {
    "thread": 10,
    "list": 6,
    "search": 2,
    "lead list": 2,
    "lead": 3,
    "tickets": 2,
    "ticket": 2,
    "sends": 1,
    "home": 1,
}
TURNS = 12
MESSAGES = 1_000  # that the corridor works off meanwhile
SAMPLES = 6  # of the values of a query

_WRITES = re.compile(
    r"\b(INSERT INTO|UPDATE \"?\w+\"? |DELETE FROM|FOR (NO KEY )?UPDATE|pg_advisory)"
)


@dataclass
class Query:
    """One text of SQL: how often it was sent, what it took, and values that it had."""

    sql: str
    times: int = 0
    seconds: float = 0.0
    asked_by: Counter[str] = field(default_factory=Counter)
    # The workspace whose transaction it was in, and the values.
    samples: list[tuple[int, Any]] = field(default_factory=list)

    @property
    def reads(self) -> bool:
        return not _WRITES.search(self.sql)


def hottest(house: House) -> list[Query]:
    """What only reads, by the time that it takes of the whole day."""
    shop = desk.at_work(house)
    found: dict[str, Query] = {}
    pages = _pages(shop)
    turns = 2 if house.is_quick else TURNS
    _visit(shop, pages, found, turns=1)  # what is read once in a process
    found.clear()
    _visit(shop, pages, found, turns=turns)
    here = corridor.stored_for_a_day(house, MESSAGES)
    with _noting(found, "corridor", here.workspace.pk):
        processing.drain(budget_seconds=corridor.PATIENCE)
    reading = [query for query in found.values() if query.reads]
    return sorted(reading, key=lambda query: query.seconds, reverse=True)


def _pages(shop: Shop) -> dict[str, Iterator[Walk]]:
    leads = Lead.objects.for_workspace(shop.workspace).order_by("-pk")
    tickets = Ticket.objects.for_workspace(shop.workspace).order_by("-pk")
    return {
        "thread": walks.threads(shop),
        "list": walks.conversation_list(shop),
        "search": walks.searches(shop),
        "lead list": walks.lead_list(shop),
        "lead": _each(shop, "leads", leads.values_list("key", flat=True)[:200]),
        "tickets": desk.tickets(shop),
        "ticket": _each(shop, "tickets", tickets.values_list("key", flat=True)[:200]),
        "sends": walks.sends(shop),
        "home": desk.homes(shop),
    }


def _each(shop: Shop, place: str, keys: Any) -> Iterator[Walk]:
    for key in itertools.cycle(list(keys)):
        yield Walk("one", shop.path(f"{place}/{key}/"))


def _visit(
    shop: Shop, pages: dict[str, Iterator[Walk]], found: dict[str, Query], *, turns: int
) -> None:
    browser = Browser(SERVER_NAME=supervisor.HOST)
    browser.cookies[settings.SESSION_COOKIE_NAME] = shop.session
    for _ in range(turns):
        for name, times in TURN.items():
            for walk in itertools.islice(pages[name], times):
                with _noting(found, name, shop.workspace.pk):
                    response = browser.get(walk.path, follow=False)
                if response.status_code != 200:
                    raise AssertionError(f"{walk.path} answered {response.status_code}")


@contextmanager
def _noting(found: dict[str, Query], name: str, workspace_id: int) -> Iterator[None]:
    def note(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        started = time.perf_counter()
        answer = execute(sql, params, *rest)
        if not is_frame(sql):
            query = found.setdefault(sql, Query(sql))
            query.seconds += time.perf_counter() - started
            query.times += 1
            query.asked_by[name] += 1
            if query.times % 7 == 1 and len(query.samples) < SAMPLES:
                query.samples.append((workspace_id, params))
        return answer

    connection.ensure_connection()
    with as_app(), connection.execute_wrapper(note):
        yield
