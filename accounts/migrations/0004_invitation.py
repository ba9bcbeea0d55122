"""Members get a public key and a last visit; invitations come.

The addresses of people whom an operator added count as proven: nobody signs up by
themselves, so the operator vouched for each of them.
"""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import accounts.keys

_VOUCH = """
INSERT INTO account_emailaddress (user_id, email, verified, "primary")
SELECT person.id, person.email, true, true
  FROM accounts_user person
 WHERE person.oauth_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM account_emailaddress other
                    WHERE other.user_id = person.id OR other.email = person.email)
"""


def _give_keys(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("accounts", "Membership").objects.all()
    for membership in rows.only("pk").iterator():
        rows.filter(pk=membership.pk).update(key=accounts.keys.new_key())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_sign_in"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="key",
            field=models.UUIDField(null=True, editable=False),
        ),
        migrations.RunPython(_give_keys, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="membership",
            name="key",
            field=models.UUIDField(
                default=accounts.keys.new_key, unique=True, editable=False
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="last_seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Invitation",
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
                (
                    "key",
                    models.UUIDField(
                        default=accounts.keys.new_key, editable=False, unique=True
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("agent", "Agent"),
                            ("viewer", "Viewer"),
                        ],
                        max_length=10,
                    ),
                ),
                ("token_hash", models.BinaryField(max_length=32, unique=True)),
                (
                    "mail",
                    models.CharField(
                        choices=[
                            ("none", "Link shown once"),
                            ("waiting", "Being sent"),
                            ("sent", "Sent"),
                            ("failed", "Not delivered"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("refused_why", models.CharField(blank=True, max_length=20)),
                ("refused_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                        condition=models.Q(
                            ("accepted_at__isnull", True), ("revoked_at__isnull", True)
                        ),
                        fields=("workspace", "email"),
                        name="invitation_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email", django.db.models.functions.text.Lower("email"))
                        ),
                        name="invitation_email_lower",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["admin", "agent", "viewer"])),
                        name="invitation_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at__isnull", True),
                            ("revoked_at__isnull", True),
                            _connector="OR",
                        ),
                        name="invitation_one_end",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_VOUCH, migrations.RunSQL.noop),
    ]
