"""The promise to send one message, kept in the transaction that made it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceScoped


class OutboxState(models.TextChoices):
    DUE = "due", _("Queued")
    CLAIMED = "claimed", _("Sending")
    SUBMITTING = "submitting", _("Sending")
    ACCEPTED = "accepted", _("Accepted")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("Unconfirmed")


class OutboxEntry(WorkspaceScoped):
    message = models.OneToOneField(
        "whatsapp.Message", on_delete=models.CASCADE, related_name="outbox_entry"
    )
    business_key = models.CharField(max_length=200)
    state = models.CharField(
        max_length=10, choices=OutboxState.choices, default=OutboxState.DUE
    )
    is_bulk = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    callback_token = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "business_key"], name="outbox_business_key_unique"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"],
                condition=models.Q(state__in=["due", "claimed", "submitting"]),
                name="outbox_due",
            )
        ]

    def __str__(self) -> str:
        return f"outbox entry {self.pk} {self.state}"
