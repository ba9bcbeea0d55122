"""What was done by whom: append-only, each entry sealed to the one before it."""

from django.db import models

from accounts.models.datakey import SealedKeyRow
from accounts.scoping import WorkspaceScoped


class AuditChain(SealedKeyRow):
    """A workspace's chain: its key, and its last entry. Locked while one is added."""

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.BinaryField(max_length=32)
    head_mac = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], name="audit_chain_one_per_workspace"
            )
        ]

    def __str__(self) -> str:
        return f"audit chain of {self.workspace_id} at {self.sequence}"


class AuditEvent(WorkspaceScoped):
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    # Part of what the hash covers, so a person who acted is deactivated, never deleted.
    actor = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
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
