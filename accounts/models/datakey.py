"""Keys sealed under a root key: a workspace's own, and the installation's.

Deleting a workspace's data keys erases its secrets.
"""

from django.db import models

from accounts.scoping import WorkspaceScoped


class SealedKey(models.Model):
    """A row whose `sealed` holds a key; what `vault_rotate` moves to a new root key."""

    sealed = models.TextField()
    root_key_id = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class SealedKeyRow(SealedKey, WorkspaceScoped):
    """Such a row of one workspace."""

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


class InstallationKey(SealedKey):
    """A data key for what belongs to no workspace: people's tokens. As `DataKey` otherwise.

    A table of its own, since rows of `DataKey` are a tenant's and vanish with it.
    """

    workspace_id = 0  # how the vault names the installation
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(retired_at__isnull=True),
                name="installationkey_one_current",
            ),
            models.CheckConstraint(
                condition=models.Q(id__lt=2**32),
                name="installationkey_id_fits_envelope",
            ),
        ]

    def __str__(self) -> str:
        return f"installation key {self.pk}"
