"""The offer of a place in a workspace, to whoever can prove an e-mail address."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.models.workspace import Role
from accounts.scoping import WorkspaceScoped


class MailState(models.TextChoices):
    NONE = "none", pgettext_lazy("invitation mail", "Link shown once")
    WAITING = "waiting", pgettext_lazy("invitation mail", "Being sent")
    SENT = "sent", pgettext_lazy("invitation mail", "Sent")
    FAILED = "failed", pgettext_lazy("invitation mail", "Not delivered")


class Invitation(WorkspaceScoped):
    """Used once. Of the token in its link only the SHA-256 is kept."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role.choices)
    token_hash = models.BinaryField(max_length=32, unique=True)
    mail = models.CharField(
        max_length=10, choices=MailState.choices, default=MailState.NONE
    )
    invited_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The account at the installation's identity server that is made from the current link.
    account_sub = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    # The refusal that the audit trail was told last, so that a link opened again and again
    # does not fill it.
    refused_why = models.CharField(max_length=20, blank=True)
    refused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="invitation_email_lower"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=[Role.ADMIN, Role.AGENT, Role.VIEWER]),
                name="invitation_role_known",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True)
                | models.Q(revoked_at__isnull=True),
                name="invitation_one_end",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.key} to {self.workspace_id}"

    @property
    def is_mailed(self) -> bool:
        """The current link went out by mail alone; a link that is shown replaces it."""
        return self.mail != MailState.NONE

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at <= now
