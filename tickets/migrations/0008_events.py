"""Events between systems: who tells us, who hears of us, and what was told."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.keys


def row(**fields: models.Field) -> list[tuple[str, models.Field]]:
    number = models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )
    return [("id", number), *fields.items(), ("workspace", workspace())]


def key() -> models.Field:
    return models.UUIDField(
        default=accounts.keys.new_key, editable=False, unique=True
    )


def workspace() -> models.Field:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="accounts.workspace",
    )


def tenant(to: str, name: str, *, may_miss: bool = False) -> models.Field:
    """A key to a tenant row; the database's own one is made below, with the workspace."""
    cascade, forget = (
        django.db.models.deletion.CASCADE,
        django.db.models.deletion.SET_NULL,
    )
    return models.ForeignKey(
        db_constraint=False,
        null=may_miss,
        on_delete=forget if name == "+" else cascade,
        related_name=name,
        to=to,
    )


def person() -> models.Field:
    return models.ForeignKey(
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_sign_in_order"),
        ("tickets", "0005_notifications"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="IncomingSource",
            fields=row(
                key=key(),
                name=models.CharField(max_length=80),
                created_at=models.DateTimeField(),
                last_received_at=models.DateTimeField(null=True),
                refused=models.PositiveIntegerField(default=0),
                last_refused_at=models.DateTimeField(null=True),
                last_refusal=models.CharField(blank=True, max_length=20),
                created_by=person(),
            ),
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "name"), name="incoming_source_name_unique"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=row(
                key=key(),
                name=models.CharField(max_length=80),
                url=models.CharField(max_length=500),
                kinds=django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(max_length=40), size=None
                ),
                with_private=models.BooleanField(default=False),
                is_active=models.BooleanField(default=True),
                stop_reason=models.CharField(blank=True, max_length=10),
                stopped_at=models.DateTimeField(null=True),
                created_at=models.DateTimeField(),
                last_success_at=models.DateTimeField(null=True),
                failing_since=models.DateTimeField(null=True),
                misses=models.PositiveSmallIntegerField(default=0),
                next_turn_at=models.DateTimeField(),
                lease_token=models.UUIDField(null=True),
                lease_until=models.DateTimeField(null=True),
                created_by=person(),
            ),
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "name"), name="subscription_name_unique"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="IncomingEvent",
            fields=row(
                key=key(),
                event_id=models.CharField(max_length=160, null=True),
                told_id=models.CharField(blank=True, max_length=160),
                kind=models.CharField(blank=True, max_length=60),
                verdict=models.CharField(
                    choices=[
                        ("applied", "Applied"),
                        ("unchanged", "Nothing to change"),
                        ("late", "Overtaken"),
                        ("ignored", "Not about tickets"),
                        ("refused", "Refused"),
                    ],
                    max_length=10,
                ),
                reason=models.CharField(blank=True, max_length=40),
                field=models.CharField(blank=True, max_length=60),
                fields=models.JSONField(default=list),
                occurred_at=models.DateTimeField(null=True),
                received_at=models.DateTimeField(),
                source=tenant("tickets.incomingsource", "events"),
                ticket=tenant("tickets.ticket", "+", may_miss=True),
            ),
            options={
                "indexes": [
                    models.Index(
                        fields=["source", "-received_at", "-id"],
                        name="incoming_event_log",
                    ),
                    models.Index(
                        condition=models.Q(("occurred_at__isnull", False)),
                        fields=["ticket", "occurred_at"],
                        name="incoming_event_order",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "event_id"), name="incoming_event_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EventDelivery",
            fields=row(
                key=key(),
                event_id=models.CharField(max_length=60),
                kind=models.CharField(max_length=40),
                body=models.TextField(),
                state=models.CharField(
                    choices=[
                        ("due", "On its way"),
                        ("delivered", "Delivered"),
                        ("failed", "Given up"),
                    ],
                    default="due",
                    max_length=10,
                ),
                reason=models.CharField(blank=True, max_length=60),
                attempts=models.PositiveIntegerField(default=0),
                tries=models.PositiveSmallIntegerField(default=0),
                next_at=models.DateTimeField(),
                since=models.DateTimeField(),
                created_at=models.DateTimeField(),
                settled_at=models.DateTimeField(null=True),
                subscription=tenant("tickets.subscription", "deliveries"),
                ticket=tenant("tickets.ticket", "+", may_miss=True),
            ),
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["due", "failed"])),
                        fields=["subscription", "state", "next_at"],
                        name="event_delivery_open",
                    ),
                    models.Index(
                        fields=["subscription", "-created_at", "-id"],
                        name="event_delivery_log",
                    ),
                    models.Index(
                        fields=["workspace", "created_at"], name="event_delivery_old"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subscription", "event_id"), name="event_delivery_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=row(
                at=models.DateTimeField(),
                elapsed_ms=models.PositiveIntegerField(),
                status=models.PositiveSmallIntegerField(null=True),
                error=models.CharField(blank=True, max_length=60),
                request=models.TextField(blank=True),
                response=models.TextField(blank=True),
                delivery=tenant("tickets.eventdelivery", "log"),
            ),
            options={
                "indexes": [
                    models.Index(fields=["delivery", "id"], name="delivery_attempts")
                ]
            },
        ),
        migrations.CreateModel(
            name="SigningSecret",
            fields=row(
                key=key(),
                sealed=models.TextField(),
                hint=models.CharField(max_length=20),
                created_at=models.DateTimeField(),
                ends_at=models.DateTimeField(null=True),
                source=tenant("tickets.incomingsource", "secrets", may_miss=True),
                subscription=tenant("tickets.subscription", "secrets", may_miss=True),
            ),
            options={
                "indexes": [
                    models.Index(fields=["source", "-id"], name="secret_of_source"),
                    models.Index(
                        fields=["subscription", "-id"], name="secret_of_subscription"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("source", None), ("subscription__isnull", False)
                            ),
                            models.Q(
                                ("source__isnull", False), ("subscription", None)
                            ),
                            _connector="OR",
                        ),
                        name="signing_secret_of_one",
                    )
                ],
            },
        ),
    ]
