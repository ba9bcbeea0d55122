"""The conversation list, newest first. One statement; rows are plain data, not models."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from integrations import gateway
from integrations.providers.base.capabilities import Capability
from whatsapp.models import AUTOMATIC
from whatsapp.selectors import filters as asking
from whatsapp.selectors.filters import NO_FILTERS, Filters
from whatsapp.selectors.people import (
    ORIGIN_COLUMNS,
    ORIGIN_JOIN,
    PERSON_COLUMNS,
    PERSON_JOIN,
    Origin,
    Person,
)

PAGE_SIZE = 30
# Above this a count is told as "99+": counting further would cost more than it says.
MOST_COUNTED = 100

# What a row shows, for conversations under the alias `conversation`.
COLUMNS = f"""
    conversation.key, conversation.state, conversation.last_message_at,
    conversation.last_direction, conversation.preview, conversation.message_count,
    conversation.unread_count, channel.display_name, channel.phone,
    {PERSON_COLUMNS}, {ORIGIN_COLUMNS},
    conversation.last_inbound_at, waiting.since, assignee.name, assignee.email,
    channel.provider
"""
COLUMN_COUNT = 23
# Since when the person has had no answer. Beyond this many messages the figure is "at
# least": a row must cost the same however much somebody writes.
_LOOK_BACK = 50
_WAITING_JOIN = f"""
LEFT JOIN LATERAL (
    SELECT min(recent.provider_at) AS since
      FROM (SELECT provider_at, count(*) FILTER (WHERE direction = 'outbound'
                                                   AND origin <> '{AUTOMATIC}')
                       OVER (ORDER BY provider_at DESC, id DESC) AS answers
              FROM (SELECT id, provider_at, direction, origin FROM whatsapp_message
                     WHERE conversation_id = conversation.id
                       AND conversation.state = 'open'
                       AND conversation.last_direction = 'inbound'
                     ORDER BY provider_at DESC, id DESC
                     LIMIT {_LOOK_BACK}) newest) recent
     WHERE recent.answers = 0) waiting ON true
"""  # noqa: S608  # constants
JOINS = f"""
    JOIN whatsapp_lead lead ON lead.id = conversation.lead_id
    JOIN integrations_channel channel ON channel.id = conversation.channel_id
    LEFT JOIN accounts_user assignee ON assignee.id = conversation.assignee_id
    {PERSON_JOIN} {ORIGIN_JOIN} {_WAITING_JOIN}
"""
_PAGE = """
SELECT {columns}
  FROM (SELECT * FROM whatsapp_conversation conversation
         WHERE workspace_id = %(workspace)s AND state = %(state)s {narrowed} {older}
         ORDER BY last_message_at DESC, id DESC LIMIT %(limit)s) conversation
  {joins}
 ORDER BY conversation.last_message_at DESC, conversation.id DESC
"""
_OLDER = """
AND (last_message_at, id) < (%(at)s, (
    SELECT id FROM whatsapp_conversation
     WHERE workspace_id = %(workspace)s AND key = %(key)s))
"""
_COUNT = """
SELECT count(*) FROM (
    SELECT FROM whatsapp_conversation conversation
     WHERE workspace_id = %(workspace)s AND state = %(state)s {narrowed}
     LIMIT %(most)s) counted
"""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    key: uuid.UUID
    state: str
    last_message_at: datetime
    last_direction: str
    preview: str
    message_count: int
    unread_count: int
    channel_name: str
    person: Person
    origin: Origin
    last_inbound_at: datetime | None
    waiting_since: datetime | None
    assignee: str
    has_window: bool = True  # some providers let one write at any time

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> "ConversationRow":
        """Read the columns of COLUMNS, in their order."""
        return cls(
            key=values[0],
            state=values[1],
            last_message_at=values[2],
            last_direction=values[3],
            preview=values[4],
            message_count=values[5],
            unread_count=values[6],
            channel_name=values[7] or values[8],
            person=Person.of(*values[9:12]),
            origin=Origin.of(*values[12:18]),
            last_inbound_at=values[18],
            waiting_since=values[19],
            assignee=values[20] or values[21] or "",
            has_window=Capability.SERVICE_WINDOW in gateway.capabilities_of(values[22]),
        )


def list_conversations(
    workspace: Workspace,
    *,
    state: str,
    filters: Filters = NO_FILTERS,
    user_id: int = 0,
    now: datetime | None = None,
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[ConversationRow]:
    """A page of the list; `user_id` and `now` are whose and when `filters` speak of."""
    position = paging.read(before)
    narrowed, values = asking.conditions(
        filters, user_id=user_id, now=now or datetime.now(UTC)
    )
    values |= {"workspace": workspace.pk, "state": state, "limit": size + 1}
    if position is not None:
        values |= {"at": position.at, "key": position.key}
    statement = _PAGE.format(
        columns=COLUMNS,
        joins=JOINS,
        narrowed=narrowed,
        older=_OLDER if position else "",
    )
    # The ORM would build four models a row; this page is read more than any other.
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = [ConversationRow.of(row) for row in cursor.fetchall()]
    shown = tuple(rows[:size])
    more = len(rows) > size
    return Page(
        shown,
        paging.write(shown[-1].last_message_at, shown[-1].key) if more else None,
    )


def count_tabs(workspace: Workspace, *, user_id: int) -> dict[str, int]:
    """How many each tab holds, MOST_COUNTED for that many or more; one statement."""
    values: dict[str, Any] = {"workspace": workspace.pk, "most": MOST_COUNTED}
    parts = []
    for tab in asking.TABS:
        filters = Filters(tab=tab)
        narrowed, more = asking.conditions(
            filters, user_id=user_id, now=datetime.now(UTC)
        )
        values |= more | {f"state_{tab}": filters.state}
        count = _COUNT.format(narrowed=narrowed).replace("(state)", f"(state_{tab})")
        parts.append(f"({count})")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        [counts] = cursor.fetchall()
    return dict(zip(asking.TABS, counts, strict=True))


def count_news(
    workspace: Workspace,
    *,
    filters: Filters,
    user_id: int,
    after: datetime,
    now: datetime,
) -> int:
    """How many of the list have had a message since its newest row, up to MOST_COUNTED."""
    narrowed, values = asking.conditions(filters, user_id=user_id, now=now)
    values |= {
        "workspace": workspace.pk,
        "state": filters.state,
        "after": after,
        "most": MOST_COUNTED,
    }
    narrowed += " AND conversation.last_message_at > %(after)s"
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(narrowed=narrowed), values)
        [[count]] = cursor.fetchall()
    return int(count)
