"""What row-level security costs: the hottest queries as the run-time role and without it.

Which queries those are is not chosen: `day` sends what a day of pages and of messages sends,
and the ten that take most of PostgreSQL's time are measured. Plain psycopg sends each again as
Django's does (planned anew five times, then by the prepared plan), with values that it had, in
turn on two connections: bound by the policies, and as the owner, whom a policy of this database
lets through. Whatever else the machine does makes single turns longer, never shorter, so the
lower quartiles of many turns are compared: they are what the statements themselves take.
Autovacuum stays off meanwhile, because new statistics in the middle of the turns would plan one
connection's statements anew and not the other's.
"""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from accounts.scoping import TELL
from tests.bench import day
from tests.bench.day import Query
from tests.bench.house import House
from tests.bench.pages import timed
from tests.bench.report import Bound, Row
from tests.walls import app_role

MOST_RATIO = 1.10
HOTTEST = 10
FEWEST_TURNS, MOST_TURNS = 60, 1500  # with each of its values
SECONDS = 8.0  # for each query

_GUARDED = "SELECT relname FROM pg_class WHERE relrowsecurity"


def walls(house: House) -> list[Row]:
    queries = day.hottest(house)
    total = sum(query.seconds for query in queries)
    with house.connect() as plain:
        _keep_statistics(plain)
        guarded = [str(name) for (name,) in plain.execute(_GUARDED).fetchall()]
    policed = re.compile(rf"\b({'|'.join(guarded)})\b")
    hottest = [query for query in queries if policed.search(query.sql)][:HOTTEST]
    measured = [(query, _measured(house, query)) for query in hottest]
    return [
        _together(measured),
        *(
            _row(f"walls_{place}", one, query, query.seconds / total)
            for place, (query, one) in enumerate(measured, start=1)
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Measured:
    """Seconds with row-level security and without it, and how many of each were taken."""

    took: float
    without: float
    turns: int
    policies: int  # and other subselects of the plan


def _keep_statistics(plain: psycopg.Connection[Any]) -> None:
    tables = plain.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
        " AND relname ~ '^(whatsapp|tickets|integrations|webhooks|accounts)_'"
    ).fetchall()
    for (table,) in tables:
        plain.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)".encode())


def _measured(house: House, query: Query) -> _Measured:
    """The values of a query weigh the same, however many turns each could have."""
    took, without, turns, policies = [], [], 0, 0
    with house.connect() as bound, house.connect() as free:
        bound.execute(f"SET ROLE {app_role()}".encode())
        for workspace_id, values in query.samples:
            with _inside(bound, workspace_id), _inside(free, workspace_id):
                policies = _count_policies(bound, query.sql, values)
                bounds, frees = _in_turn(
                    partial(_send, bound, query.sql, values),
                    partial(_send, free, query.sql, values),
                    seconds=0.0 if house.is_quick else SECONDS / len(query.samples),
                    fewest=5 if house.is_quick else FEWEST_TURNS,
                )
            took.append(_quartile(bounds))
            without.append(_quartile(frees))
            turns += len(bounds)
    return _Measured(statistics.mean(took), statistics.mean(without), turns, policies)


@contextmanager
def _inside(plain: psycopg.Connection[Any], workspace_id: int) -> Iterator[None]:
    """One transaction, as a page is."""
    with plain.transaction():
        plain.execute(TELL.encode(), [str(workspace_id)])
        yield


def _count_policies(plain: psycopg.Connection[Any], sql: str, values: Any) -> int:
    """How often the plan asks which workspace this is."""
    plan = plain.execute(f"EXPLAIN {sql}".encode(), values).fetchall()
    return sum(str(line).lstrip("(' ").startswith("InitPlan") for (line,) in plan)


def _together(measured: list[tuple[Query, _Measured]]) -> Row:
    """What the policies cost on the ten, each as often as the day asks it.

    A plan that is worse without them says nothing of what they cost, so it counts as equal.
    """
    took = sum(query.times * one.took for query, one in measured)
    without = sum(query.times * min(one.took, one.without) for query, one in measured)
    times = sum(query.times for query, _ in measured)
    return Row(
        "walls",
        took / times * 1e3,
        "ms",
        ratio=took / without,
        target=MOST_RATIO,
        bound=Bound.RATIO_AT_MOST,
        note=f"the ten together, asked {times} times; without {without / times * 1e3:.3f} ms",
    )


def _row(name: str, one: _Measured, query: Query, share: float) -> Row:
    pages = ", ".join(page for page, _ in query.asked_by.most_common(3))
    return Row(
        name,
        one.took * 1e3,
        "ms",
        ratio=one.took / one.without,
        note=f"{share:.1%} of the day, on {pages}: {_first_table(query.sql)};"
        f" without {one.without * 1e3:.3f} ms, {one.turns} turns,"
        f" {(one.took - one.without) * 1e6:.0f} µs more for {one.policies} subselects",
    )


def _first_table(sql: str) -> str:
    found = re.search(r"\bFROM \"?([a-z]+_\w+)", sql)
    return found[1] if found else "?"


def _in_turn(
    one: Callable[[], object],
    other: Callable[[], object],
    *,
    seconds: float,
    fewest: int,
) -> tuple[list[float], list[float]]:
    """Seconds of each call, one after the other, each first as often as second."""
    ones: list[float] = []
    others: list[float] = []
    for _ in range(6):  # until the prepared plan is settled
        one()
        other()
    until = time.monotonic() + seconds
    while len(ones) < fewest or (time.monotonic() < until and len(ones) < MOST_TURNS):
        if len(ones) % 2:
            ones.append(timed(one))
            others.append(timed(other))
        else:
            others.append(timed(other))
            ones.append(timed(one))
    return ones, others


def _send(plain: psycopg.Connection[Any], sql: str, values: Any) -> None:
    plain.execute(sql.encode(), values).fetchall()


def _quartile(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=4)[0]
