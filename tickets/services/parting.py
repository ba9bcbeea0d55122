"""Clients when a merge of leads is taken back: each is whom they were, or are, themselves.

A client keeps the lead that they were linked to, and follows it into what it became; so those
of the lead that went are right again by themselves. What was linked since says the other one.
"""

from datetime import datetime

from accounts import bulk
from whatsapp.models import LeadMerge

# Known by a phone that is the parted one's alone; or, where the phone tells nothing, first
# seen since, with tickets that came out of the parted one's conversations alone.
_PART = """
UPDATE tickets_client client SET lead_id = %(gone)s, updated_at = %(now)s
 WHERE client.workspace_id = %(workspace)s AND client.lead_id = %(stays)s
   AND client.updated_at >= %(since)s
   AND NOT EXISTS (SELECT FROM whatsapp_identity name
                    WHERE name.lead_id = %(stays)s AND name.match_key = client.match_key
                      AND client.match_key <> '')
   AND (EXISTS (SELECT FROM whatsapp_identity name
                 WHERE name.lead_id = %(gone)s AND name.match_key = client.match_key
                   AND client.match_key <> '')
        OR (client.created_at >= %(since)s
            AND EXISTS (SELECT FROM tickets_ticket ticket
                          JOIN whatsapp_conversation talk
                            ON talk.id = ticket.conversation_id
                         WHERE ticket.client_id = client.id AND talk.lead_id = %(gone)s)
            AND NOT EXISTS (SELECT FROM tickets_ticket ticket
                              JOIN whatsapp_conversation talk
                                ON talk.id = ticket.conversation_id
                             WHERE ticket.client_id = client.id
                               AND talk.lead_id = %(stays)s)))
"""


def part(merge: LeadMerge, *, now: datetime) -> None:
    """In the transaction that parts the leads, once everything below is whose it is."""
    bulk.run(
        _PART,
        {
            "workspace": merge.workspace_id,
            "gone": merge.gone_id,
            "stays": merge.stays_id,
            "since": merge.merged_at,
            "now": now,
        },
    )
