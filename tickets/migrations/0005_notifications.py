"""Notifications: rules with texts and templates, what became of each telling, e-mails.

Claiming looks across workspaces and learns ids alone, as the outbox does.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

import accounts.keys
from accounts import walls

AUDIENCES = [("client", "Client"), ("assignee", "Assignee")]
PATHS = [
    ("held", "Waiting"),
    ("free_text", "WhatsApp text"),
    ("template", "WhatsApp template"),
    ("email", "E-mail"),
    ("nobody", "Not reached"),
    ("skipped", "Not needed"),
]
STATES = [
    ("due", "Queued"),
    ("claimed", "Queued"),
    ("submitting", "Sending"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("uncertain", "Unconfirmed"),
]
EMPTY = "TRUNCATE tickets_notification CASCADE"
NOW = "statement_timestamp()"
HELD = f"""
SELECT DISTINCT held.workspace_id FROM tickets_notification held
 WHERE held.path = 'held' AND held.due_at <= {NOW}
 ORDER BY held.workspace_id LIMIT 200
"""  # noqa: S608  # constants
CLAIM = f"""
UPDATE tickets_notificationemail mail
   SET state = CASE mail.state WHEN 'claimed' THEN 'due' ELSE 'uncertain' END,
       reason = CASE mail.state WHEN 'claimed' THEN mail.reason ELSE 'worker_gone' END,
       lease_token = NULL
  FROM (SELECT late.id FROM tickets_notificationemail late
         WHERE late.state IN ('claimed', 'submitting') AND late.next_at <= {NOW}
         ORDER BY late.id FOR UPDATE SKIP LOCKED) gone
 WHERE mail.id = gone.id;

WITH picked AS (
    SELECT mail.id FROM tickets_notificationemail mail
     WHERE mail.state = 'due' AND mail.next_at <= {NOW}
     ORDER BY mail.next_at LIMIT most
       FOR UPDATE SKIP LOCKED
)
UPDATE tickets_notificationemail mail
   SET state = 'claimed', lease_token = token,
       next_at = {NOW} + make_interval(secs => lease_seconds)
  FROM picked WHERE mail.id = picked.id
RETURNING mail.id, mail.workspace_id
"""  # noqa: S608  # constants
HAS_DUE = f"""
SELECT EXISTS (SELECT FROM tickets_notificationemail mail
                WHERE mail.state IN ('due', 'claimed', 'submitting')
                  AND mail.next_at <= {NOW})
"""  # noqa: S608  # constants


def to(model: str, **more: object) -> models.ForeignKey:
    """A key that the walls make, with the workspace in it."""
    return models.ForeignKey(
        **{
            "on_delete": django.db.models.deletion.CASCADE,
            "db_constraint": False,
            "to": model,
            **more,
        }
    )


def member() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


def workspace() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="accounts.workspace",
    )


def key() -> models.UUIDField:
    return models.UUIDField(
        default=accounts.keys.new_key, editable=False, unique=True
    )


def new_keys(model: str) -> list[object]:
    """Each row that is there gets a key of its own; the next ones get theirs from us."""
    drawn = models.UUIDField(db_default=RandomUUID(), editable=False)
    return [
        migrations.AddField(model, "key", drawn),
        migrations.AlterField(model, "key", key()),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_sign_in_order"),
        ("integrations", "0001_initial"),
        ("tickets", "0004_ticket_pages"),
        ("whatsapp", "0027_ticket_filters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        walls.composite_key("Notification"),
        # Nothing has written a notification before: the table was a sketch.
        migrations.RunSQL(EMPTY, migrations.RunSQL.noop),
        migrations.RemoveConstraint("notification", "notification_unique"),
        *new_keys("notification"),
        *new_keys("notificationrule"),
        migrations.AddField(
            "notificationrule", "template_values", models.JSONField(default=dict)
        ),
        migrations.AddField(
            "notificationrule",
            "email_subject",
            models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            "notificationrule", "email_body", models.TextField(blank=True)
        ),
        migrations.AddField(
            "notificationrule", "version", models.PositiveIntegerField(default=1)
        ),
        migrations.AddField(
            "notificationrule", "updated_at", models.DateTimeField(auto_now=True)
        ),
        migrations.AlterField(
            "notificationrule",
            "audience",
            models.CharField(choices=AUDIENCES, default="client", max_length=20),
        ),
        migrations.AddField(
            "notification",
            "ticket",
            to("tickets.ticket", db_index=False, related_name="notifications"),
        ),
        migrations.AlterField(
            "notification",
            "recipient",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="tickets.client",
            ),
        ),
        migrations.AddField("notification", "member", member()),
        migrations.AddField("notification", "actor", member()),
        *(
            migrations.AddField(
                "notification", name, field, preserve_default=False
            )
            for name, field in (
                ("event", models.CharField(max_length=40, default="")),
                ("language", models.CharField(max_length=10, default="")),
                ("business_key", models.CharField(max_length=200, default="")),
                ("state_key", models.CharField(max_length=100, default="")),
            )
        ),
        migrations.AddField(
            "notification",
            "audience",
            models.CharField(choices=AUDIENCES, default="client", max_length=20),
        ),
        migrations.AddField(
            "notification", "template", models.CharField(blank=True, max_length=512)
        ),
        migrations.AddField("notification", "text", models.TextField(blank=True)),
        migrations.AddField("notification", "due_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "notification", "path", models.CharField(choices=PATHS, max_length=20)
        ),
        migrations.AlterField("notification", "created_at", models.DateTimeField()),
        migrations.AddConstraint(
            "notification",
            models.UniqueConstraint(
                fields=("workspace", "business_key"),
                name="notification_business_key_unique",
            ),
        ),
        migrations.AddIndex(
            "notification",
            models.Index(
                fields=["workspace", "ticket", "-id"], name="notification_of_ticket"
            ),
        ),
        migrations.AddIndex(
            "notification",
            models.Index(
                fields=["workspace", "-created_at", "-id"], name="notification_recent"
            ),
        ),
        migrations.AddIndex(
            "notification",
            models.Index(
                condition=models.Q(("path", "held")),
                fields=["due_at", "workspace"],
                name="notification_held",
            ),
        ),
        migrations.CreateModel(
            name="NotificationSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_quiet", models.BooleanField(default=False)),
                ("quiet_from", models.PositiveSmallIntegerField(default=1260)),
                ("quiet_until", models.PositiveSmallIntegerField(default=480)),
                ("urgent_is_exempt", models.BooleanField(default=True)),
                ("sends_email", models.BooleanField(default=True)),
                ("repeat_minutes", models.PositiveSmallIntegerField(default=60)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "channel",
                    to(
                        "integrations.channel",
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                    ),
                ),
                ("workspace", workspace()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace",), name="notification_settings_one_each"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="NotificationEmail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", key()),
                ("to_address", models.EmailField(max_length=254)),
                ("subject", models.CharField(max_length=250)),
                ("body", models.TextField()),
                ("state", models.CharField(choices=STATES, default="due", max_length=10)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("lease_token", models.UUIDField(null=True)),
                ("reason", models.CharField(blank=True, max_length=100)),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("notification", to("tickets.notification", related_name="emails")),
                ("workspace", workspace()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["due", "claimed", "submitting"])
                        ),
                        fields=["next_at"],
                        name="notification_email_queue",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "notification"),
                        name="notification_email_one_each",
                    )
                ],
            },
        ),
        walls.composite_foreign_key("Notification", "ticket"),
        walls.composite_foreign_key("NotificationEmail", "notification"),
        walls.composite_foreign_key("NotificationSettings", "channel"),
        walls.police("NotificationSettings"),
        walls.police("NotificationEmail"),
        walls.let_cross("Notification", "SELECT (workspace_id, path, due_at)"),
        walls.let_cross(
            "NotificationEmail",
            "SELECT (id, workspace_id, state, next_at, reason)",
            "UPDATE (state, lease_token, next_at, reason)",
        ),
        walls.crossing_function(
            "tickets_notifications_held()",
            HELD,
            returns="TABLE (held_workspace_id bigint)",
            rows=10,
        ),
        walls.crossing_function(
            "tickets_email_claim(most integer, token uuid, lease_seconds integer)",
            CLAIM,
            returns="TABLE (email_id bigint, email_workspace_id bigint)",
            volatility="VOLATILE",
            rows=50,
        ),
        walls.crossing_function("tickets_email_has_due()", HAS_DUE, returns="boolean"),
        # The step before cannot hold what was written after it.
        migrations.RunSQL(migrations.RunSQL.noop, EMPTY),
    ]
