"""What the pages of tickets and clients ask for: search, an order, links that can be withdrawn.

Row-level security makes the planner ignore a full-text index, so the search is a function
that takes the workspace from the transaction's setting and hands out ids; see ADR 8.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models
from django.utils import timezone

from accounts import walls

SCOPE = """
WITH scope AS MATERIALIZED (
    SELECT nullif(current_setting('app.workspace_id', true), '')::bigint AS workspace_id,
           to_tsquery('simple', query) AS wanted
)"""
# `phones` are beginnings of match keys, as in whatsapp_search_leads. `+ 0` keeps the planner
# from reading the whole workspace beside the index of the words.
SEARCH_CLIENTS = f"""{SCOPE}
(SELECT named.id FROM tickets_client named
  WHERE named.workspace_id + 0 = (SELECT workspace_id FROM scope)
    AND named.search @@ (SELECT wanted FROM scope)
  ORDER BY named.id DESC LIMIT max_rows)
UNION
(SELECT numbered.id
   FROM unnest(phones) AS beginning CROSS JOIN LATERAL (
        SELECT client.id FROM tickets_client client
         WHERE client.workspace_id = (SELECT workspace_id FROM scope)
           AND client.match_key <> ''
           AND client.match_key ~>=~ beginning
           AND client.match_key ~<~ (beginning || '~')
         ORDER BY client.match_key USING ~<~ LIMIT max_rows) numbered
  LIMIT max_rows)
"""  # noqa: S608  # constants
# A word that many tickets hold is found in the newest ones; only a rarer one is looked up in
# the index, where the cost is the number of tickets that hold it.
SEARCH_TICKETS = f"""{SCOPE}, newest AS (
    SELECT id, updated_at, search FROM tickets_ticket
     WHERE workspace_id = (SELECT workspace_id FROM scope)
     ORDER BY updated_at DESC, id DESC LIMIT 4 * max_rows
), recent AS MATERIALIZED (
    SELECT id FROM newest WHERE search @@ (SELECT wanted FROM scope)
     ORDER BY updated_at DESC, id DESC LIMIT max_rows
), anywhere AS (
    SELECT found.id FROM tickets_ticket found
     WHERE (SELECT count(*) FROM recent) < max_rows
       AND found.workspace_id + 0 = (SELECT workspace_id FROM scope)
       AND found.search @@ (SELECT wanted FROM scope)
     ORDER BY found.updated_at DESC, found.id DESC LIMIT max_rows
)
SELECT id FROM recent WHERE (SELECT count(*) FROM recent) >= max_rows
UNION
SELECT id FROM anywhere
UNION
SELECT numbered.id FROM tickets_ticket numbered
 WHERE numbered.workspace_id = (SELECT workspace_id FROM scope)
   AND numbered.ticket_number = number
UNION
(SELECT theirs.id FROM tickets_search_clients(query, phones, 200) found
   JOIN tickets_ticket theirs ON theirs.client_id = found.client_id
  WHERE theirs.workspace_id = (SELECT workspace_id FROM scope)
  ORDER BY theirs.updated_at DESC, theirs.id DESC LIMIT max_rows)
"""  # noqa: S608  # constants


def search_field() -> models.GeneratedField:
    return models.GeneratedField(
        db_persist=True,
        expression=django.contrib.postgres.search.SearchVector(
            "search_text", config="simple"
        ),
        output_field=django.contrib.postgres.search.SearchVectorField(),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0003_tickets"),
        ("whatsapp", "0027_ticket_filters"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="client", name="client_match"),
        migrations.AddField("client", "search", search_field()),
        migrations.AddField("ticket", "search", search_field()),
        migrations.AddField(
            "ticket", "page_version", models.PositiveIntegerField(default=1)
        ),
        migrations.AddField(
            "ticket",
            "status_at",
            models.DateTimeField(default=timezone.now),
            preserve_default=False,
        ),
        migrations.AddIndex(
            "client",
            models.Index(
                condition=models.Q(("match_key", ""), _negated=True),
                fields=["workspace", "match_key"],
                name="client_match",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            "client",
            django.contrib.postgres.indexes.GinIndex(
                fields=["search"], name="client_search"
            ),
        ),
        migrations.AddIndex(
            "ticket",
            models.Index(
                fields=["workspace", "-updated_at", "-id"], name="ticket_recent"
            ),
        ),
        migrations.AddIndex(
            "ticket",
            models.Index(
                condition=models.Q(("status__in", ["open", "waiting"])),
                fields=["workspace", "-updated_at", "-id"],
                name="ticket_live",
            ),
        ),
        migrations.AddIndex(
            "ticket",
            django.contrib.postgres.indexes.GinIndex(
                fields=["search"], name="ticket_search"
            ),
        ),
        walls.let_cross("Client", "SELECT (id, workspace_id, match_key, search)"),
        walls.let_cross(
            "Ticket",
            "SELECT (id, workspace_id, ticket_number, client_id, updated_at, search)",
        ),
        walls.crossing_function(
            "tickets_search_clients(query text, phones text[], max_rows integer)",
            SEARCH_CLIENTS,
            returns="TABLE (client_id bigint)",
            rows=50,
        ),
        walls.crossing_function(
            "tickets_search_tickets(query text, phones text[], number bigint,"
            " max_rows integer)",
            SEARCH_TICKETS,
            returns="TABLE (ticket_id bigint)",
            rows=50,
        ),
    ]
