"""The walls of the gate: the inbox is filled and claimed across workspaces, by ids alone.

A row without a workspace belongs to "workspace 0", which the corridor and the platform's
pages enter. Nothing refers to these rows, so their key stays as it is.
"""

from django.db import migrations

from accounts import walls

DUE = """raw.state IN ('received', 'leased') AND raw.next_at <= statement_timestamp()"""

APPEND = """
INSERT INTO webhooks_rawwebhook
    (key, workspace_id, integration_id, provider, headers, body, digest,
     received_at, next_at, state, attempts, errors, error)
SELECT new.key, new.workspace_id, new.integration_id, new.provider, new.headers::jsonb,
       new.body, new.digest, new.received_at, now(), 'received', 0, 0, ''
  FROM unnest(keys, workspaces, integrations, providers, headers, bodies, digests, moments)
       AS new(key, workspace_id, integration_id, provider, headers, body, digest, received_at)
"""

CLAIM = f"""
WITH RECURSIVE due_workspace AS (
    (SELECT COALESCE(raw.workspace_id, 0) AS id FROM webhooks_rawwebhook raw
      WHERE {DUE} ORDER BY COALESCE(raw.workspace_id, 0) LIMIT 1)
    UNION ALL
    SELECT (SELECT COALESCE(raw.workspace_id, 0) FROM webhooks_rawwebhook raw
             WHERE {DUE} AND COALESCE(raw.workspace_id, 0) > due_workspace.id
             ORDER BY COALESCE(raw.workspace_id, 0) LIMIT 1)
      FROM due_workspace WHERE due_workspace.id IS NOT NULL
), turn AS (
    SELECT due_workspace.id FROM due_workspace WHERE due_workspace.id IS NOT NULL
     ORDER BY due_workspace.id <= after_workspace, due_workspace.id LIMIT most
), picked AS (
    SELECT row.id FROM turn CROSS JOIN LATERAL (
        SELECT raw.id FROM webhooks_rawwebhook raw
         WHERE {DUE} AND COALESCE(raw.workspace_id, 0) = turn.id
           AND (raw.attempts > raw.errors) = suspects
         ORDER BY raw.next_at, raw.id
         LIMIT GREATEST(1, most / (SELECT count(*) FROM turn))
           FOR UPDATE SKIP LOCKED
    ) row
    LIMIT most
)
UPDATE webhooks_rawwebhook raw
   SET state = 'leased', lease_token = token, attempts = raw.attempts + 1,
       next_at = statement_timestamp() + make_interval(secs => lease_seconds)
  FROM picked WHERE raw.id = picked.id
RETURNING raw.id, raw.workspace_id
"""  # noqa: S608  # constants

PARK_SILENT = f"""
WITH parked AS (
    UPDATE webhooks_rawwebhook raw
       SET state = 'parked', lease_token = NULL,
           error = left(concat_ws('; before that: ', reason, NULLIF(raw.error, '')), 500)
     WHERE {DUE} AND raw.attempts - raw.errors >= most
    RETURNING 1
)
SELECT count(*) FROM parked
"""  # noqa: S608  # constants


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0002_walls"),
        ("webhooks", "0004_explorer"),
    ]

    operations = [
        walls.police("RawWebhook", tenant="COALESCE(workspace_id, 0)"),
        walls.let_cross(
            "RawWebhook",
            "SELECT (id, workspace_id, state, next_at, attempts, errors, error)",
            "INSERT",
            "UPDATE (state, lease_token, attempts, next_at, error)",
        ),
        walls.crossing_function(
            "webhooks_append(keys uuid[], workspaces bigint[], integrations bigint[],"
            " providers text[], headers text[], bodies bytea[], digests bytea[],"
            " moments timestamptz[])",
            APPEND,
            returns="void",
            volatility="VOLATILE",
        ),
        walls.crossing_function(
            "webhooks_claim(most integer, after_workspace bigint, suspects boolean,"
            " token uuid, lease_seconds integer)",
            CLAIM,
            returns="TABLE (row_id bigint, row_workspace_id bigint)",
            volatility="VOLATILE",
            rows=200,
        ),
        walls.crossing_function(
            "webhooks_park_silent(reason text, most integer)",
            PARK_SILENT,
            returns="bigint",
            volatility="VOLATILE",
        ),
        walls.crossing_function(
            "webhooks_has_due()",
            f"SELECT EXISTS (SELECT FROM webhooks_rawwebhook raw WHERE {DUE})",  # noqa: S608  # constants
            returns="boolean",
        ),
        walls.crossing_function(
            "webhooks_due()",
            f"""
            SELECT count(*), COALESCE(
                       extract(epoch FROM statement_timestamp() - min(raw.next_at)), 0)::float8
              FROM webhooks_rawwebhook raw WHERE {DUE}
            """,  # noqa: S608  # constants
            returns="TABLE (due bigint, oldest_seconds float8)",
            rows=1,
        ),
        walls.crossing_function(
            "webhooks_stuck()",
            """
            SELECT wanted.state, count(raw.id)
              FROM (VALUES ('parked'), ('unrouted')) AS wanted (state)
              LEFT JOIN webhooks_rawwebhook raw USING (state) GROUP BY wanted.state
            """,
            returns="TABLE (stuck_state text, stuck bigint)",
            rows=2,
        ),
        walls.crossing_function(
            "webhooks_workspaces_of(ids bigint[])",
            """
            SELECT raw.id, raw.workspace_id FROM webhooks_rawwebhook raw
             WHERE raw.id = ANY (ids)
            """,
            returns="TABLE (row_id bigint, row_workspace_id bigint)",
            rows=50,
        ),
    ]
