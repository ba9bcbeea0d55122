"""What the daily check says of a link, its tests, and which stages count as won."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import accounts.keys
from accounts import walls

STATES = [("good", "In order"), ("warning", "Worth a look"), ("broken", "Broken")]


def tenant(*, to: str, **fields: Any) -> Any:
    """A field that names a row of the same workspace; its key is `composite_foreign_key`."""
    values = {"db_constraint": False, "db_index": False, "on_delete": django.db.models.deletion.CASCADE, "related_name": "+"}
    return models.ForeignKey(to=to, **values | fields)


def own() -> list[tuple[str, Any]]:
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace")),
    ]


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0006_walls"),
        ("integrations", "0003_sessions"),
        ("whatsapp", "0012_merges"),
    ]

    operations = [
        migrations.AddField("trackedlink", "landing_url", models.URLField(blank=True, max_length=1000, default=""), preserve_default=False),
        migrations.AddField("trackedlink", "check_state", models.CharField(blank=True, choices=STATES, max_length=10, default=""), preserve_default=False),
        migrations.AddField("trackedlink", "findings", models.JSONField(blank=True, default=list)),
        migrations.AddField("trackedlink", "checked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("trackedlink", "check_asked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("trackedlink", "next_check_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
        migrations.AddIndex("trackedlink", models.Index(fields=["workspace", "next_check_at"], name="link_check_due")),
        migrations.AlterField("touch", "kind", models.CharField(choices=[("link", "Tracked link"), ("ad", "Click-to-WhatsApp ad"), ("imported", "Imported"), ("test", "Test of a link")], max_length=10)),
        migrations.AddIndex("touch", models.Index(fields=["workspace", "link", "-occurred_at"], include=["id", "token", "lead"], name="touch_link_figures")),
        migrations.RemoveIndex("touch", "touch_link"),
        migrations.CreateModel(
            name="FunnelStages",
            fields=[
                *own(),
                ("won", models.JSONField(default=list)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace",), name="funnel_stages_once")]},
        ),
        migrations.CreateModel(
            name="LinkCheck",
            fields=[
                *own(),
                ("link", tenant(to="whatsapp.trackedlink", related_name="checks")),
                ("at", models.DateTimeField()),
                ("state", models.CharField(choices=STATES, max_length=10)),
                ("findings", models.JSONField(default=list)),
            ],
            options={"indexes": [models.Index(fields=["workspace", "link", "-at"], name="link_check_recent")]},
        ),
        migrations.CreateModel(
            name="LinkTest",
            fields=[
                *own(),
                ("key", models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True)),
                ("link", tenant(to="whatsapp.trackedlink", related_name="tests")),
                ("channel", tenant(to="integrations.channel")),
                ("touch", tenant(to="whatsapp.touch", null=True, on_delete=django.db.models.deletion.SET_NULL)),
                ("message_id", models.CharField(blank=True, max_length=200)),
                ("steps", models.JSONField(default=list)),
                ("started_at", models.DateTimeField()),
                ("started_by", models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"indexes": [models.Index(fields=["workspace", "link", "-started_at"], name="link_test_recent")]},
        ),
        walls.composite_foreign_key("LinkCheck", "link"),
        walls.composite_foreign_key("LinkTest", "link"),
        walls.composite_foreign_key("LinkTest", "channel"),
        walls.composite_foreign_key("LinkTest", "touch"),
        walls.police("FunnelStages"),
        walls.police("LinkCheck"),
        walls.police("LinkTest"),
    ]
