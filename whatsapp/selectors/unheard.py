"""Chats in which something happened and nothing of the person ever reached us.

Somebody may have written a first message that got lost: the phone answered (an echo of ours)
or a receipt told of a message that we never saw. It may as well be that we wrote first, from
the phone. Nobody here can tell which, so a person looks and says so; see services/unheard.

Found anew each time from three small partial indexes, over the last days alone: an echo
without a conversation joins one as soon as its person writes, and then is no sign any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from accounts import bulk
from accounts.models import Workspace
from whatsapp.selectors.outages import person_of
from whatsapp.selectors.people import PERSON_COLUMNS, PERSON_JOIN, Person

# Whoever wrote longer ago has bought elsewhere by now.
LOOKED_BACK: Final = timedelta(days=14)
# The message that a receipt or an echo belongs to may still be on its way.
PATIENCE: Final = timedelta(minutes=2)
MOST: Final = 200
# Of each kind the newest signs alone, however many a strange set-up makes: the home page asks.
MOST_SIGNS: Final = 3000

_CHATS = f"""
WITH told AS (
    (SELECT waiting.channel_id, waiting.peer_key, waiting.received_at AS at, 0 AS echoes
       FROM whatsapp_waitingstatus waiting
      WHERE waiting.workspace_id = %(workspace)s AND waiting.peer_key <> ''
        AND waiting.peer_key NOT LIKE 'g:%%'
        AND waiting.received_at >= %(since)s AND waiting.received_at < %(until)s
      ORDER BY waiting.received_at DESC LIMIT %(signs)s)
    UNION ALL
    (SELECT message.channel_id, message.peer_key, message.provider_at, 1
       FROM whatsapp_message message
      WHERE message.workspace_id = %(workspace)s AND message.origin = 'echo'
        AND message.conversation_id IS NULL AND message.direction = 'outbound'
        AND message.peer_key <> '' AND message.peer_key NOT LIKE 'g:%%'
        AND message.stored_at >= %(since)s AND message.stored_at < %(until)s
      ORDER BY message.stored_at DESC LIMIT %(signs)s)
    UNION ALL
    (SELECT message.channel_id, message.peer_key, message.provider_at, 1
       FROM (
         SELECT id FROM whatsapp_conversation
          WHERE workspace_id = %(workspace)s AND last_inbound_at IS NULL
            AND last_message_at >= %(since)s
          ORDER BY last_message_at DESC LIMIT %(signs)s
       ) conversation
       JOIN whatsapp_message message ON message.conversation_id = conversation.id
        AND message.origin = 'echo' AND message.direction = 'outbound'
        AND message.peer_key <> '' AND message.provider_at >= %(since)s
        AND message.stored_at < %(until)s)
), chat AS (
    SELECT channel_id, peer_key, min(at) AS first_at, max(at) AS last_at,
           sum(echoes) AS echoes, count(*) - sum(echoes) AS receipts
      FROM told
     WHERE %(channel)s::bigint IS NULL
        OR (channel_id = %(channel)s::bigint AND peer_key = %(peer)s)
     GROUP BY channel_id, peer_key
), known AS (
    SELECT chat.*, identity.lead_id
      FROM chat LEFT JOIN LATERAL (
        SELECT lead_id FROM whatsapp_identity
         WHERE workspace_id = %(workspace)s AND match_key = chat.peer_key
         ORDER BY id LIMIT 1
      ) identity ON true
     WHERE NOT EXISTS (
        SELECT FROM whatsapp_unheardchat settled
         WHERE settled.workspace_id = %(workspace)s
           AND settled.channel_id = chat.channel_id AND settled.peer_key = chat.peer_key
       )
       AND NOT EXISTS (
        SELECT FROM whatsapp_message history
         WHERE history.channel_id = chat.channel_id AND history.peer_key = chat.peer_key
           AND history.conversation_id IS NULL AND history.direction = 'inbound'
       )
), unheard AS (
    SELECT known.* FROM known
     WHERE known.lead_id IS NULL OR NOT EXISTS (
        SELECT FROM whatsapp_conversation conversation
         WHERE conversation.workspace_id = %(workspace)s
           AND conversation.lead_id = known.lead_id
           AND conversation.channel_id = known.channel_id
           AND (conversation.last_inbound_at IS NOT NULL OR EXISTS (
                SELECT FROM whatsapp_message history
                 WHERE history.conversation_id = conversation.id
                   AND history.direction = 'inbound'))
       )
), shown AS (
    SELECT unheard.*, count(*) OVER () AS total FROM unheard
     ORDER BY last_at DESC, channel_id, peer_key LIMIT %(most)s
)
SELECT channel.key, channel.display_name, channel.phone, shown.peer_key, lead.key,
       {PERSON_COLUMNS}, shown.first_at, shown.last_at, shown.echoes, shown.receipts,
       shown.total
  FROM shown
  JOIN integrations_channel channel ON channel.id = shown.channel_id
   AND channel.workspace_id = %(workspace)s
  LEFT JOIN whatsapp_lead lead ON lead.id = shown.lead_id
  {PERSON_JOIN}
 ORDER BY shown.last_at DESC, shown.channel_id, shown.peer_key
"""  # noqa: S608  # constants of this room


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat: on which number, with whom, since when, and by which signs we know of it.

    `peer_key` names the person in a form. `lead_key` is None for who is no lead yet.
    """

    channel_key: UUID
    channel_name: str
    channel_phone: str
    peer_key: str
    lead_key: UUID | None
    person: Person
    first_at: datetime
    last_at: datetime
    echoes: int
    receipts: int


@dataclass(frozen=True, slots=True)
class Unheard:
    """The newest of them; `total` counts the ones that are not listed too."""

    chats: tuple[Chat, ...]
    total: int


def list_chats(workspace: Workspace, *, now: datetime, most: int = MOST) -> Unheard:
    return _ask(workspace, now=now, most=most)


def find_chat(
    workspace: Workspace, *, channel_id: int, peer_key: str, now: datetime
) -> Chat | None:
    """One that is listed; None once the person wrote, or somebody has looked at it."""
    found = _ask(workspace, now=now, most=1, channel=channel_id, peer=peer_key)
    return found.chats[0] if found.chats else None


def _ask(
    workspace: Workspace,
    *,
    now: datetime,
    most: int,
    channel: int | None = None,
    peer: str = "",
) -> Unheard:
    rows = bulk.run(
        _CHATS,
        {
            "workspace": workspace.pk,
            "since": now - LOOKED_BACK,
            "until": now - PATIENCE,
            "channel": channel,
            "peer": peer,
            "most": most,
            "signs": MOST_SIGNS,
        },
    )
    chats = tuple(
        Chat(
            key,
            name,
            phone,
            peer_key,
            lead_key,
            person_of(peer_key, *person),
            first_at,
            last_at,
            int(echoes),
            int(receipts),
        )
        for (
            key,
            name,
            phone,
            peer_key,
            lead_key,
            *person,
            first_at,
            last_at,
            echoes,
            receipts,
            _,
        ) in rows
    )
    return Unheard(chats, int(rows[0][-1]) if rows else 0)
