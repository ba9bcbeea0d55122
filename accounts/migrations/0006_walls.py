"""The walls of room 0: roles, keys with their workspace, row-level security.

A key that others refer to changes together with the keys that lead to it, so every room's
tables must be there: hence the dependencies on the rooms above.
"""

from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_cache_table"),
        ("integrations", "0001_initial"),
        ("whatsapp", "0008_attribution_rule"),
        ("tickets", "0001_initial"),
        ("webhooks", "0004_explorer"),
    ]

    operations = [
        walls.roles(),
        walls.composite_key("Membership"),
        walls.police("Membership"),
        walls.police("DataKey"),
        walls.police("AuditChain"),
        walls.police("AuditEvent"),
        walls.let_cross("Membership", "SELECT (id, workspace_id, user_id, role)"),
        walls.crossing_function(
            "accounts_memberships_of(person bigint)",
            """
            SELECT membership.id, membership.workspace_id, membership.role::text
              FROM accounts_membership membership WHERE membership.user_id = person
            """,
            returns="TABLE (membership_id bigint, workspace_id bigint, role text)",
            rows=5,
        ),
    ]
