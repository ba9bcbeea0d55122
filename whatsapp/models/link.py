"""Links that tell where a lead came from: a click, a token, a prefilled text."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped

slug_is_plain = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$",
    _("Use small letters, digits and hyphens, at most 64."),
)


class CheckState(models.TextChoices):
    """What the daily check says of a link; empty before the first one."""

    GOOD = "good", pgettext_lazy("link check", "In order")
    WARNING = "warning", pgettext_lazy("link check", "Worth a look")
    BROKEN = "broken", pgettext_lazy("link check", "Broken")


class TrackedLink(WorkspaceScoped):
    """`/r/<slug>`: unique over the installation, since the address has no workspace.

    `landing_url` is the page where the link stands. The daily check (`services.link_checks`)
    keeps its last word in `check_state`, `findings` and `checked_at`; `next_check_at` is when
    it is due, `check_asked_at` that somebody waits for it.
    """

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
    landing_url = models.URLField(max_length=1000, blank=True)
    check_state = models.CharField(
        max_length=10, choices=CheckState.choices, blank=True
    )
    findings = models.JSONField(default=list, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_asked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "next_check_at"], name="link_check_due")
        ]

    def __str__(self) -> str:
        return self.slug


class RetiredSlug(WorkspaceScoped):
    """An address that a link had before: it stays the link's own and leads there.

    What is printed outlives every change, so nobody else gets the address. No slug is both
    here and a link's (`services.links`).
    """

    slug = models.CharField(max_length=64, unique=True)
    link = models.ForeignKey(
        TrackedLink,
        on_delete=models.CASCADE,
        related_name="retired_slugs",
        db_constraint=False,
        db_index=False,
    )
    retired_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "link", "-retired_at"], name="retired_slug_of_link"
            )
        ]

    def __str__(self) -> str:
        return self.slug


class LinkCheck(WorkspaceScoped):
    """The check began to say something else of a link: the history of its state."""

    link = models.ForeignKey(
        TrackedLink,
        on_delete=models.CASCADE,
        related_name="checks",
        db_constraint=False,
        db_index=False,
    )
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=CheckState.choices)
    findings = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "link", "-at"], name="link_check_recent")
        ]

    def __str__(self) -> str:
        return f"link {self.link_id} {self.state} since {self.at}"


class LinkTest(WorkspaceScoped):
    """One walk from a click to a lead on a simulated number.

    `steps` are those that we took ourselves; what came of the message is read from
    `touch` and from `message_id`, as it stands now.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    link = models.ForeignKey(
        TrackedLink,
        on_delete=models.CASCADE,
        related_name="tests",
        db_constraint=False,
        db_index=False,
    )
    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    touch = models.ForeignKey(
        "whatsapp.Touch",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    message_id = models.CharField(max_length=200, blank=True)
    steps = models.JSONField(default=list)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "link", "-started_at"], name="link_test_recent"
            )
        ]

    def __str__(self) -> str:
        return f"test {self.key} of link {self.link_id}"


class FunnelStages(WorkspaceScoped):
    """Which stages of a lead count as won, once a workspace has said so."""

    won = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace"], name="funnel_stages_once")
        ]

    def __str__(self) -> str:
        return f"won stages of workspace {self.workspace_id}"
