"""Chats in which nothing of the person reached us: how they are found, and who looked at them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0006_walls"),
        ("integrations", "0004_number_page"),
        ("whatsapp", "0013_links"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UnheardChat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("peer_key", models.CharField(max_length=140)),
                ("verdict", models.CharField(choices=[("handled", "Somebody called or wrote to them"), ("ours", "We wrote first")], max_length=10)),
                ("decided_at", models.DateTimeField()),
                ("channel", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="integrations.channel")),
                ("decided_by", models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("workspace", "channel", "peer_key"), name="unheard_chat_unique")],
            },
        ),
        walls.composite_foreign_key("UnheardChat", "channel"),
        walls.police("UnheardChat"),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(condition=models.Q(("last_inbound_at__isnull", True)), fields=["workspace", "-last_message_at"], name="conversation_unheard"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(("conversation__isnull", True), ("origin", "echo")), fields=["workspace", "-stored_at"], name="message_echo_unheard"),
        ),
        migrations.AddIndex(
            model_name="waitingstatus",
            index=models.Index(condition=models.Q(("peer_key", ""), _negated=True), fields=["workspace", "-received_at"], name="waiting_status_unheard"),
        ),
    ]
