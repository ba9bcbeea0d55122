"""What the home page counts: messages by their moment, and who was first answered when."""

from typing import Any

from django.db import migrations, models

# As services/first_answers.py settles it; written out, since that may change.
SETTLE = """
UPDATE whatsapp_conversation thread
   SET first_inbound_at = told.heard_at, answered_at = told.answered_at
  FROM (SELECT one.id, heard.provider_at AS heard_at, answer.provider_at AS answered_at
          FROM whatsapp_conversation one
         CROSS JOIN LATERAL (
               SELECT provider_at FROM whatsapp_message
                WHERE conversation_id = one.id AND direction = 'inbound'
                  AND origin = 'live' AND kind NOT IN ('reaction', 'edit', 'revoke')
                ORDER BY provider_at, id LIMIT 1) heard
          LEFT JOIN LATERAL (
               SELECT provider_at FROM whatsapp_message
                WHERE conversation_id = one.id AND direction = 'outbound'
                  AND provider_at >= heard.provider_at
                  AND origin NOT IN ('automatic', 'history')
                  AND kind NOT IN ('reaction', 'edit', 'revoke')
                ORDER BY provider_at, id LIMIT 1) answer ON true
         WHERE one.workspace_id = %s) told
 WHERE thread.id = told.id AND thread.workspace_id = %s
"""


def _settle(apps: Any, schema_editor: Any) -> None:
    """Row-level security binds the owner too: each workspace is entered by itself."""
    workspaces = apps.get_model("accounts", "Workspace").objects
    with schema_editor.connection.cursor() as cursor:
        for pk in workspaces.order_by("pk").values_list("pk", flat=True):
            cursor.execute(
                "SELECT set_config('app.workspace_id', %s, true)", [str(pk)]
            )
            cursor.execute(SETTLE, [pk, pk])
        cursor.execute("SELECT set_config('app.workspace_id', '', true)")


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0027_ticket_filters")]

    operations = [
        migrations.AddField(
            "conversation", "first_inbound_at", models.DateTimeField(null=True)
        ),
        migrations.AddField(
            "conversation", "answered_at", models.DateTimeField(null=True)
        ),
        migrations.AddIndex(
            "conversation",
            models.Index(
                condition=models.Q(("first_inbound_at__isnull", False)),
                fields=["workspace", "first_inbound_at"],
                include=("answered_at",),
                name="conversation_begun",
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["workspace", "direction", "provider_at"], name="message_moment"
            ),
        ),
        # The last: a table with news in its transaction is not altered any more.
        migrations.RunPython(_settle, migrations.RunPython.noop),
    ]
