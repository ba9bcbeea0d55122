"""The tenant, and who belongs to it in which role."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped

slug_is_plain = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$",
    _("Use small letters, digits and hyphens, at most 50."),
)


class Workspace(models.Model):
    key = models.UUIDField(default=new_key, unique=True, editable=False)
    slug = models.CharField(max_length=50, unique=True, validators=[slug_is_plain])
    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=64, default="America/Sao_Paulo")
    language = models.CharField(max_length=10, default="pt-br")
    raw_webhook_days = models.PositiveSmallIntegerField(default=30)
    channel_log_days = models.PositiveSmallIntegerField(default=14)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    AGENT = "agent", _("Agent")
    VIEWER = "viewer", _("Viewer")


class Membership(WorkspaceScoped):
    key = models.UUIDField(default=new_key, unique=True, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    # Given by a sign-in rule, which may therefore change it and take it away.
    is_by_rule = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # To a quarter of an hour: see memberships.note_seen().
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], name="membership_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id} as {self.role}"


class Departure(WorkspaceScoped):
    """When somebody was removed by hand, or left. No sign-in rule lets them in again.

    It counts while they are no member: an invitation sent since then makes them one
    whatever it says, an older one does not.
    """

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], name="departure_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} left {self.workspace_id}"
