"""What the central server keeps beside allauth's clients and tokens."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class Person(models.Model):
    """Under which name the clients know somebody: random, and never used again."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="person",
    )
    sub = models.UUIDField(unique=True, default=uuid.uuid4)

    def __str__(self) -> str:
        return str(self.sub)


class Application(models.Model):
    """What allauth's client does not say. A client without this row does not exist."""

    client = models.OneToOneField(
        "allauth_idp_oidc.Client",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="application",
    )
    is_first_party = models.BooleanField(default=False)
    disabled_at = models.DateTimeField(null=True, blank=True)
    secret_changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.client_id)


class Consent(models.Model):
    """What somebody has allowed an application. It is asked again only for more."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    client = models.ForeignKey(
        "allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="consents"
    )
    scopes = models.JSONField()
    given_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "client"], name="central_consent_of_user_and_client"
            )
        ]

    def __str__(self) -> str:
        return f"consent {self.pk} to {self.client_id}"


class Family(models.Model):
    """One sign-in of a person at a client: its code, and every token that came of it.

    Whoever shows a spent code or a spent refresh token ends the whole family.
    """

    client = models.ForeignKey(
        "allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="families"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    # Of the browser's session here; signing out of that ends what came of it.
    session_hash = models.CharField(max_length=64, blank=True, db_index=True)
    code_hash = models.CharField(max_length=64, unique=True)
    code = models.JSONField()  # what the code stands for, never the code
    code_expires_at = models.DateTimeField()
    code_spent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_why = models.CharField(max_length=32, blank=True)

    def __str__(self) -> str:
        return f"family {self.pk} of {self.client_id}"


class FamilyToken(models.Model):
    """A token of a family, by its hash. Kept after it was spent, to know it again."""

    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="tokens")
    hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token of family {self.family_id}"


class SigningKey(models.Model):
    """Signs ID tokens from `not_before`; published from the start until `expires_at`."""

    sealed = models.TextField()
    root_key_id = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"signing key {self.pk}"


class Invitation(models.Model):
    """A link by which somebody makes an account: for one address, once, for a while."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=150, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    # The link went to the address by mail and to nobody else, so who opens it has proved it.
    is_mailed = models.BooleanField(default=False)
    sub = models.UUIDField(null=True)  # of the account that will be made from it
    return_to = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"
