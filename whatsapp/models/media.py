"""A file that belongs to a message, from placeholder to stored bytes."""

from typing import Final

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class MediaState(models.TextChoices):
    PENDING = "pending", _("Not fetched yet")
    STORED = "stored", _("Stored")
    RETRY = "retry", _("Will be tried again")
    EXPIRED = "expired", _("Expired at the provider")
    REFUSED = "refused", _("Refused")


# States in which a person may ask for it once more.
ENDED_WITHOUT: Final = (MediaState.EXPIRED, MediaState.REFUSED)


class MediaAsset(WorkspaceScoped):
    """What a message carries.

    A worker takes what is `pending` or `retry` when `next_at` has come; while it works,
    `next_at` is the end of its lease. `reason` says why it is not there, in a word of ours
    or of the provider. `is_bulk` files came with a history and wait behind those of today.
    `silences` counts workers that had it last and ended without a word.
    `preview_key` names the re-encoded picture, `width` and `height` are its pixels.
    """

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
    reason = models.CharField(max_length=40, blank=True, default="", db_default="")
    storage_key = models.CharField(max_length=255, blank=True)
    preview_key = models.CharField(
        max_length=255, blank=True, default="", db_default=""
    )
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    silences = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True)
    is_bulk = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["is_bulk", "next_at"],
                condition=models.Q(state__in=["pending", "retry"]),
                name="media_due",
            ),
            models.Index(
                fields=["storage_key"],
                condition=~models.Q(storage_key=""),
                name="media_file",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class LooseFile(models.Model):
    """A file in the storage that no row owns: not yet, or not any more.

    Written down before a file is, and when the row that owned one goes, by whatever way: so
    nothing is left behind where a worker dies halfway or a workspace is deleted. It belongs
    to no workspace, because it has to outlive them. The sweep removes file and row.
    """

    storage_key = models.CharField(max_length=255, unique=True)
    remove_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.storage_key
