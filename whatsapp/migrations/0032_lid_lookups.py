"""Hidden ids whose phones providers are asked for, and who may look for those that are due."""

import django.db.models.deletion
from django.db import migrations, models

from accounts import walls

# As integrations_claim_sessions: whoever claims holds the lease, and nobody waits.
CLAIM = """
WITH picked AS (
    SELECT due.id FROM whatsapp_lidlookup due
     WHERE due.next_at <= statement_timestamp()
       AND (due.lease_until IS NULL OR due.lease_until <= statement_timestamp())
       AND (only_workspace IS NULL OR due.workspace_id = only_workspace)
     ORDER BY due.next_at, due.id
     LIMIT most
       FOR UPDATE SKIP LOCKED
)
UPDATE whatsapp_lidlookup lookup
   SET lease_token = token,
       lease_until = statement_timestamp() + make_interval(secs => lease_seconds)
  FROM picked WHERE lookup.id = picked.id
RETURNING lookup.id, lookup.workspace_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0007_sign_in_order"),
        ("whatsapp", "0031_plan_for_the_largest"),
    ]

    operations = [
        migrations.CreateModel(
            name="LidLookup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("misses", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("identity", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="whatsapp.identity")),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("workspace", "identity"), name="lidlookup_one_each")],
                "indexes": [models.Index(condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="lidlookup_due")],
            },
        ),
        walls.composite_key("Identity"),
        walls.composite_foreign_key("LidLookup", "identity"),
        walls.police("LidLookup"),
        walls.let_cross(
            "LidLookup",
            "SELECT (id, workspace_id, next_at, lease_until)",
            "UPDATE (lease_token, lease_until)",
        ),
        walls.crossing_function(
            "whatsapp_claim_lid_lookups(most integer, only_workspace bigint, token uuid,"
            " lease_seconds integer)",
            CLAIM,
            returns="TABLE (row_id bigint, row_workspace_id bigint)",
            volatility="VOLATILE",
            rows=500,
        ),
    ]
