"""Messages by the moment they were written: their counts, and the list behind each count.

Everything that was received or sent counts: reactions, what came from a phone's history, and
what was written on the phone to people who never wrote.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from whatsapp.models import MessageDirection
from whatsapp.selectors.people import PERSON_COLUMNS, PERSON_JOIN, Person

PAGE_SIZE: Final = 50
_LONGEST_TEXT: Final = 300
# A look into the index for each bar and direction: cheaper than to ask of each message which
# bar it is in.
_COUNTED = """
SELECT bar.place, way.direction, told.number
  FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
       WITH ORDINALITY AS bar(since, until, place)
 CROSS JOIN unnest(ARRAY['inbound', 'outbound']) AS way(direction)
 CROSS JOIN LATERAL (
       SELECT count(*) AS number FROM whatsapp_message
        WHERE workspace_id = %(workspace)s AND direction = way.direction
          AND provider_at >= bar.since AND provider_at < bar.until) told
 WHERE told.number > 0
"""
# The rows first, by the index alone; what is shown of them afterwards.
_PAGE = f"""
WITH page AS MATERIALIZED (
    SELECT id, provider_at FROM whatsapp_message
     WHERE workspace_id = %(workspace)s AND direction = %(direction)s
       AND provider_at >= %(since)s AND provider_at < %(until)s {{older}}
     ORDER BY provider_at DESC, id DESC LIMIT %(limit)s
)
SELECT message.id, message.provider_at, message.kind, left(message.text, {_LONGEST_TEXT}),
       message.origin, channel.display_name, channel.phone, thread.key, lead.key,
       message.peer_key, {PERSON_COLUMNS}
  FROM page
  JOIN whatsapp_message message ON message.id = page.id
  JOIN integrations_channel channel ON channel.id = message.channel_id
  LEFT JOIN whatsapp_conversation thread ON thread.id = message.conversation_id
  LEFT JOIN whatsapp_lead lead ON lead.id = thread.lead_id
  {PERSON_JOIN}
 ORDER BY page.provider_at DESC, page.id DESC
"""  # noqa: S608  # constants of this room
# The first part alone says where the index begins.
_OLDER = """
AND provider_at <= %(at)s AND (provider_at, id) < (%(at)s, %(rank)s)
"""


@dataclass(frozen=True, slots=True)
class Counts:
    received: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class MessageRow:
    """`conversation_key` is None where the person is no lead yet. `place` is the position
    that has it as the last one of its page of the thread."""

    id: int
    at: datetime
    kind: str
    text: str
    origin: str
    channel_name: str
    conversation_key: uuid.UUID | None
    person: Person

    @property
    def place(self) -> str:
        return paging.write(self.at, self.id + 1)


def count_by_time(
    workspace: Workspace, spans: Sequence[tuple[datetime, datetime]]
) -> list[Counts]:
    """Of each span, from its first moment to the first one that is too late."""
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "starts": [since for since, _ in spans],
        "ends": [until for _, until in spans],
    }
    told: list[dict[str, int]] = [{} for _ in spans]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, values)
        for place, direction, number in cursor.fetchall():
            told[place - 1][direction] = number
    return [
        Counts(
            one.get(MessageDirection.INBOUND.value, 0),
            one.get(MessageDirection.OUTBOUND.value, 0),
        )
        for one in told
    ]


def list_messages(
    workspace: Workspace,
    *,
    direction: str,
    since: datetime,
    until: datetime,
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[MessageRow]:
    """The newest first."""
    position = paging.read(before)
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "direction": direction,
        "since": since,
        "until": until,
        "limit": size + 1,
    }
    if position is not None:
        values |= {"at": position.at, "rank": position.rank}
    with connection.cursor() as cursor:
        cursor.execute(_PAGE.format(older=_OLDER if position else ""), values)
        rows = [_row(*one) for one in cursor.fetchall()]
    shown = tuple(rows[:size])
    last = shown[-1] if len(rows) > size else None
    return Page(shown, paging.write(last.at, last.id) if last else None)


def _row(
    id_: int,
    at: datetime,
    kind: str,
    text: str,
    origin: str,
    channel_name: str,
    channel_phone: str,
    thread: uuid.UUID | None,
    lead: uuid.UUID | None,
    peer_key: str,
    *person: Any,
) -> MessageRow:
    if lead is None:
        mark, _, alias = peer_key.partition(":")
        who = Person("", alias, "") if mark == "p" else Person("", "", alias)
    else:
        who = Person.of(*person)
    return MessageRow(
        id_, at, kind, text, origin, channel_name or channel_phone, thread, who
    )
