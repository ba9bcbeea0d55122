"""Addresses that links had before: they stay theirs, and go on leading to them."""

import django.db.models.deletion
from django.db import migrations, models

from accounts import walls

ADDRESS = "whatsapp_link_of_slug(address text)"
RETURNS = "TABLE (workspace_id bigint, link_id bigint)"
PRESENT = """
SELECT link.workspace_id, link.id FROM whatsapp_trackedlink link
 WHERE link.slug = address
"""
# No slug is in both. Rows come as they are asked for: whoever is found in the first is not
# looked for in the second.
ANY = f"""{PRESENT}UNION ALL
SELECT retired.workspace_id, retired.link_id FROM whatsapp_retiredslug retired
 WHERE retired.slug = address
LIMIT 1
"""  # noqa: S608  # constants of this file


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_sign_in_order"),
        ("whatsapp", "0032_lid_lookups"),
        ("whatsapp", "0033_causes"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetiredSlug",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.CharField(max_length=64, unique=True)),
                ("retired_at", models.DateTimeField()),
                ("link", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="retired_slugs", to="whatsapp.trackedlink")),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace")),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "link", "-retired_at"], name="retired_slug_of_link")],
            },
        ),
        walls.composite_foreign_key("RetiredSlug", "link"),
        walls.police("RetiredSlug"),
        walls.let_cross("RetiredSlug", "SELECT (workspace_id, link_id, slug)"),
        walls.undone(walls.crossing_function(ADDRESS, PRESENT, returns=RETURNS, rows=1)),
        walls.crossing_function(ADDRESS, ANY, returns=RETURNS, rows=1),
        walls.crossing_function(
            "whatsapp_slug_is_retired(address text, by_other_than bigint)",
            """
            SELECT EXISTS (SELECT FROM whatsapp_retiredslug retired
                            WHERE retired.slug = address
                              AND retired.link_id <> by_other_than)
            """,
            returns="boolean",
        ),
    ]
