"""Telling open pages that conversations, or messages of ours in them, have changed.

In the transaction that changes the rows, inside their workspace: one look for their keys
however many they are. Open pages hear of it once that is committed.
"""

from collections.abc import Collection, Iterable
from typing import Any

from accounts import broadcast, bulk
from accounts.broadcast import Kind

# A message that belongs to no conversation is shown among the sends all the same.
_NO_CONVERSATION = "none"
_KEYS = """
SELECT workspace.key, array_agg(talk.key)
  FROM whatsapp_conversation talk
  JOIN accounts_workspace workspace ON workspace.id = talk.workspace_id
 WHERE talk.workspace_id = %s AND talk.{column} = ANY(%s)
 GROUP BY workspace.key
"""
_KEYS_OF_MESSAGES = """
SELECT workspace.key, array_agg(DISTINCT talk.key) FILTER (WHERE talk.key IS NOT NULL)
  FROM whatsapp_message message
  JOIN accounts_workspace workspace ON workspace.id = message.workspace_id
  LEFT JOIN whatsapp_conversation talk
    ON talk.id = message.conversation_id AND talk.workspace_id = message.workspace_id
 WHERE message.id = ANY(%s)
 GROUP BY workspace.key
"""
_KEYS_OF_SENDS = """
SELECT workspace.key, array_agg(DISTINCT talk.key) FILTER (WHERE talk.key IS NOT NULL)
  FROM whatsapp_outboxentry entry
  JOIN accounts_workspace workspace ON workspace.id = entry.workspace_id
  JOIN whatsapp_message message
    ON message.id = entry.message_id AND message.workspace_id = entry.workspace_id
  LEFT JOIN whatsapp_conversation talk
    ON talk.id = message.conversation_id AND talk.workspace_id = message.workspace_id
 WHERE entry.id = ANY(%s)
 GROUP BY workspace.key
"""


def conversations(workspace_id: int, ids: Collection[int]) -> None:
    """Something was said in them, or they stand another way in the list."""
    _tell_of("id", workspace_id, ids)


def leads(workspace_id: int, ids: Collection[int]) -> None:
    """Whose conversations these are has changed."""
    _tell_of("lead_id", workspace_id, ids)


def deliveries(message_ids: Collection[int]) -> None:
    """Something became of these messages."""
    if message_ids:
        _tell(Kind.DELIVERY, bulk.run(_KEYS_OF_MESSAGES, [sorted(set(message_ids))]))


def sends(entry_ids: Collection[int]) -> None:
    """Something became of these entries of the outbox."""
    if entry_ids:
        _tell(Kind.DELIVERY, bulk.run(_KEYS_OF_SENDS, [sorted(set(entry_ids))]))


def _tell_of(column: str, workspace_id: int, ids: Collection[int]) -> None:
    if ids:
        query = _KEYS.format(column=column)
        _tell(Kind.CONVERSATION, bulk.run(query, [workspace_id, sorted(set(ids))]))


def _tell(kind: Kind, rows: Iterable[tuple[Any, ...]]) -> None:
    for workspace_key, keys in rows:
        topic = broadcast.workspace_topic(workspace_key)
        broadcast.tell(topic, kind, keys or [_NO_CONVERSATION])
