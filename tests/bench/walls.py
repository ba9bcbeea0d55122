"""What row-level security costs: the busiest queries as the run-time role and without it.

The statements are those that the product sends, caught on their way as the run-time role
sends them. Then plain psycopg sends them again as Django's does (planned anew five times, then
by the prepared plan), in turn on two connections: bound by the policies, and as the owner, whom
a policy of this database lets through. Whatever else the machine does makes single turns longer,
never shorter, so the lower quartiles of many turns are compared: they are what the statements
themselves take. Autovacuum stays off meanwhile, because new statistics in the middle of the
turns would plan one connection's statements anew and not the other's.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tests.bench import volume
from tests.bench.house import House
from tests.bench.pages import Sent, large_workspace, timed
from tests.bench.report import Bound, Row
from tests.walls import app_role, as_app, is_frame
from whatsapp.models import Conversation, Identity, Lead, Message
from whatsapp.selectors import first_answers, inbox, leads, thread
from whatsapp.selectors.lead_filters import LeadFilter
from whatsapp.selectors.search import search_conversations

MOST_RATIO = 1.10
HOTTEST = 10  # of the measured ones, by what they take
FEWEST_TURNS, MOST_TURNS = 100, 2000
SECONDS = 6.0  # of turns for one query
BATCH = 200

_KNOWN = """
SELECT channel_id, external_id, origin, kind FROM whatsapp_message
 WHERE workspace_id = %s AND channel_id = ANY(%s) AND external_id = ANY(%s)
"""


def walls(house: House) -> list[Row]:
    workspace = large_workspace(house)
    connection.ensure_connection()
    _keep_statistics(house)
    measured = [
        _measured(house, workspace, name, call)
        for name, call in _busiest(workspace).items()
    ]
    by_cost = sorted(measured, key=lambda one: one.without, reverse=True)
    hottest = {one.name for one in by_cost[:HOTTEST]}
    return [_row(one, is_hot=one.name in hottest) for one in measured]


@dataclass(frozen=True, slots=True)
class _Measured:
    """Seconds with row-level security and without it."""

    name: str
    took: float
    without: float
    note: str


def _keep_statistics(house: House) -> None:
    with house.connect() as plain:
        tables = plain.execute(
            "SELECT oid::regclass::text FROM pg_class"
            " WHERE relkind = 'r' AND relname LIKE 'whatsapp\\_%'"
        ).fetchall()
        for (table,) in tables:
            plain.execute(
                f"ALTER TABLE {table} SET (autovacuum_enabled = false)".encode()
            )


def _busiest(workspace: Workspace) -> dict[str, Callable[[], object]]:
    """The pages people look at all day, and what the corridor asks of every batch."""
    middle = Lead.objects.for_workspace(workspace).order_by("pk")[1000]
    talk = Conversation.objects.for_workspace(workspace).filter(lead=middle).get()
    messages = list(Message.objects.for_workspace(workspace).order_by("-pk")[:BATCH])
    channels = [messages[0].channel_id]
    names = [one.external_id for one in messages]
    keys = list(
        Identity.objects.for_workspace(workspace)
        .order_by("pk")
        .values_list("match_key", flat=True)[:BATCH]
    )
    week = timezone.now() - timedelta(days=7)

    def ask(sql: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            cursor.fetchall()

    return {
        "list": lambda: inbox.list_conversations(workspace, state="open"),
        "counts": lambda: inbox.count_tabs(workspace, user_id=0),
        "thread": lambda: thread.list_messages(talk),
        "thread_head": lambda: thread.find_conversation(workspace, key=talk.key),
        "search_rare": lambda: search_conversations(workspace, text=volume.RARE),
        "search_name": lambda: search_conversations(workspace, text=middle.name),
        "lead_list": lambda: leads.list_leads(workspace),
        "lead_search": lambda: leads.list_leads(
            workspace, filters=LeadFilter(text=middle.name)
        ),
        "lead_page": lambda: leads.find_lead(workspace, key=middle.key),
        "home": lambda: first_answers.count(
            workspace, since=week, until=timezone.now(), compared=week
        ),
        "known_messages": lambda: ask(_KNOWN, workspace.pk, channels, names),
        "known_people": lambda: ask(
            "SELECT i.match_key, i.lead_id, l.name, a.rule FROM whatsapp_identity i"
            " JOIN whatsapp_lead l ON l.id = i.lead_id"
            " LEFT JOIN whatsapp_attribution a ON a.id = l.attribution_id"
            " WHERE i.workspace_id = %s AND i.match_key = ANY(%s) ORDER BY i.id",
            workspace.pk,
            keys,
        ),
    }


def _measured(
    house: House, workspace: Workspace, name: str, call: Callable[[], object]
) -> _Measured:
    sent = _caught(workspace, call)
    with ExitStack() as stack:
        bound = _opened(stack, house, workspace, role=app_role())
        free = _opened(stack, house, workspace, role=None)
        with_walls, without = _in_turn(
            lambda: _send(bound, sent), lambda: _send(free, sent), house
        )
        plans = _planned_anew(bound), _planned_anew(free)
    took, least = _quartile(with_walls), _quartile(without)
    note = (
        f"without {least * 1e3:.3f} ms, {len(sent)} statements, {len(without)} turns;"
        f" planned anew {plans[0]} and {plans[1]} times"
    )
    return _Measured(name, took, least, note)


def _planned_anew(plain: psycopg.Connection[Any]) -> int:
    row = plain.execute("SELECT sum(custom_plans) FROM pg_prepared_statements")
    told = row.fetchone()
    return int(told[0] or 0) if told else 0


def _row(one: _Measured, *, is_hot: bool) -> Row:
    """Of a look-up that takes less than the others the figure is shown, without a bound:
    what the policies add to it are microseconds that no page is felt to take."""
    return Row(
        f"walls_{one.name}",
        one.took * 1e3,
        "ms",
        ratio=one.took / one.without,
        target=MOST_RATIO if is_hot else None,
        bound=Bound.RATIO_AT_MOST if is_hot else Bound.NONE,
        note=one.note if is_hot else f"not among the ten; {one.note}",
    )


def _in_turn(
    one: Callable[[], object], other: Callable[[], object], house: House
) -> tuple[list[float], list[float]]:
    """Seconds of each call, one after the other, each first as often as second."""
    fewest = 5 if house.is_quick else FEWEST_TURNS
    seconds = 0.0 if house.is_quick else SECONDS
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


def _send(plain: psycopg.Connection[Any], sent: Sequence[Sent]) -> None:
    for one in sent:
        plain.execute(one.sql.encode(), one.params).fetchall()


def _quartile(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=4)[0]


def _caught(workspace: Workspace, call: Callable[[], object]) -> list[Sent]:
    sent: list[Sent] = []

    def catch(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        if not is_frame(sql):
            sent.append(Sent(sql, params))
        return execute(sql, params, *rest)

    with (
        as_app(),
        workspace_transaction(workspace.pk),
        connection.execute_wrapper(catch),
    ):
        call()
    return sent


def _opened(
    stack: ExitStack, house: House, workspace: Workspace, *, role: str | None
) -> psycopg.Connection[Any]:
    """Inside one transaction, as a page is."""
    plain = stack.enter_context(house.connect())
    if role is not None:
        plain.execute(f"SET ROLE {role}".encode())
    stack.enter_context(plain.transaction())
    plain.execute(
        "SELECT set_config('app.workspace_id', %s, true)", [str(workspace.pk)]
    )
    return plain
