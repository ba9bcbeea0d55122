"""A file that belongs to a message, from placeholder to stored bytes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class MediaState(models.TextChoices):
    PENDING = "pending", _("Not fetched yet")
    STORED = "stored", _("Stored")
    RETRY = "retry", _("Will be tried again")
    EXPIRED = "expired", _("Expired at the provider")
    REFUSED = "refused", _("Refused")


class MediaAsset(WorkspaceScoped):
    key = models.UUIDField(default=new_key, unique=True, editable=False)
    message = models.ForeignKey(
        "whatsapp.Message", on_delete=models.CASCADE, related_name="media"
    )
    kind = models.CharField(max_length=20)
    external_id = models.CharField(max_length=255, blank=True)
    url = models.TextField(blank=True)
    mime_told = models.CharField(max_length=100, blank=True)
    mime_sniffed = models.CharField(max_length=100, blank=True)
    filename = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(
        max_length=10, choices=MediaState.choices, default=MediaState.PENDING
    )
    storage_key = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
