"""The request as received. Everything after it can be replayed from this row."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key


class RawState(models.TextChoices):
    RECEIVED = "received", _("Received")
    LEASED = "leased", _("In work")
    DONE = "done", _("Done")
    PARKED = "parked", _("Parked")
    IGNORED = "ignored", _("Ignored")
    UNROUTED = "unrouted", _("Without a number")


class RawWebhook(models.Model):
    """One authenticated request, byte for byte.

    It is no workspace-scoped model: a body for several workspaces, or for none of ours,
    has no workspace and is shown to the platform admin alone. `attempts` counts claims and
    `errors` those that ended with an error; the difference ended without a word.
    `next_at` is when the row is due, a leased one included: its lease has ended then.
    """

    key = models.UUIDField(default=new_key, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    integration = models.ForeignKey(
        "integrations.Integration",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    provider = models.CharField(max_length=32)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=RawState.choices, default=RawState.RECEIVED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    errors = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    error = models.CharField(max_length=500, blank=True)
    outcome = models.JSONField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                Coalesce("workspace_id", 0),
                "next_at",
                "id",
                condition=models.Q(state__in=["received", "leased"]),
                name="raw_webhook_due",
            ),
            models.Index(
                fields=["state", "received_at"],
                condition=models.Q(state__in=["parked", "unrouted"]),
                name="raw_webhook_stuck",
            ),
            # For pruning and the last hour: rows lie in the order they came in, so a
            # summary of each megabyte is enough, and costs inserts nothing.
            BrinIndex(fields=["received_at"], name="raw_webhook_received"),
            # For the pages: the newest of a workspace, and one by its public name. Rows that
            # are still in work are few and rewritten: they do not pay for these.
            models.Index(
                fields=["workspace", "-id"],
                condition=~models.Q(state__in=["received", "leased"]),
                name="raw_webhook_newest",
            ),
            models.Index(
                fields=["key"],
                condition=~models.Q(state__in=["received", "leased"]),
                name="raw_webhook_key",
            ),
        ]

    def __str__(self) -> str:
        return f"raw webhook {self.pk} {self.state}"
