"""When a person first wrote in a conversation, and when somebody of the team wrote back.

The columns follow messages as they are stored (`conversations`, `outbox`); where messages
came late or changed places, they are read from the messages anew.
"""

from collections.abc import Collection

from accounts import bulk
from whatsapp.models import AUTOMATIC
from whatsapp.services.messages import SILENT

# What came later from a phone's history, what Recado answers by itself, reactions and the
# like answer nobody.
SETTLE = """
UPDATE whatsapp_conversation thread
   SET first_inbound_at = told.heard_at, answered_at = told.answered_at
  FROM (SELECT one.id, heard.provider_at AS heard_at, answer.provider_at AS answered_at
          FROM whatsapp_conversation one
          LEFT JOIN LATERAL (
               SELECT provider_at FROM whatsapp_message
                WHERE conversation_id = one.id AND direction = 'inbound'
                  AND origin = 'live' AND kind <> ALL(%(silent)s::text[])
                ORDER BY provider_at, id LIMIT 1) heard ON true
          LEFT JOIN LATERAL (
               SELECT provider_at FROM whatsapp_message
                WHERE conversation_id = one.id AND direction = 'outbound'
                  AND provider_at >= heard.provider_at
                  AND origin <> ALL(%(unsaid)s::text[])
                  AND kind <> ALL(%(silent)s::text[])
                ORDER BY provider_at, id LIMIT 1) answer ON true
         WHERE one.workspace_id = %(workspace)s {which}) told
 WHERE thread.id = told.id AND thread.workspace_id = %(workspace)s
   AND (thread.first_inbound_at, thread.answered_at)
       IS DISTINCT FROM (told.heard_at, told.answered_at)
"""
UNSAID = (AUTOMATIC, "history")  # origins of what nobody of the team wrote just then


def settle(workspace_id: int, conversation_ids: Collection[int]) -> None:
    """Bring these conversations up to what their messages say."""
    if not conversation_ids:
        return
    bulk.run(
        SETTLE.format(which="AND one.id = ANY(%(ids)s::bigint[])"),
        {
            "workspace": workspace_id,
            "ids": sorted(conversation_ids),
            "silent": [kind.value for kind in SILENT],
            "unsaid": list(UNSAID),
        },
    )
