"""Texts that a workspace sends again and again."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import accounts.keys
from accounts import walls


class Migration(migrations.Migration):

    dependencies = [("accounts", "0007_sign_in_order"), ("whatsapp", "0021_outbox_walls")]

    operations = [
        migrations.CreateModel(
            name="CannedReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True)),
                ("name", models.CharField(max_length=40)),
                ("text", models.TextField(max_length=4096)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("workspace"), django.db.models.functions.text.Lower("name"), name="canned_reply_name_unique"),
                    models.CheckConstraint(condition=models.Q(models.Q(("name", ""), _negated=True), models.Q(("text", ""), _negated=True)), name="canned_reply_not_empty"),
                ],
            },
        ),
        walls.police("CannedReply"),
    ]
