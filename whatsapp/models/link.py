"""Links that tell where a lead came from: a click, a token, a prefilled text."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped

slug_is_plain = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$",
    _("Use small letters, digits and hyphens, at most 64."),
)


class TrackedLink(WorkspaceScoped):
    """`/r/<slug>`: unique over the installation, since the address has no workspace."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    slug = models.CharField(max_length=64, unique=True, validators=[slug_is_plain])
    channel = models.ForeignKey(
        "integrations.Channel", on_delete=models.CASCADE, related_name="tracked_links"
    )
    prefilled_text = models.CharField(max_length=500, blank=True)
    utm_source = models.CharField(max_length=200, blank=True)
    utm_medium = models.CharField(max_length=200, blank=True)
    utm_campaign = models.CharField(max_length=200, blank=True)
    utm_content = models.CharField(max_length=200, blank=True)
    utm_term = models.CharField(max_length=200, blank=True)
    is_paused = models.BooleanField(default=False)
    # Clicks above the limit of an address: sent on without a token, and only counted.
    clicks_over_limit = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug
