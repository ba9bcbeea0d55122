"""The secrets that prove events, of either direction."""

from django.db import models

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped
from tickets.models.incoming import IncomingSource
from tickets.models.outgoing import Subscription


class SigningSecret(WorkspaceScoped):
    """Of a source or of a subscription. While one takes another's place both count, the one
    that goes until `ends_at`. `sealed` is opened by integrations/signing.py."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    source = models.ForeignKey(
        IncomingSource,
        null=True,
        on_delete=models.CASCADE,
        related_name="secrets",
        db_constraint=False,
    )
    subscription = models.ForeignKey(
        Subscription,
        null=True,
        on_delete=models.CASCADE,
        related_name="secrets",
        db_constraint=False,
    )
    sealed = models.TextField()
    hint = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source=None, subscription__isnull=False)
                | models.Q(source__isnull=False, subscription=None),
                name="signing_secret_of_one",
            )
        ]
        indexes = [
            models.Index(fields=["source", "-id"], name="secret_of_source"),
            models.Index(fields=["subscription", "-id"], name="secret_of_subscription"),
        ]

    def __str__(self) -> str:
        return f"{self.hint}…"
