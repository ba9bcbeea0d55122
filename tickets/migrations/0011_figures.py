"""Ways to what the home page counts, and a history whose inner entries are not public."""

from typing import Any

from django.db import migrations, models

# What a client is shown of a change is its status and its title (tickets/history.py).
HIDE = """
UPDATE tickets_ticketevent SET is_public = false
 WHERE workspace_id = %s AND is_public
   AND kind NOT IN ('created', 'commented', 'replied')
   AND NOT jsonb_exists_any(details, ARRAY['status', 'title'])
"""


def _hide(apps: Any, schema_editor: Any) -> None:
    """Row-level security binds the owner too: each workspace is entered by itself."""
    workspaces = apps.get_model("accounts", "Workspace").objects
    with schema_editor.connection.cursor() as cursor:
        for pk in workspaces.order_by("pk").values_list("pk", flat=True):
            cursor.execute(
                "SELECT set_config('app.workspace_id', %s, true)", [str(pk)]
            )
            cursor.execute(HIDE, [pk])
        cursor.execute("SELECT set_config('app.workspace_id', '', true)")


class Migration(migrations.Migration):
    dependencies = [("tickets", "0010_client_changed")]

    operations = [
        migrations.AddIndex(
            "ticket",
            models.Index(
                fields=["workspace", "status", "created_at"], name="ticket_age"
            ),
        ),
        migrations.AddIndex(
            "ticket",
            models.Index(
                condition=models.Q(("first_response_at__isnull", False)),
                fields=["workspace", "first_response_at"],
                include=("created_at",),
                name="ticket_answered",
            ),
        ),
        migrations.AddIndex(
            "ticket",
            models.Index(
                condition=models.Q(("resolved_at__isnull", False)),
                fields=["workspace", "resolved_at"],
                include=("created_at",),
                name="ticket_resolved",
            ),
        ),
        migrations.RunPython(_hide, migrations.RunPython.noop),
    ]
