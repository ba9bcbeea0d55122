"""Sends as pages list them: each with its message, its person and what became of it."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page, Position
from accounts.scoping import workspace_transaction
from whatsapp.models import Breaker, ChannelPace, OutboxEntry, OutboxFence
from whatsapp.selectors.outages import person_of
from whatsapp.selectors.people import PERSON_COLUMNS, PERSON_JOIN, Person
from whatsapp.selectors.send_filters import Question, SendFilter, question

PAGE_SIZE = 50
MOST_CHOSEN = 1000
_LONGEST_TEXT = 5000  # characters; a page shows fewer, a file all of it

# The rows first, by the index alone; what is shown of them afterwards.
_PAGE = f"""
{{finding}} {{comma}} page AS MATERIALIZED (
    SELECT entry.id, entry.created_at FROM whatsapp_outboxentry entry {{join}}
     WHERE {{where}} {{older}}
     ORDER BY entry.created_at DESC, entry.id DESC LIMIT %(limit)s
)
SELECT entry.key, entry.created_at, entry.shown, entry.state, entry.reason, entry.detail,
       entry.attempts, entry.next_at, entry.submitted_at, entry.template, entry.is_bulk,
       entry.delivery, message.kind, left(message.text, {_LONGEST_TEXT}), message.external_id,
       channel.key, channel.display_name, channel.phone, channel.provider,
       thread.key, entry.peer_key, {PERSON_COLUMNS}
  FROM page
  JOIN whatsapp_outboxentry entry ON entry.id = page.id
  JOIN whatsapp_message message ON message.id = entry.message_id
  JOIN integrations_channel channel ON channel.id = entry.channel_id
  LEFT JOIN whatsapp_conversation thread ON thread.id = message.conversation_id
  LEFT JOIN whatsapp_lead lead ON lead.id = thread.lead_id
  {PERSON_JOIN}
 ORDER BY page.created_at DESC, page.id DESC
"""  # noqa: S608  # constants of this room
_OLDER = "AND (entry.created_at, entry.id) < (%(edge_at)s, %(edge_id)s)"
_KEYS = """
{finding} SELECT entry.key FROM whatsapp_outboxentry entry {join}
 WHERE {where} AND entry.shown = ANY(%(possible)s)
 ORDER BY entry.created_at, entry.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class SendRow:
    """`delivery` is the provider's last word; `detail` its own words for what went wrong."""

    key: uuid.UUID
    created_at: datetime
    shown: str
    state: str
    reason: str
    detail: str
    attempts: int
    next_at: datetime
    submitted_at: datetime | None
    template: str
    is_bulk: bool
    delivery: str
    kind: str
    text: str
    external_id: str | None
    channel_key: uuid.UUID
    channel_name: str
    channel_phone: str
    provider: str
    conversation_key: uuid.UUID | None
    person: Person
    peer_key: str

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "SendRow":
        columns = [*row[:20], person_of(*row[20:24]), row[20]]
        return cls(*columns)

    @property
    def number_name(self) -> str:
        return self.channel_name or self.channel_phone


def list_sends(
    workspace: Workspace,
    filters: SendFilter,
    *,
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[SendRow]:
    """Newest first. A position keeps its place whatever is sent meanwhile."""
    position = paging.read(before)
    with workspace_transaction(workspace.pk):
        edge = _edge(workspace, position) if position else None
        asked = question(workspace, filters, before=edge, most=size + 1)
        values = asked.values | {"limit": size + 1}
        if edge is not None:
            values |= {"edge_at": edge[0], "edge_id": edge[1]}
        query = _PAGE.format(
            finding=asked.finding or "WITH",
            comma="," if asked.finding else "",
            join=asked.join,
            where=asked.where,
            older=_OLDER if edge else "",
        )
        rows = [SendRow.of(row) for row in _ask(query, values)]
    shown = tuple(rows[:size])
    last = shown[-1] if len(rows) > size else None
    return Page(shown, paging.write(last.created_at, last.key) if last else None)


def _edge(workspace: Workspace, position: Position) -> tuple[datetime, int]:
    """Where a page begins. A send that is gone since leaves only its moment."""
    if position.key is None:
        return position.at, 0
    entries = OutboxEntry.objects.for_workspace(workspace).filter(key=position.key)
    return position.at, entries.values_list("pk", flat=True).first() or 0


def matching_keys(
    workspace: Workspace, filters: SendFilter, *, possible: Sequence[str]
) -> list[uuid.UUID]:
    """The oldest sends of the filters that something can be done about, by what is shown."""
    with workspace_transaction(workspace.pk):
        asked = question(workspace, filters)
        values = asked.values | {"possible": list(possible), "limit": MOST_CHOSEN}
        query = _KEYS.format(finding=asked.finding, join=asked.join, where=asked.where)
        return [key for (key,) in _ask(query, values)]


def find_entries(
    workspace: Workspace, *, keys: Iterable[uuid.UUID]
) -> list[OutboxEntry]:
    """Sends with their messages and numbers, oldest first; keys of nobody's are left out."""
    return list(
        OutboxEntry.objects.for_workspace(workspace)
        .select_related("message__conversation", "channel__integration")
        .filter(key__in=list(keys))
        .order_by("created_at", "pk")
    )


def _ask(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


# --- counting ---------------------------------------------------------------------
# A look into the index for each bar: cheaper than to ask of each row which one it is in.
_COUNTED = """
SELECT bar.place, counted.shown, counted.number
  FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
       WITH ORDINALITY AS bar(since, until, place)
 CROSS JOIN LATERAL (
       SELECT entry.shown, count(*) AS number FROM whatsapp_outboxentry entry
        WHERE {where} AND entry.created_at >= bar.since AND entry.created_at < bar.until
        GROUP BY 1) counted
"""
_REASONS = """
SELECT told.reason, COALESCE(channel.provider, ''), told.number
  FROM (SELECT entry.reason, min(entry.channel_id) AS channel_id, count(*) AS number
          FROM whatsapp_outboxentry entry
         WHERE {where} AND entry.reason <> ''
         GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT %(limit)s) told
  LEFT JOIN integrations_channel channel ON channel.id = told.channel_id
 ORDER BY told.number DESC, told.reason
"""
_MOST_REASONS = 30


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """`provider` is that of one of the numbers that met it, if it is still there."""

    reason: str
    provider: str
    count: int


def count_by_time(
    workspace: Workspace, filters: SendFilter, *, edges: Sequence[datetime]
) -> list[dict[str, int]]:
    """How many of each shown state were promised from one edge to the next."""
    asked = _countable(workspace, filters)
    bars = {"starts": list(edges), "ends": [*edges[1:], filters.until]}
    rows = _ask(_COUNTED.format(where=asked.where), asked.values | bars)
    counts: list[dict[str, int]] = [{} for _ in edges]
    for place, shown, number in rows:
        counts[place - 1][shown] = number
    return counts


def count_reasons(workspace: Workspace, filters: SendFilter) -> list[ReasonCount]:
    """The most frequent first."""
    asked = _countable(workspace, filters)
    rows = _ask(
        _REASONS.format(where=asked.where), asked.values | {"limit": _MOST_REASONS}
    )
    return [ReasonCount(*row) for row in rows]


def _countable(workspace: Workspace, filters: SendFilter) -> Question:
    if filters.text:
        raise ValueError("what a search finds is listed, not counted")
    return question(workspace, filters)


_TROUBLED = """
SELECT shown, count(*) FROM whatsapp_outboxentry
 WHERE workspace_id = %(workspace)s AND shown IN ('failed', 'unconfirmed')
   AND created_at >= %(since)s GROUP BY 1
"""


def count_troubled(workspace: Workspace, *, since: datetime) -> dict[str, int]:
    """Sends since then that failed or are unconfirmed, by that word."""
    return dict(_ask(_TROUBLED, {"workspace": workspace.pk, "since": since}))


# --- what holds sends back ----------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Holds:
    """Why sends may be waiting: the installation's fence, paused numbers, and provider
    accounts that do not answer. Ids are those of channels and of integrations."""

    is_fenced: bool
    paused_channel_ids: frozenset[int]
    silent_integrations: dict[int, Breaker]


def find_holds(workspace: Workspace) -> Holds:
    paused = ChannelPace.objects.for_workspace(workspace).filter(is_paused=True)
    broken = Breaker.objects.for_workspace(workspace).filter(opened_at__isnull=False)
    return Holds(
        is_fenced=OutboxFence.objects.filter(closed_at__isnull=False).exists(),
        paused_channel_ids=frozenset(paused.values_list("channel_id", flat=True)),
        silent_integrations={row.integration_id: row for row in broken},
    )
