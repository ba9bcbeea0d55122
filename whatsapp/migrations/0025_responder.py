"""Automatic answers, the words of the opt-out, and when a person of the team was last at it."""

import django.db.models.deletion
from django.db import migrations, models

from accounts import walls

WORKSPACE = ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"))
KEY = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_sign_in_order"),
        ("integrations", "0006_receipts"),
        ("whatsapp", "0024_templates"),
    ]

    operations = [
        migrations.AddField("conversation", "attended_at", models.DateTimeField(null=True)),
        migrations.AddField("optout", "reason", models.CharField(blank=True, db_default="", default="", max_length=200)),
        migrations.CreateModel(
            name="Responder",
            fields=[
                KEY,
                ("answers_closed", models.BooleanField(default=False)),
                ("greets", models.BooleanField(default=False)),
                ("week", models.JSONField(default=dict)),
                ("place", models.CharField(blank=True, max_length=10)),
                ("with_optional", models.BooleanField(default=False)),
                ("closed_days", models.JSONField(default=list)),
                ("open_days", models.JSONField(default=list)),
                ("texts", models.JSONField(default=dict)),
                ("quiet_hours", models.PositiveSmallIntegerField(default=12)),
                ("attended_minutes", models.PositiveSmallIntegerField(default=15)),
                ("fresh_minutes", models.PositiveSmallIntegerField(default=15)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("channel", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="integrations.channel")),
                WORKSPACE,
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace", "channel"), name="responder_one_each")]},
        ),
        migrations.CreateModel(
            name="OptOutWords",
            fields=[
                KEY,
                ("is_on", models.BooleanField(default=True)),
                ("confirms", models.BooleanField(default=True)),
                ("stop_words", models.JSONField(default=list)),
                ("start_words", models.JSONField(default=list)),
                ("texts", models.JSONField(default=dict)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                WORKSPACE,
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace",), name="opt_out_words_one_each")]},
        ),
        walls.composite_foreign_key("Responder", "channel"),
        walls.police("Responder"),
        walls.police("OptOutWords"),
    ]
