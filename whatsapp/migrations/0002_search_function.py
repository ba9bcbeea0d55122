"""Search by message, name and number, in functions that keep their index under row security.

Row-level security makes the planner ignore a full-text index, because `@@` is not
leakproof. These functions run as their owner, take the workspace from the transaction's
setting and hand out ids only: about a page of them (`ROWS`), which keeps the caller's
joins on indexes. The query is read once, in `scope`, and not for every row it is held
against.
"""

from django.db import migrations

# A word that many messages hold is found in the newest conversations, and the walk over
# them stops as soon as the page is full. Only a rarer word is looked up in the index,
# where the cost is the number of messages that hold it. `+ 0` keeps the planner from
# reading the whole workspace through its foreign-key index as well.
SEARCH_CONVERSATIONS = """
CREATE FUNCTION whatsapp_search_conversations(query text, max_rows integer)
RETURNS TABLE (conversation_id bigint, message_id bigint, matched_at timestamptz)
LANGUAGE sql STABLE ROWS 50 SECURITY DEFINER SET search_path = public, pg_temp
AS $$
WITH scope AS MATERIALIZED (
    SELECT nullif(current_setting('app.workspace_id', true), '')::bigint AS workspace_id,
           to_tsquery('simple', query) AS wanted
), newest AS (
    (SELECT id, last_message_at FROM whatsapp_conversation
      WHERE workspace_id = (SELECT workspace_id FROM scope) AND state = 'open'
      ORDER BY last_message_at DESC, id DESC LIMIT 200)
    UNION ALL
    (SELECT id, last_message_at FROM whatsapp_conversation
      WHERE workspace_id = (SELECT workspace_id FROM scope) AND state = 'closed'
      ORDER BY last_message_at DESC, id DESC LIMIT 200)
), recent AS MATERIALIZED (
    SELECT ordered.id AS conversation_id, hit.id AS message_id, hit.provider_at AS matched_at
      FROM (SELECT id FROM newest ORDER BY last_message_at DESC, id DESC) ordered
     CROSS JOIN LATERAL (
        SELECT latest.id, latest.provider_at
          FROM (SELECT id, provider_at, search FROM whatsapp_message
                 WHERE whatsapp_message.conversation_id = ordered.id
                 ORDER BY provider_at DESC, id DESC LIMIT 20) latest
         WHERE latest.search @@ (SELECT wanted FROM scope)
         ORDER BY latest.provider_at DESC, latest.id DESC LIMIT 1) hit
     LIMIT max_rows
), anywhere AS (
    SELECT DISTINCT ON (found.conversation_id)
           found.conversation_id, found.id AS message_id, found.provider_at AS matched_at
      FROM whatsapp_message found
     WHERE (SELECT count(*) FROM recent) < max_rows
       AND found.workspace_id + 0 = (SELECT workspace_id FROM scope)
       AND found.search @@ (SELECT wanted FROM scope)
       AND found.conversation_id IS NOT NULL
     ORDER BY found.conversation_id, found.provider_at DESC, found.id DESC
)
SELECT conversation_id, message_id, matched_at FROM recent
 WHERE (SELECT count(*) FROM recent) >= max_rows
UNION ALL
SELECT conversation_id, message_id, matched_at FROM anywhere
 ORDER BY 3 DESC, 2 DESC LIMIT max_rows
$$
"""

# `phones` are beginnings of match keys, `p:5511…`. Each is looked up alone and in the
# index's order: joined at once, the planner reads every alias of the workspace.
SEARCH_LEADS = """
CREATE FUNCTION whatsapp_search_leads(query text, phones text[], max_rows integer)
RETURNS TABLE (lead_id bigint)
LANGUAGE sql STABLE ROWS 50 SECURITY DEFINER SET search_path = public, pg_temp
AS $$
WITH scope AS MATERIALIZED (
    SELECT nullif(current_setting('app.workspace_id', true), '')::bigint AS workspace_id,
           to_tsquery('simple', query) AS wanted
), named AS MATERIALIZED (
    SELECT id, created_at FROM whatsapp_lead
     WHERE workspace_id + 0 = (SELECT workspace_id FROM scope)
       AND search @@ (SELECT wanted FROM scope)
)
(SELECT id FROM named ORDER BY created_at DESC LIMIT max_rows)
UNION
(SELECT numbered.lead_id
   FROM unnest(phones) AS beginning CROSS JOIN LATERAL (
        SELECT identity.lead_id FROM whatsapp_identity identity
         WHERE identity.workspace_id = (SELECT workspace_id FROM scope)
           AND identity.match_key ~>=~ beginning
           AND identity.match_key ~<~ (beginning || '~')
         ORDER BY identity.match_key USING ~<~ LIMIT max_rows) numbered
  LIMIT max_rows)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0001_initial")]

    operations = [
        migrations.RunSQL(
            SEARCH_CONVERSATIONS,
            "DROP FUNCTION whatsapp_search_conversations(text, integer)",
        ),
        migrations.RunSQL(
            SEARCH_LEADS, "DROP FUNCTION whatsapp_search_leads(text, text[], integer)"
        ),
    ]
