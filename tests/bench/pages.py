"""Selectors of the busiest pages on a large database, beside the SQL that they run.

The SQL is what the selector itself sent, caught on its way and sent again, prepared, by
plain psycopg on a connection like Django's: the least that this page can cost.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from django.db import connection

from accounts.models import Workspace
from integrations.models import Channel
from tests.bench import volume
from tests.bench.house import House
from tests.bench.report import Bound, Row
from whatsapp.models import Identity, Lead
from whatsapp.selectors.inbox import list_conversations
from whatsapp.selectors.search import search_conversations

MOST_RATIO = 3.0
CALLS = 50
MESSAGES = 1_000_000
PEOPLE = 100_000
PAGES_DOWN = 20
CROWD, CROWD_MESSAGES, CROWD_PEOPLE = 400, 500, 100

_large: list[Workspace] = []


def conversation_list(house: House) -> list[Row]:
    workspace = large_workspace(house)
    before = ""
    for _ in range(PAGES_DOWN):
        before = list_conversations(workspace, state="open", before=before).older or ""

    def page(before: str) -> int:
        return len(list_conversations(workspace, state="open", before=before).rows)

    return [
        _beside(house, "list", lambda: page("")),
        _beside(house, "list_older", lambda: page(before)),
    ]


def search(house: House) -> list[Row]:
    workspace = large_workspace(house)
    middle = Lead.objects.for_workspace(workspace).order_by("pk")[PEOPLE // 200]
    phone = Identity.objects.for_workspace(workspace).get(lead=middle).value
    typed = f"({phone[2:4]}) {phone[4:9]}-{phone[9:]}"
    asked = {
        "search_rare": volume.RARE,
        "search_common": volume.COMMON,
        "search_medium": volume.MEDIUM,
        "search_phone": typed,
        "search_name": middle.name,
    }
    return [
        _beside(house, name, partial(_found, workspace, text))
        for name, text in asked.items()
    ]


def _found(workspace: Workspace, text: str) -> int:
    return len(search_conversations(workspace, text=text).rows)


@dataclass(frozen=True, slots=True)
class Sent:
    sql: str
    params: Any


def _beside(house: House, name: str, call: Callable[[], int]) -> Row:
    sent: list[Sent] = []

    def catch(execute, sql, params, many, context):
        sent.append(Sent(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(catch):
        found = call()
    if not found:
        raise AssertionError(f"{name} found nothing")
    ours, bare = [], []
    with house.connect() as plain:
        _replay(plain, sent)  # both have been warmed up by one call
        for _ in range(CALLS if not house.is_quick else 5):
            ours.append(timed(call))
            bare.append(timed(lambda: _replay(plain, sent)))
    took, least = statistics.median(ours), statistics.median(bare)
    return Row(
        name,
        took * 1e3,
        "ms",
        ratio=took / least,
        target=MOST_RATIO,
        bound=Bound.RATIO_AT_MOST,
        note=f"{found} rows; bare SQL {least * 1e3:.2f} ms",
    )


def _replay(plain: psycopg.Connection[Any], sent: Sequence[Sent]) -> None:
    """In a transaction when the page needs one: settings of ours live no longer."""
    if any("set_config" in one.sql for one in sent):
        with plain.transaction():
            send(plain, sent)
    else:
        send(plain, sent)


def send(plain: psycopg.Connection[Any], sent: Sequence[Sent]) -> None:
    for one in sent:
        plain.execute(one.sql.encode(), one.params, prepare=True).fetchall()


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def large_workspace(house: House) -> Workspace:
    """Made once a run, with a neighbour of a tenth of its size and a crowd of small ones."""
    if not _large:
        scale = 50 if house.is_quick else 1
        _crowd(house, CROWD // scale)
        for slug, share in (("neighbour", 10), ("large", 1)):
            workspace = filled_workspace(
                house,
                slug,
                messages=MESSAGES // share // scale,
                people=PEOPLE // share // scale,
            )
        _large.append(workspace)
    return _large[0]


def _crowd(house: House, count: int) -> None:
    """An installation of many workspaces: PostgreSQL guesses by how many there are."""
    house.ready()
    print(f"  making {count} small workspaces …", file=sys.stderr, flush=True)
    with house.connect() as plain:
        for number in range(count):
            workspace, channel = _workspace(f"small-{number}")
            volume.fill(
                plain,
                workspace_id=workspace.pk,
                channel_id=channel.pk,
                messages=CROWD_MESSAGES,
                people=CROWD_PEOPLE,
                is_one_of_many=True,
            )


def _workspace(slug: str) -> tuple[Workspace, Channel]:
    workspace = Workspace.objects.create(slug=slug, name=slug.title())
    channel = Channel.objects.create(
        workspace=workspace,
        provider="meta_cloud",
        phone=f"+551194{workspace.pk:06d}0",
        external_id=f"1065403{workspace.pk:08d}",
    )
    return workspace, channel


def filled_workspace(
    house: House, slug: str, *, messages: int, people: int
) -> Workspace:
    house.ready()
    print(f"  making the workspace {slug} …", file=sys.stderr, flush=True)
    workspace, channel = _workspace(slug)
    with house.connect() as plain:
        volume.fill(
            plain,
            workspace_id=workspace.pk,
            channel_id=channel.pk,
            messages=messages,
            people=people,
        )
    return workspace
