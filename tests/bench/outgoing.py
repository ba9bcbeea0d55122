"""A send for every message of a large workspace, made by SQL in half a minute.

One in a hundred failed, a few are unconfirmed, one in twenty is a template, and some reasons
and templates are rare, as they are in years of a busy number.
"""

import psycopg

RARE_REASON, USUAL_REASON = "131049", "131026"
RARE_TEMPLATE, USUAL_TEMPLATE = "pesquisa_de_fim_de_ano", "pedido_pronto"

_FILL = """
INSERT INTO whatsapp_outboxentry (workspace_id, message_id, channel_id, peer_key, payload,
       business_key, state, is_bulk, attempts, next_at, callback_token, epoch, reason,
       detail, resolution, delivery, created_at, submitted_at, settled_at)
SELECT %(workspace)s, message.id, message.channel_id, coalesce(person.match_key, ''),
       CASE WHEN place %% 20 <> 3 THEN '{"content": {"type": "text", "body": "Oi"}}'
            ELSE jsonb_build_object('content', jsonb_build_object(
                 'type', 'template', 'language', 'pt_BR', 'name',
                 CASE WHEN place %% 50000 = 3 THEN %(rare_template)s
                      ELSE %(template)s END)) END,
       'bench:' || message.id,
       CASE WHEN place %% 100 = 0 THEN 'failed' WHEN place %% 1000 = 1 THEN 'uncertain'
            ELSE 'accepted' END,
       false, 1, message.stored_at, 'bench' || message.id, 1,
       CASE WHEN place %% 50000 = 0 THEN %(rare_reason)s
            WHEN place %% 100 = 0 THEN %(reason)s
            WHEN place %% 1000 = 1 THEN 'http_500' ELSE '' END,
       '', '',
       CASE WHEN place %% 100 = 0 OR place %% 1000 = 1 THEN ''
            ELSE (array['read', 'delivered', 'read', 'sent', 'delivered'])[1 + place %% 5]
            END,
       message.stored_at, message.stored_at, message.stored_at
  FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM whatsapp_message
         WHERE workspace_id = %(workspace)s) message
  LEFT JOIN whatsapp_conversation thread ON thread.id = message.conversation_id
  LEFT JOIN LATERAL (SELECT match_key FROM whatsapp_identity
                      WHERE lead_id = thread.lead_id ORDER BY id LIMIT 1) person ON true
 ORDER BY message.id
"""


def fill(
    connection: "psycopg.Connection[tuple[object, ...]]", workspace_id: int
) -> None:
    values = {
        "workspace": workspace_id,
        "reason": USUAL_REASON,
        "rare_reason": RARE_REASON,
        "template": USUAL_TEMPLATE,
        "rare_template": RARE_TEMPLATE,
    }
    connection.execute(_FILL, values)
    connection.execute("VACUUM (ANALYZE) whatsapp_outboxentry")
