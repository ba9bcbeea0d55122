"""The phones behind sandbox numbers. Those that are in use stay linked to Recado.

Until now a simulated number was connected by its credentials alone; from here on it is so
by a code that its phone scans, and its open session is one of that kind.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

from accounts import walls


def _link_those_in_use(apps: Any, schema_editor: Any) -> None:
    """Row-level security binds the owner too: each workspace is entered by itself."""
    now = timezone.now()
    workspaces = apps.get_model("accounts", "Workspace").objects
    for workspace_id in workspaces.order_by("pk").values_list("pk", flat=True):
        _enter(schema_editor, str(workspace_id))
        channels = apps.get_model("integrations", "Channel").objects.filter(
            workspace_id=workspace_id,
            provider="sandbox",
            is_active=True,
            integration__isnull=False,
        )
        apps.get_model("integrations", "SimulatedPhone").objects.bulk_create(
            [
                apps.get_model("integrations", "SimulatedPhone")(
                    workspace_id=workspace_id,
                    channel_id=channel.pk,
                    linked_phone=channel.phone.removeprefix("+"),
                    linked_at=now,
                    posts_to=_newest_token(apps, channel),
                )
                for channel in channels.order_by("pk")
            ]
        )
        apps.get_model("integrations", "Session").objects.filter(
            workspace_id=workspace_id, channel__in=channels, ended_at=None
        ).update(kind="qr")
        # Now, not at the end: a table whose keys are still to be checked cannot be altered,
        # and Django alters it once more.
        _check_keys(schema_editor)
    _enter(schema_editor, "")


def _newest_token(apps: Any, channel: Any) -> bytes | None:
    """The address that Recado tells providers; the shared one where it cannot be told."""
    tokens = apps.get_model("integrations", "WebhookToken").objects.filter(
        workspace_id=channel.workspace_id,
        integration_id=channel.integration_id,
        expires_at=None,
    )
    newest = tokens.exclude(sealed="").order_by("-pk").first()
    return newest.digest if newest is not None else None


def _enter(schema_editor: Any, workspace: str) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.workspace_id', %s, true)", [workspace])


def _check_keys(schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_number_page")]

    operations = [
        migrations.CreateModel(
            name="SimulatedPhone",
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
                ("linked_phone", models.CharField(blank=True, max_length=20)),
                ("linked_at", models.DateTimeField(blank=True, null=True)),
                ("unlinked_by", models.CharField(blank=True, max_length=10)),
                ("seed", models.CharField(blank=True, max_length=64)),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("wants_pairing_code", models.BooleanField(default=False)),
                (
                    "posts_to",
                    models.BinaryField(blank=True, max_length=32, null=True),
                ),
                (
                    "mishap",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Nothing, everything works"),
                            ("offline", "The phone has no internet, and nobody says so"),
                            ("other_phone", "Another phone scans the code"),
                            ("too_late", "The code is scanned when it has expired"),
                            ("untold", "Unlinking is not announced; Recado has to ask"),
                            ("unsteady", "The connection comes and goes"),
                            ("key_refused", "The gateway no longer accepts the key"),
                            ("down", "The gateway is down for maintenance"),
                            ("html", "The gateway answers with a web page"),
                            ("hanging", "The gateway does not answer in time"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.channel",
                    ),
                ),
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
                        fields=("workspace", "channel"), name="simulatedphone_one_each"
                    )
                ],
            },
        ),
        walls.composite_foreign_key("SimulatedPhone", "channel"),
        walls.police("SimulatedPhone"),
        migrations.RunPython(_link_those_in_use, migrations.RunPython.noop),
    ]
