"""What was done by whom: append-only, each entry sealed to the one before it."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class AuditEvent(WorkspaceScoped):
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=128, blank=True)
    details = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sequence"], name="audit_sequence_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}#{self.sequence} {self.action}"
