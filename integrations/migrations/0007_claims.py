"""A number is live in one workspace only, whatever its form and its provider.

Those that are connected claim their numbers. Where two workspaces have one, the channel that
was connected first keeps it; the others go on without, until their session ends, and the log
names them for the operator.
"""

import logging
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from accounts import walls
from integrations.providers.base.phones import canonical

OF_NUMBERS = """
SELECT DISTINCT channel.workspace_id, channel.integration_id
  FROM integrations_channel channel
 WHERE channel.provider = slug AND channel.is_active
   AND channel.integration_id IS NOT NULL
   AND (channel.external_id = ANY (external_ids)
        OR (channel.external_id IS NULL AND channel.phone = ANY (phones)))
"""
# Who typed a number and never connected it has no say beside who did.
BESIDE_NO_CLAIM = """
   AND (channel.claim_id IS NOT NULL OR NOT EXISTS (
        SELECT FROM integrations_channel other
         WHERE other.provider = slug AND other.claim_id IS NOT NULL
           AND (other.external_id = channel.external_id
                OR (other.external_id IS NULL AND channel.external_id IS NULL
                    AND other.phone = channel.phone))))
"""
WHO = "TABLE (workspace_id bigint, integration_id bigint)"
# Each with the moment of its first connection.
CONNECTED = """
SELECT min(session.connected_at), channel.id, channel.provider, channel.phone
  FROM integrations_channel channel
  JOIN integrations_session session
    ON session.workspace_id = channel.workspace_id AND session.channel_id = channel.id
 WHERE channel.workspace_id = %s AND channel.is_active
   AND session.connected_at IS NOT NULL
 GROUP BY channel.id, channel.provider, channel.phone
"""
CLAIM = """
INSERT INTO integrations_numberclaim (workspace_id, number_key, created_at)
VALUES (%s, %s, statement_timestamp()) RETURNING id
"""

logger = logging.getLogger("integrations")


def _claim(apps: Any, schema_editor: Any) -> None:
    """Row-level security binds the owner too: each workspace is entered by itself."""
    workspaces = apps.get_model("accounts", "Workspace").objects.order_by("pk")
    ids = list(workspaces.values_list("pk", flat=True))
    with schema_editor.connection.cursor() as cursor:
        found = []
        for workspace_id in ids:
            _enter(cursor, str(workspace_id))
            cursor.execute(CONNECTED, [workspace_id])
            found += [(*row, workspace_id) for row in cursor.fetchall()]
        owners: dict[str, int] = {}
        held: dict[tuple[int, str], dict[str, int]] = {}
        for _, channel_id, provider, phone, workspace_id in sorted(found):
            key = _key_of(provider, phone)
            owner = owners.setdefault(key, workspace_id)
            channels = held.setdefault((owner, key), {})
            # One for each provider, as two of them beside each other may be a move.
            if owner == workspace_id and provider not in channels:
                channels[provider] = channel_id
            else:
                ids_ = {"channel_id": channel_id, "workspace_id": workspace_id}
                logger.warning("number live twice, without its claim", extra=ids_)
        for (workspace_id, key), channels in sorted(held.items()):
            _enter(cursor, str(workspace_id))
            cursor.execute(CLAIM, [workspace_id, key])
            (claim_id,) = cursor.fetchone()
            cursor.execute(
                "UPDATE integrations_channel SET claim_id = %s"
                " WHERE workspace_id = %s AND id = ANY(%s)",
                [claim_id, workspace_id, list(channels.values())],
            )
        # Now, not at the end: a table whose keys are still to be checked cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        _enter(cursor, "")


def _enter(cursor: Any, workspace: str) -> None:
    cursor.execute("SELECT set_config('app.workspace_id', %s, true)", [workspace])


def _key_of(provider: str, phone: str) -> str:
    number = canonical(phone.removeprefix("+"))
    return f"sandbox {number}" if provider == "sandbox" else number


class Migration(migrations.Migration):
    dependencies = [("integrations", "0006_receipts")]

    operations = [
        migrations.CreateModel(
            name="NumberClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number_key", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("number_key",), name="numberclaim_number_live_once"
                    )
                ],
            },
        ),
        walls.composite_key("NumberClaim"),
        walls.police("NumberClaim"),
        migrations.AddField(
            model_name="channel",
            name="claim",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="channels",
                to="integrations.numberclaim",
            ),
        ),
        walls.composite_foreign_key("Channel", "claim"),
        walls.let_cross_further("Channel", "SELECT (claim_id)"),
        migrations.RemoveConstraint("channel", "channel_external_id_live_once"),
        migrations.RemoveConstraint("channel", "channel_phone_live_once"),
        migrations.AddConstraint(
            "channel",
            models.UniqueConstraint(
                fields=("workspace", "provider", "phone"),
                condition=models.Q(("is_active", True)),
                name="channel_phone_live_once",
            ),
        ),
        migrations.RunPython(_claim, migrations.RunPython.noop),
        migrations.AddConstraint(
            "channel",
            models.UniqueConstraint(
                fields=("provider", "external_id"),
                condition=models.Q(
                    ("claim__isnull", False), ("external_id__isnull", False)
                ),
                name="channel_external_id_live_once",
            ),
        ),
        migrations.AddConstraint(
            "channel",
            models.UniqueConstraint(
                fields=("workspace", "provider", "claim"),
                condition=models.Q(("claim__isnull", False)),
                name="channel_claim_live_once",
            ),
        ),
        migrations.AddConstraint(
            "channel",
            models.CheckConstraint(
                condition=models.Q(
                    ("claim__isnull", True), ("is_active", True), _connector="OR"
                ),
                name="channel_claim_while_active",
            ),
        ),
        walls.crossing_function(
            "integrations_of_live_numbers(slug text, external_ids text[], phones text[])",
            OF_NUMBERS + BESIDE_NO_CLAIM,
            returns=WHO,
            rows=1,
        ),
        walls.undone(
            walls.crossing_function(
                "integrations_of_numbers(slug text, external_ids text[], phones text[])",
                OF_NUMBERS,
                returns=WHO,
                rows=1,
            )
        ),
    ]
