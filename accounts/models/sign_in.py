"""Signing in: the table that gives people their roles, and the record of every attempt."""

from django.db import models

from accounts.keys import new_key
from accounts.models.workspace import Role
from accounts.scoping import WorkspaceScoped


class SignInRule(WorkspaceScoped):
    """Whoever the identity server says this of becomes a member here.

    Authoritative: the server alone decides, so whoever it no longer says this of leaves at
    their next sign-in. No rule makes, changes or removes an owner.
    """

    ROLES = (Role.ADMIN, Role.AGENT, Role.VIEWER)

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    claim = models.CharField(max_length=200)
    value = models.CharField(max_length=200)
    role = models.CharField(
        max_length=10,
        choices=[(one.value, one.label) for one in ROLES],
        default=Role.AGENT,
    )
    is_authoritative = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "claim", "value"], name="signinrule_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["admin", "agent", "viewer"]),
                name="signinrule_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.claim}={self.value} is {self.role}"


class SignInEvent(models.Model):
    """One attempt to sign in and what became of it. Ids only; belongs to no workspace.

    The reference is what a person reads on the page that refused them.
    """

    reference = models.CharField(max_length=12, unique=True)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=40)
    issuer = models.CharField(max_length=255, blank=True)
    subject_hash = models.CharField(max_length=64, blank=True)
    user = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    ip = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="signinevent_newest"),
            models.Index(fields=["outcome", "-at", "-id"], name="signinevent_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.outcome}"
