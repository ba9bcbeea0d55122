"""A workspace's data key, sealed under a root key. Deleting it erases its secrets."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class DataKey(WorkspaceScoped):
    sealed = models.TextField()
    root_key_id = models.PositiveBigIntegerField()
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                condition=models.Q(is_current=True),
                name="datakey_one_current",
            )
        ]

    def __str__(self) -> str:
        return f"data key {self.pk} of {self.workspace_id}"
