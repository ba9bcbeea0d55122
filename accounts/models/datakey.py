"""A workspace's keys, sealed under a root key. Deleting its data keys erases its secrets."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class SealedKeyRow(WorkspaceScoped):
    """A row whose `sealed` holds a key; what `vault_rotate` moves to a new root key."""

    sealed = models.TextField()
    root_key_id = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class DataKey(SealedKeyRow):
    """Its id is the key id in the secrets it sealed. Retired: it opens, it seals no more."""

    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                condition=models.Q(retired_at__isnull=True),
                name="datakey_one_current",
            ),
            models.CheckConstraint(
                condition=models.Q(id__lt=2**32), name="datakey_id_fits_envelope"
            ),
        ]

    def __str__(self) -> str:
        return f"data key {self.pk} of {self.workspace_id}"
