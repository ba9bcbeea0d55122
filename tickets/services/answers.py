"""What clients write on WhatsApp, entered into their tickets: for a whole batch in sets.

The corridor calls this with the messages it has just stored. Six statements whatever
their number, one where nobody of them has a ticket, more where a rule tells of answers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from accounts import bulk
from accounts.keys import new_key
from tickets.models import EventKind, EventSource
from tickets.services import announcing, notifications, outgoing

# "Thanks!" a month later opens nothing again; "it came back" after three days does.
RESOLVED_LISTENS: Final = timedelta(days=7)

# One ticket of a conversation: its own before others of that client (who may be linked to a
# lead that was merged since, or known by the phone alone), live before resolved, the one that
# was worked on last. Each way begins at an index.
_FIND = """
SELECT DISTINCT ON (told.conversation_id) told.conversation_id, ticket.id, ticket.status
  FROM (
    SELECT linked.conversation_id, linked.id AS ticket_id, 0 AS rank
      FROM tickets_ticket linked
     WHERE linked.workspace_id = %(workspace)s
       AND linked.conversation_id = ANY(%(conversations)s)
    UNION ALL
    SELECT talk.id, theirs.id, 1
      FROM whatsapp_conversation talk
      JOIN tickets_client client ON client.lead_id = talk.lead_id
      JOIN tickets_ticket theirs ON theirs.client_id = client.id
     WHERE talk.workspace_id = %(workspace)s AND talk.id = ANY(%(conversations)s)
       AND client.workspace_id = %(workspace)s AND theirs.workspace_id = %(workspace)s
    UNION ALL
    SELECT talk.id, theirs.id, 1
      FROM whatsapp_conversation talk
      JOIN whatsapp_lead gone ON gone.merged_into_id = talk.lead_id
      JOIN tickets_client client ON client.lead_id = gone.id
      JOIN tickets_ticket theirs ON theirs.client_id = client.id
     WHERE talk.workspace_id = %(workspace)s AND talk.id = ANY(%(conversations)s)
       AND gone.workspace_id = %(workspace)s AND client.workspace_id = %(workspace)s
       AND theirs.workspace_id = %(workspace)s
    UNION ALL
    SELECT talk.id, theirs.id, 2
      FROM whatsapp_conversation talk
      JOIN whatsapp_identity name ON name.lead_id = talk.lead_id
      JOIN tickets_client client ON client.match_key = name.match_key
      JOIN tickets_ticket theirs ON theirs.client_id = client.id
     WHERE talk.workspace_id = %(workspace)s AND talk.id = ANY(%(conversations)s)
       AND name.workspace_id = %(workspace)s AND name.match_key <> ''
       AND client.workspace_id = %(workspace)s AND client.match_key <> ''
       AND client.lead_id IS NULL AND theirs.workspace_id = %(workspace)s
       ) told
  JOIN tickets_ticket ticket ON ticket.id = told.ticket_id
 WHERE ticket.workspace_id = %(workspace)s
   AND (ticket.status IN ('open', 'waiting')
        OR (ticket.status = 'resolved' AND ticket.resolved_at >= %(since)s))
 ORDER BY told.conversation_id, ticket.status = 'resolved', told.rank,
          ticket.updated_at DESC, ticket.id DESC
"""
# In one order, so that two batches never wait for one another.
_HOLD = """
SELECT id, status FROM tickets_ticket
 WHERE workspace_id = %(workspace)s AND id = ANY(%(tickets)s) ORDER BY id FOR UPDATE
"""
_ENTER = """
INSERT INTO tickets_ticketevent (workspace_id, key, ticket_id, kind, source, message_id,
       is_public, text, details, created_at)
SELECT %(workspace)s, key, ticket_id, %(kind)s, %(source)s, message_id, true, text,
       details::jsonb, %(now)s
  FROM unnest(%(keys)s::uuid[], %(tickets)s::bigint[], %(messages)s::bigint[],
              %(texts)s::text[], %(details)s::text[])
       AS new(key, ticket_id, message_id, text, details)
ON CONFLICT (workspace_id, ticket_id, message_id) DO NOTHING
RETURNING id, ticket_id
"""
_WAKE = """
UPDATE tickets_ticket
   SET status_at = CASE WHEN status IN ('open', 'closed') THEN status_at ELSE %(now)s END,
       status = CASE WHEN status = 'closed' THEN status ELSE 'open' END,
       resolved_at = CASE WHEN status = 'closed' THEN resolved_at END,
       updated_at = %(now)s, version = version + 1
 WHERE workspace_id = %(workspace)s AND id = ANY(%(tickets)s)
"""
# Who was written to before they ever wrote has no lead until they answer.
_KNOW = """
UPDATE tickets_client client SET lead_id = talk.lead_id, updated_at = %(now)s
  FROM tickets_ticket ticket, whatsapp_conversation talk, whatsapp_identity name
 WHERE ticket.workspace_id = %(workspace)s AND ticket.id = ANY(%(tickets)s)
   AND client.workspace_id = %(workspace)s AND client.id = ticket.client_id
   AND client.lead_id IS NULL AND client.match_key <> ''
   AND talk.workspace_id = %(workspace)s AND talk.id = ANY(%(conversations)s)
   AND name.workspace_id = %(workspace)s AND name.lead_id = talk.lead_id
   AND name.match_key = client.match_key
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A message of a person, as it is stored."""

    message_id: int
    conversation_id: int
    text: str


def take(
    workspace_id: int, answers: Sequence[Answer], *, now: datetime
) -> dict[int, int]:
    """Enter each into the live ticket it belongs to, once; returns entries and their tickets.

    In the transaction that has stored the messages, inside the workspace.
    """
    if not answers:
        return {}
    conversations = sorted({one.conversation_id for one in answers})
    place = {"workspace": workspace_id}
    found = bulk.run(
        _FIND,
        place | {"conversations": conversations, "since": now - RESOLVED_LISTENS},
    )
    if not found:
        return {}
    tickets = {conversation: ticket for conversation, ticket, _ in found}
    held = bulk.run(_HOLD, place | {"tickets": sorted(tickets.values())})
    entries = _entries(answers, tickets, dict(held))
    rows = bulk.run(_ENTER, place | entries | {"now": now})
    entered = dict(rows)
    if entered:
        woken = sorted(set(entered.values()))
        bulk.run(_WAKE, place | {"tickets": woken, "now": now})
        announcing.tickets(workspace_id, woken, is_public=True)
        bulk.run(
            _KNOW,
            place | {"tickets": woken, "conversations": conversations, "now": now},
        )
        notifications.raise_for_ids(
            workspace_id, sorted(entered), kind=EventKind.REPLIED, now=now
        )
        outgoing.tell_all(workspace_id, entered)
    return entered


def _entries(
    answers: Sequence[Answer], tickets: Mapping[int, int], standing: Mapping[int, str]
) -> dict[str, object]:
    """The first of a ticket tells that it woke."""
    told = [one for one in answers if one.conversation_id in tickets]
    details, woken = [], set()
    for one in told:
        ticket = tickets[one.conversation_id]
        before = standing[ticket]
        wakes = ticket not in woken and before in ("waiting", "resolved")
        woken.add(ticket)
        details.append(json.dumps({"status": [before, "open"]} if wakes else {}))
    return {
        "kind": EventKind.REPLIED.value,
        "source": EventSource.WHATSAPP.value,
        "keys": [new_key() for _ in told],
        "tickets": [tickets[one.conversation_id] for one in told],
        "messages": [one.message_id for one in told],
        "texts": [one.text for one in told],
        "details": details,
    }
