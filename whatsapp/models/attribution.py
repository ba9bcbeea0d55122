"""Where a lead came from: the moments before the conversation, and the verdicts on them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceScoped
from whatsapp.models.cause import CauseOf


class TouchKind(models.TextChoices):
    LINK = "link", _("Tracked link")
    AD = "ad", _("Click-to-WhatsApp ad")
    IMPORTED = "imported", _("Imported")
    TEST = "test", _("Test of a link")


class Touch(WorkspaceScoped):
    """One moment before the conversation. `lead` is filled when the person writes.

    A test of a link names no link, so that no figure of one counts it; `headline` tells
    which it was. A link without a token was named by hand: nobody clicked.
    """

    kind = models.CharField(max_length=10, choices=TouchKind.choices)
    lead = models.ForeignKey(
        "whatsapp.Lead",
        null=True,
        on_delete=models.CASCADE,
        related_name="touches",
        db_index=False,
    )
    link = models.ForeignKey(
        "whatsapp.TrackedLink",
        null=True,
        on_delete=models.SET_NULL,
        related_name="touches",
        db_index=False,
    )
    channel = models.ForeignKey(
        "integrations.Channel",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    token = models.CharField(max_length=64, null=True, blank=True)
    message_external_id = models.CharField(max_length=200, null=True, blank=True)
    occurred_at = models.DateTimeField()
    utm_source = models.CharField(max_length=200, blank=True)
    utm_medium = models.CharField(max_length=200, blank=True)
    utm_campaign = models.CharField(max_length=200, blank=True)
    utm_content = models.CharField(max_length=200, blank=True)
    utm_term = models.CharField(max_length=200, blank=True)
    gclid = models.CharField(max_length=255, blank=True)
    fbclid = models.CharField(max_length=512, blank=True)
    ctwa_clid = models.CharField(max_length=512, blank=True)
    ad_id = models.CharField(max_length=100, blank=True)
    source_type = models.CharField(max_length=40, blank=True)
    source_url = models.TextField(blank=True)
    headline = models.TextField(blank=True)
    referrer = models.TextField(blank=True)
    user_agent = models.TextField(blank=True)
    ip_hash = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "token"], name="touch_token_unique"
            ),
            models.UniqueConstraint(
                fields=["workspace", "channel", "message_external_id"],
                name="touch_message_unique",
            ),
        ]
        indexes = [
            # Holds what the figures of a link ask for, so that they read no rows.
            models.Index(
                fields=["workspace", "link", "-occurred_at"],
                include=["id", "token", "lead"],
                name="touch_link_figures",
            ),
            models.Index(fields=["lead"], name="touch_lead"),
            # The leads of a source, campaign or ad; most clicks become nobody's and cost
            # these nothing.
            models.Index(
                fields=["workspace", "kind", "utm_source"],
                condition=models.Q(lead__isnull=False),
                name="touch_source",
            ),
            models.Index(
                fields=["workspace", "utm_campaign"],
                condition=models.Q(lead__isnull=False) & ~models.Q(utm_campaign=""),
                name="touch_campaign",
            ),
            models.Index(
                fields=["workspace", "ad_id"],
                condition=models.Q(lead__isnull=False) & ~models.Q(ad_id=""),
                name="touch_ad",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} touch {self.pk}"


class Rule(models.TextChoices):
    TOKEN = "token", _("Token in the message")
    TOKEN_RESCUE = "token_rescue", _("Damaged token")
    REFERRAL = "referral", _("Ad referral")
    IDENTITY = "identity", _("Known person")
    ANONYMOUS = "anonymous", _("No origin found")
    MANUAL = "manual", _("Corrected by hand")


class Confidence(models.TextChoices):
    CERTAIN = "certain", _("Certain")
    PROBABLE = "probable", _("Probable")
    NONE = "none", _("None")


class Attribution(WorkspaceScoped):
    """One verdict, never changed. `evidence` is a list of steps: looked for, found, refused, why.

    `cause` is a `Cause` where it found no origin, else empty.
    """

    lead = models.ForeignKey(
        "whatsapp.Lead",
        on_delete=models.CASCADE,
        related_name="attributions",
        db_index=False,
    )
    touch = models.ForeignKey(
        Touch, null=True, on_delete=models.SET_NULL, related_name="attributions"
    )
    message_external_id = models.CharField(max_length=200, null=True, blank=True)
    channel = models.ForeignKey(
        "integrations.Channel",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    rule = models.CharField(max_length=15, choices=Rule.choices)
    confidence = models.CharField(max_length=10, choices=Confidence.choices)
    evidence = models.JSONField(default=list)
    cause = models.GeneratedField(
        expression=CauseOf("rule", "touch", "evidence"),
        output_field=models.CharField(max_length=20),
        db_persist=True,
    )
    actor = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "message_external_id"],
                name="attribution_message_unique",
            )
        ]
        indexes = [
            models.Index(fields=["lead", "-decided_at"], name="attribution_lead"),
            # Finds the leads of a rare rule; how many there are decides the query.
            models.Index(
                fields=["workspace", "rule", "confidence"], name="attribution_rule"
            ),
            # Holds what the report asks of a verdict, whose evidence is wide.
            models.Index(
                fields=["workspace", "id"],
                include=["touch", "confidence", "cause"],
                name="attribution_report",
            ),
            models.Index(
                fields=["workspace", "cause"],
                condition=~models.Q(cause=""),
                name="attribution_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} ({self.confidence}) for lead {self.lead_id}"
