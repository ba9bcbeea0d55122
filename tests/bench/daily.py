"""What daily work leaves behind in a workspace that `volume` has filled: colleagues with
conversations of their own, unread ones, links, corrections, and a few very long threads.

Pages are timed on this, because a list of equal rows is quicker than a real one.
"""

from typing import Any

import psycopg

LONG_THREADS = 12
LONG_MESSAGES = 3_000
# Links by how many leads they brought; the last two are what a rare filter looks for.
COMMON_LINK, RARE_LINK, SINGLE_LINK = "bench-bio", "bench-flyer", "bench-card"
STAGE = "proposta"

_CONVERSATIONS = """
UPDATE whatsapp_conversation
   SET assignee_id = CASE id %% 5 WHEN 0 THEN %(me)s WHEN 1 THEN %(colleague)s END,
       last_direction = CASE WHEN id %% 3 = 0 THEN 'outbound' ELSE 'inbound' END,
       unread_count = CASE WHEN last_message_at > now() - interval '5 days'
                           THEN (id %% 7)::int ELSE 0 END
 WHERE workspace_id = %(workspace)s
"""
# Leads come over the years, as their first messages did.
_LEADS = """
UPDATE whatsapp_lead lead
   SET created_at = now() - make_interval(secs => (lead.id %% 5000) * 12600.0),
       stage = CASE WHEN lead.id %% 40 = 0 THEN %(stage)s ELSE '' END
 WHERE workspace_id = %(workspace)s
"""
_LINKS = """
INSERT INTO whatsapp_trackedlink (key, workspace_id, slug, channel_id, prefilled_text,
       utm_source, utm_medium, utm_campaign, utm_content, utm_term, landing_url,
       check_state, findings, is_paused, clicks_over_limit, created_at)
SELECT gen_random_uuid(), %(workspace)s, slug || '-' || %(workspace)s::text, %(channel)s,
       '', '', '', '', '', '', '', '', '[]', false, 0, now()
  FROM unnest(%(links)s::text[]) AS slug
RETURNING id
"""
# Every fifth ad was a link; of those the first few belong to the rare ones.
_TOUCHES = """
UPDATE whatsapp_touch touch
   SET kind = 'link', ctwa_clid = '', ad_id = '', headline = '',
       utm_source = (ARRAY['instagram', 'google', 'site', ''])[1 + place %% 4],
       utm_campaign = CASE WHEN place %% 3 > 0 THEN 'campanha-' || place %% 300 ELSE '' END,
       link_id = (%(link_ids)s::bigint[])[CASE place WHEN 1 THEN 3 ELSE
                      CASE WHEN place <= 12 THEN 2 ELSE 1 END END]
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS place
          FROM whatsapp_touch WHERE workspace_id = %(workspace)s AND id %% 5 = 0) chosen
 WHERE touch.id = chosen.id
"""
_RULES = """
UPDATE whatsapp_attribution verdict SET rule = 'token'
  FROM whatsapp_touch touch
 WHERE touch.id = verdict.touch_id AND touch.kind = 'link'
   AND verdict.workspace_id = %(workspace)s
"""
# Why the others have no origin, as the corridor writes it down.
_CAUSES = """
UPDATE whatsapp_attribution SET evidence = jsonb_build_array(
       CASE WHEN id %% 10 = 0
            THEN '{"step": "token", "looked_for": ["7KQ2M9XW4T"], "found": null,
                   "why": "no click and no lead carries this token"}'::jsonb
            ELSE '{"step": "token", "looked_for": "a vm_token in the text", "found": null}'
       END,
       '{"step": "referral", "looked_for": "ad referral of the provider", "found": null}'::jsonb,
       '{"step": "identity", "looked_for": {"phone": ["5511987654321", "551187654321"],
         "bsuid": null, "lid": null}, "found": null}'::jsonb,
       '{"step": "anonymous", "why": "first message of an unknown person, without token and without ad referral"}'::jsonb)
 WHERE workspace_id = %(workspace)s AND touch_id IS NULL
"""
# The oldest leads: what a walk over the newest would find last.
_CORRECTIONS = """
UPDATE whatsapp_attribution SET rule = 'manual', confidence = 'probable'
 WHERE id IN (SELECT attribution_id FROM whatsapp_lead
               WHERE workspace_id = %(workspace)s ORDER BY created_at, id LIMIT 8)
"""
# Quotes, edits and reactions among them, and what became of the answers.
_LONG = """
INSERT INTO whatsapp_message (workspace_id, conversation_id, channel_id, direction,
       origin, kind, text, search_text, content, peer_key, external_id, target_id,
       provider_at, received_at, stored_at, status, status_at, error_code)
SELECT %(workspace)s, long.id, long.channel_id,
       CASE WHEN number %% 3 = 0 THEN 'outbound' ELSE 'inbound' END, 'live',
       CASE number %% 20 WHEN 1 THEN 'reaction' WHEN 2 THEN 'edit' WHEN 3 THEN 'image'
                         WHEN 4 THEN 'voice' ELSE 'text' END,
       said, said, '{}', '', prefix || number,
       CASE WHEN number %% 20 IN (1, 2, 5, 9) THEN prefix || (number - 1) END,
       at, at, at, CASE WHEN number %% 3 = 0 THEN 'read' ELSE '' END,
       CASE WHEN number %% 3 = 0 THEN at END, ''
  FROM (SELECT id, channel_id, last_message_at FROM whatsapp_conversation
         WHERE workspace_id = %(workspace)s AND state = 'open'
         ORDER BY last_message_at DESC, id DESC LIMIT %(long)s) long,
       generate_series(1, %(long_messages)s) AS number,
       concat('wamid.long.', long.id, '.') AS prefix,
       concat('Mensagem ', number, ' de uma conversa que já dura muito tempo') AS said,
       LATERAL (SELECT long.last_message_at - make_interval(mins => (%(long_messages)s
                       - number)::int) AS at) moment
"""


def settle(
    connection: psycopg.Connection[Any],
    *,
    workspace_id: int,
    channel_id: int,
    me: int,
    colleague: int,
    long_messages: int = LONG_MESSAGES,
) -> None:
    values: dict[str, Any] = {
        "workspace": workspace_id,
        "channel": channel_id,
        "me": me,
        "colleague": colleague,
        "stage": STAGE,
        "links": [COMMON_LINK, RARE_LINK, SINGLE_LINK],
        "long": LONG_THREADS,
        "long_messages": long_messages,
    }
    with connection.transaction():
        for statement in (_CONVERSATIONS, _LEADS):
            connection.execute(statement, values)
        made = connection.execute(_LINKS, values).fetchall()
        values["link_ids"] = [row[0] for row in made]
        for statement in (_TOUCHES, _RULES, _CAUSES, _CORRECTIONS, _LONG):
            connection.execute(statement, values)
    connection.execute("VACUUM (ANALYZE)")


def slug(name: str, workspace_id: int) -> str:
    """Links are unique over the installation, so each has its workspace in its name."""
    return f"{name}-{workspace_id}"
