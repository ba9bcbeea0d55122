"""The conversation list, newest first. One statement; rows are plain data, not models."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Workspace
from whatsapp.selectors import paging
from whatsapp.selectors.paging import Page
from whatsapp.selectors.people import (
    ORIGIN_COLUMNS,
    ORIGIN_JOIN,
    PERSON_COLUMNS,
    PERSON_JOIN,
    Origin,
    Person,
)

PAGE_SIZE = 30

# What a row shows, for conversations under the alias `conversation`.
COLUMNS = f"""
    conversation.key, conversation.state, conversation.last_message_at,
    conversation.last_direction, conversation.preview, conversation.message_count,
    conversation.unread_count, channel.display_name, channel.phone,
    {PERSON_COLUMNS}, {ORIGIN_COLUMNS}
"""
JOINS = f"""
    JOIN whatsapp_lead lead ON lead.id = conversation.lead_id
    JOIN integrations_channel channel ON channel.id = conversation.channel_id
    {PERSON_JOIN} {ORIGIN_JOIN}
"""
_PAGE = """
SELECT {columns}
  FROM (SELECT * FROM whatsapp_conversation
         WHERE workspace_id = %(workspace)s AND state = %(state)s {older}
         ORDER BY last_message_at DESC, id DESC LIMIT %(limit)s) conversation
  {joins}
 ORDER BY conversation.last_message_at DESC, conversation.id DESC
"""
_OLDER = """
AND (last_message_at, id) < (%(at)s, (
    SELECT id FROM whatsapp_conversation
     WHERE workspace_id = %(workspace)s AND key = %(key)s))
"""
FIRST_PAGE = _PAGE.format(columns=COLUMNS, joins=JOINS, older="")
LATER_PAGE = _PAGE.format(columns=COLUMNS, joins=JOINS, older=_OLDER)


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
        )


def list_conversations(
    workspace: Workspace, *, state: str, before: str = "", size: int = PAGE_SIZE
) -> Page[ConversationRow]:
    position = paging.read(before)
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "state": state,
        "limit": size + 1,
    }
    if position is not None:
        values |= {"at": position.at, "key": position.key}
    # The ORM would build four models a row; this page is read more than any other.
    with connection.cursor() as cursor:
        cursor.execute(LATER_PAGE if position else FIRST_PAGE, values)
        rows = [ConversationRow.of(row) for row in cursor.fetchall()]
    shown = tuple(rows[:size])
    more = len(rows) > size
    return Page(
        shown,
        paging.write(shown[-1].last_message_at, shown[-1].key) if more else None,
    )
