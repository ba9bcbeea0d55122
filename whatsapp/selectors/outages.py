"""The people around an outage of a number: who wrote, and whom somebody should call.

A phone that is cut off from us goes on: what is written there meanwhile reaches nobody here.
It shows in what is left: statuses of messages that we never saw, and messages of our side to
people of whom nothing came in. A provider may tell one by the phone and the other by an id
that hides it, so a lead is one person under all of its names.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from accounts import bulk
from whatsapp.selectors.people import PERSON_COLUMNS, PERSON_JOIN, Person

AROUND: Final = timedelta(hours=1)
# Providers send again for a week what was not taken the first time.
LATE: Final = timedelta(days=7)
MOST: Final = 200

_WROTE = f"""
SELECT lead.key, {PERSON_COLUMNS}, wrote.messages, wrote.first_at, wrote.last_at,
       wrote.conversation_key
  FROM (
    SELECT conversation.lead_id, max(conversation.key::text)::uuid AS conversation_key,
           count(*) AS messages, min(message.provider_at) AS first_at,
           max(message.provider_at) AS last_at
      FROM whatsapp_message message
      JOIN whatsapp_conversation conversation ON conversation.id = message.conversation_id
     WHERE message.workspace_id = %(workspace)s AND message.channel_id = %(channel)s
       AND message.stored_at >= %(since)s AND message.stored_at < %(late)s
       AND message.provider_at >= %(since)s AND message.provider_at < %(until)s
       AND message.direction = 'inbound' AND message.origin = 'live'
     GROUP BY conversation.lead_id
  ) wrote
  JOIN whatsapp_lead lead ON lead.id = wrote.lead_id
  {PERSON_JOIN}
 ORDER BY wrote.last_at DESC, lead.id
 LIMIT %(most)s
"""  # noqa: S608  # constants
_UNHEARD = f"""
WITH told AS (
    SELECT waiting.peer_key, waiting.received_at AS at
      FROM whatsapp_waitingstatus waiting
     WHERE waiting.workspace_id = %(workspace)s AND waiting.channel_id = %(channel)s
       AND waiting.peer_key <> ''
       AND waiting.received_at >= %(since)s AND waiting.received_at < %(until)s
    UNION ALL
    SELECT message.peer_key, message.provider_at
      FROM whatsapp_message message
     WHERE message.workspace_id = %(workspace)s AND message.channel_id = %(channel)s
       AND message.stored_at >= %(since)s AND message.stored_at < %(late)s
       AND message.provider_at >= %(since)s AND message.provider_at < %(until)s
       AND message.direction = 'outbound' AND message.origin = 'echo'
       AND message.peer_key <> '' AND message.peer_key NOT LIKE 'g:%%'
), heard AS (
    SELECT DISTINCT message.peer_key, conversation.lead_id
      FROM whatsapp_message message
      LEFT JOIN whatsapp_conversation conversation
        ON conversation.id = message.conversation_id
     WHERE message.workspace_id = %(workspace)s AND message.channel_id = %(channel)s
       AND message.stored_at >= %(since)s AND message.stored_at < %(late)s
       AND message.direction = 'inbound'
), chat AS (
    SELECT peer_key, count(*) AS signs, min(at) AS first_at, max(at) AS last_at
      FROM told WHERE peer_key NOT IN (SELECT peer_key FROM heard)
     GROUP BY peer_key
), unheard AS (
    SELECT min(chat.peer_key) AS peer_key, known.lead_id, sum(chat.signs)::bigint AS signs,
           min(chat.first_at) AS first_at, max(chat.last_at) AS last_at
      FROM chat
      LEFT JOIN LATERAL (
        SELECT lead_id FROM whatsapp_identity
         WHERE workspace_id = %(workspace)s AND match_key = chat.peer_key
         ORDER BY id LIMIT 1
      ) known ON true
     WHERE known.lead_id IS NULL
        OR known.lead_id NOT IN (SELECT lead_id FROM heard WHERE lead_id IS NOT NULL)
     GROUP BY known.lead_id, CASE WHEN known.lead_id IS NULL THEN chat.peer_key END
)
SELECT unheard.peer_key, lead.key, {PERSON_COLUMNS}, unheard.signs, unheard.first_at,
       unheard.last_at
  FROM unheard
  LEFT JOIN whatsapp_lead lead ON lead.id = unheard.lead_id
  {PERSON_JOIN}
 ORDER BY unheard.last_at DESC, unheard.peer_key
 LIMIT %(most)s
"""  # noqa: S608  # constants


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody who wrote while the number was down, or within an hour of it."""

    lead_key: UUID
    conversation_key: UUID
    person: Person
    messages: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Unheard:
    """Somebody with statuses, or messages of ours, and no message of their own: call them.

    `lead_key` is None for who is no lead yet; then `person` holds what the provider told.
    """

    lead_key: UUID | None
    person: Person
    signs: int
    first_at: datetime
    last_at: datetime


def list_writers(
    workspace_id: int, channel_id: int, *, opened_at: datetime, closed_at: datetime
) -> list[Writer]:
    """Who wrote around an outage; `closed_at` is now for one that lasts. At most 200."""
    rows = bulk.run(_WROTE, _window(workspace_id, channel_id, opened_at, closed_at))
    return [
        Writer(lead, conversation, Person.of(name or "", kind, value), *figures)
        for lead, name, kind, value, *figures, conversation in rows
    ]


def list_unheard(
    workspace_id: int, channel_id: int, *, opened_at: datetime, closed_at: datetime
) -> list[Unheard]:
    """Whom to call: there was something with them, and nothing of theirs reached us."""
    rows = bulk.run(_UNHEARD, _window(workspace_id, channel_id, opened_at, closed_at))
    return [
        Unheard(lead, person_of(peer_key, name, kind, value), *figures)
        for peer_key, lead, name, kind, value, *figures in rows
    ]


def person_of(
    peer_key: str, name: str | None, kind: str | None, value: str | None
) -> Person:
    """By the lead where there is one, else by the key that the provider's word leads to."""
    if kind is not None or name:
        return Person.of(name or "", kind, value)
    family, _, told = peer_key.partition(":")
    return Person.of("", "phone" if family == "p" else family, told)


def _window(
    workspace_id: int, channel_id: int, opened_at: datetime, closed_at: datetime
) -> dict[str, object]:
    return {
        "workspace": workspace_id,
        "channel": channel_id,
        "since": opened_at - AROUND,
        "until": closed_at + AROUND,
        "late": closed_at + AROUND + LATE,
        "most": MOST,
    }
