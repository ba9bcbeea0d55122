"""The walls of room 1, and the look-ups by what a request from outside names."""

from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_walls"),
        ("integrations", "0001_initial"),
        ("whatsapp", "0008_attribution_rule"),
        ("tickets", "0001_initial"),
        ("webhooks", "0004_explorer"),
    ]

    operations = [
        walls.composite_key("Integration"),
        walls.composite_key("Channel"),
        walls.police("Integration"),
        walls.police("WebhookToken"),
        walls.police("Channel"),
        walls.police("Session"),
        walls.police("ChannelLog"),
        walls.let_cross(
            "WebhookToken", "SELECT (workspace_id, integration_id, digest, expires_at)"
        ),
        walls.let_cross(
            "Channel",
            "SELECT (id, workspace_id, integration_id, provider, phone, external_id, is_active)",
        ),
        walls.crossing_function(
            "integrations_of_token(token_digest bytea)",
            """
            SELECT token.workspace_id, token.integration_id
              FROM integrations_webhooktoken token
             WHERE token.digest = token_digest
               AND (token.expires_at IS NULL OR token.expires_at > statement_timestamp())
            """,
            returns="TABLE (workspace_id bigint, integration_id bigint)",
            rows=1,
        ),
        walls.crossing_function(
            "integrations_of_numbers(slug text, external_ids text[], phones text[])",
            """
            SELECT DISTINCT channel.workspace_id, channel.integration_id
              FROM integrations_channel channel
             WHERE channel.provider = slug AND channel.is_active
               AND channel.integration_id IS NOT NULL
               AND (channel.external_id = ANY (external_ids)
                    OR (channel.external_id IS NULL AND channel.phone = ANY (phones)))
            """,
            returns="TABLE (workspace_id bigint, integration_id bigint)",
            rows=1,
        ),
        # Providers write numbers in several ways: the last eight digits find all that may
        # be meant, and the caller, inside each workspace, decides.
        walls.crossing_function(
            "integrations_workspaces_of_numbers(slug text, external_ids text[], endings text[])",
            """
            SELECT DISTINCT channel.workspace_id
              FROM integrations_channel channel
             WHERE channel.provider = slug AND channel.is_active
               AND (channel.external_id = ANY (external_ids)
                    OR (channel.external_id IS NULL AND right(channel.phone, 8) = ANY (endings)))
            """,
            returns="SETOF bigint",
            rows=2,
        ),
    ]
