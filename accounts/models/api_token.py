"""Service tokens: how a system without a person calls `/api/` of one workspace."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.keys import new_key
from accounts.models.workspace import Workspace
from accounts.scoping import WorkspaceScoped


class ApiToken(WorkspaceScoped):
    """Only the digest of the secret is kept; `hint` tells tokens apart by their beginning.

    The digest is unique over the installation: a request shows the token alone, and the
    workspace is what it leads to.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="api_tokens", db_index=False
    )
    key = models.UUIDField(default=new_key, unique=True, editable=False)
    name = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=12)
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=models.Q(revoked_at=None),
                name="api_token_name_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="api_token_expires",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="api_token_list")
        ]

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"
