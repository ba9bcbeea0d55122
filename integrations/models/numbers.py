"""A workspace's connections to providers, its numbers and their exchanges."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class IntegrationStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    BROKEN = "broken", _("Needs attention")


class Integration(WorkspaceScoped):
    """A provider account of this workspace; `credentials` and `former_proofs` are sealed."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    provider = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    credentials = models.TextField()
    secret_version = models.PositiveIntegerField(default=1)
    former_proofs = models.TextField(blank=True, default="", db_default="")
    status = models.CharField(
        max_length=10,
        choices=IntegrationStatus.choices,
        default=IntegrationStatus.ACTIVE,
    )
    meta = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="integration_name_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"


class WebhookToken(WorkspaceScoped):
    """The secret part of a webhook URL, found by its SHA-256. Several are active in a change.

    It is sealed too, and confirmed once a provider was seen to use it: webhook_tokens.py.
    """

    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, related_name="webhook_tokens"
    )
    digest = models.BinaryField(max_length=32, unique=True)
    sealed = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"webhook token {self.pk} of integration {self.integration_id}"


class ChannelState(models.TextChoices):
    NEW = "new", _("Waiting for its first message")
    CONNECTED = "connected", _("Connected")
    DEGRADED = "degraded", _("Unsteady")
    DISCONNECTED = "disconnected", _("Disconnected")


class NumberClaim(WorkspaceScoped):
    """A number that this workspace has shown to be its own; no other one may meanwhile.

    Its channels hold it, one for each provider that the number was connected through. The
    key is the same for all forms of one number: see claims.py.
    """

    number_key = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number_key"], name="numberclaim_number_live_once"
            )
        ]

    def __str__(self) -> str:
        return f"claim {self.pk} of workspace {self.workspace_id}"


class Channel(WorkspaceScoped):
    """One number of ours. Conversations hang on it, so it outlives its integration.

    `claim` is there from its first connected session until it is removed.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    integration = models.ForeignKey(
        Integration, null=True, on_delete=models.SET_NULL, related_name="channels"
    )
    provider = models.CharField(max_length=32)
    phone = models.CharField(max_length=20, help_text="E.164 with +")
    external_id = models.CharField(max_length=128, null=True, blank=True)
    claim = models.ForeignKey(
        NumberClaim,
        null=True,
        on_delete=models.SET_NULL,
        related_name="channels",
        db_constraint=False,
    )
    display_name = models.CharField(max_length=100, blank=True)
    state = models.CharField(
        max_length=15, choices=ChannelState.choices, default=ChannelState.NEW
    )
    quality = models.CharField(max_length=20, blank=True)
    limits = models.JSONField(default=dict)
    # Whether people see that their messages were read, and that somebody is writing.
    marks_read = models.BooleanField(default=False, db_default=False)
    shows_typing = models.BooleanField(default=False, db_default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When somebody last wrote to it, and when its provider last posted to us: to the
    # minute, since a busy number's row would else be written with every message.
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    last_webhook_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"],
                condition=models.Q(claim__isnull=False, external_id__isnull=False),
                name="channel_external_id_live_once",
            ),
            models.UniqueConstraint(
                fields=["workspace", "provider", "phone"],
                condition=models.Q(is_active=True),
                name="channel_phone_live_once",
            ),
            models.UniqueConstraint(
                fields=["workspace", "provider", "claim"],
                condition=models.Q(claim__isnull=False),
                name="channel_claim_live_once",
            ),
            models.CheckConstraint(
                condition=models.Q(claim__isnull=True) | models.Q(is_active=True),
                name="channel_claim_while_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.phone}"


class ChannelLog(WorkspaceScoped):
    """One exchange with a provider, redacted before it is stored, kept for days."""

    integration = models.ForeignKey(
        Integration, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    channel = models.ForeignKey(
        Channel, null=True, on_delete=models.SET_NULL, related_name="logs"
    )
    operation = models.CharField(max_length=40)
    method = models.CharField(max_length=8)
    url = models.CharField(max_length=500)
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=100, blank=True)
    elapsed_ms = models.PositiveIntegerField()
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="channellog_recent")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.status_code or self.error}"
