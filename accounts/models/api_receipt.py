"""What a system was answered under an Idempotency-Key."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class ApiReceipt(WorkspaceScoped):
    """One request that was done. `system` is whose key it is: `t<token>` or `u<person>`.

    `digest` is of what was asked for, so that the key cannot come to mean something else;
    `body` (JSON as it was sent) and `status` are the answer, given to whoever asks again.
    """

    system = models.CharField(max_length=24)
    repeat_key = models.CharField(max_length=128)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    location = models.CharField(max_length=500, blank=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "system", "repeat_key"], name="api_receipt_unique"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "created_at"], name="api_receipt_age")
        ]

    def __str__(self) -> str:
        return f"receipt {self.pk} of {self.system}"
