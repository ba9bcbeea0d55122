"""What the identity server gave for one browser session: tokens, sealed in the vault."""

from django.db import models

from accounts.keys import new_key


class OAuthGrant(models.Model):
    """The key is sealed into each token. Without a session yet: the sign-in is under way."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    session = models.OneToOneField(
        "accounts.BrowserSession",
        null=True,
        on_delete=models.CASCADE,
        related_name="grant",
    )
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    access = models.TextField()
    refresh = models.TextField(blank=True)
    id_token = models.TextField(blank=True)
    made_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    # Since when the server cannot be reached; until when nobody else asks it.
    unreachable_since = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(access=""), name="oauthgrant_has_access"
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.pk} of session {self.session_id}"
