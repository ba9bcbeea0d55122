"""What row-level security costs: the busiest queries as the run-time role and without it.

The statements are those that the product sends, caught on their way as the run-time role
sends them. Then plain psycopg sends them again, prepared, in turn on two connections: bound
by the policies, and as the owner, whom a policy of this database lets through.
"""

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tests.bench import volume
from tests.bench.house import House
from tests.bench.pages import Sent, large_workspace, send, timed
from tests.bench.report import Bound, Row
from tests.walls import app_role, as_app, is_frame
from whatsapp.models import Conversation, Identity, Lead, Message
from whatsapp.selectors import inbox, leads, thread, today
from whatsapp.selectors.lead_filters import LeadFilter
from whatsapp.selectors.search import search_conversations

MOST_RATIO = 1.10
CALLS = 200
BATCH = 200

_KNOWN = """
SELECT channel_id, external_id, origin, kind FROM whatsapp_message
 WHERE workspace_id = %s AND channel_id = ANY(%s) AND external_id = ANY(%s)
"""


def walls(house: House) -> list[Row]:
    workspace = large_workspace(house)
    connection.ensure_connection()
    return [
        _row(house, workspace, name, call) for name, call in _busiest(workspace).items()
    ]


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
        "home": lambda: today.summarize(workspace, since=week),
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


def _row(
    house: House, workspace: Workspace, name: str, call: Callable[[], object]
) -> Row:
    sent = _caught(workspace, call)
    with ExitStack() as stack:
        bound = _opened(stack, house, workspace, role=app_role())
        free = _opened(stack, house, workspace, role=None)
        calls = CALLS if not house.is_quick else 5
        for one in (bound, free):
            for _ in range(6):  # as often as PostgreSQL looks at a prepared plan
                send(one, sent)
        with_walls, without = [], []
        for _ in range(calls):
            with_walls.append(timed(lambda: send(bound, sent)))
            without.append(timed(lambda: send(free, sent)))
    took, least = statistics.median(with_walls), statistics.median(without)
    return Row(
        f"walls_{name}",
        took * 1e3,
        "ms",
        ratio=took / least,
        target=MOST_RATIO,
        bound=Bound.RATIO_AT_MOST,
        note=f"without {least * 1e3:.2f} ms, {len(sent)} statements",
    )


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
