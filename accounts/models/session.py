"""A browser that somebody signed in with: listed for them, limited in time, revocable."""

from django.db import models

from accounts.keys import new_key


class SessionEnd(models.TextChoices):
    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REPLACED = "replaced"
    IDLE = "idle"
    TOO_OLD = "too_old"
    REFUSED = "refused"


class BrowserSession(models.Model):
    """Its key rests in the session's data; the session's own key is kept nowhere else."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="browser_sessions"
    )
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, blank=True, choices=SessionEnd.choices)

    class Meta:
        indexes = [
            models.Index(
                fields=["user", "-last_seen_at"], name="browsersession_of_user"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, end="")
                | models.Q(ended_at__isnull=False, end__in=SessionEnd.values),
                name="browsersession_end_has_reason",
            )
        ]

    def __str__(self) -> str:
        return f"browser session {self.pk} of {self.user_id}"
