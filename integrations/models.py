"""A workspace's connections to providers, its numbers, their sessions and exchanges."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class IntegrationStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    BROKEN = "broken", _("Needs attention")


class Integration(WorkspaceScoped):
    """A provider account of this workspace. `credentials` is sealed; see accounts/vault."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    provider = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    credentials = models.TextField()
    secret_version = models.PositiveIntegerField(default=1)
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
    """The secret part of a webhook URL, kept as SHA-256. Two may be active in a change."""

    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, related_name="webhook_tokens"
    )
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"webhook token {self.pk} of integration {self.integration_id}"


class ChannelState(models.TextChoices):
    NEW = "new", _("Waiting for its first message")
    CONNECTED = "connected", _("Connected")
    DEGRADED = "degraded", _("Unsteady")
    DISCONNECTED = "disconnected", _("Disconnected")


class Channel(WorkspaceScoped):
    """One number of ours. Conversations hang on it, so it outlives its integration."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    integration = models.ForeignKey(
        Integration, null=True, on_delete=models.SET_NULL, related_name="channels"
    )
    provider = models.CharField(max_length=32)
    phone = models.CharField(max_length=20, help_text="E.164 with +")
    external_id = models.CharField(max_length=128, null=True, blank=True)
    display_name = models.CharField(max_length=100, blank=True)
    state = models.CharField(
        max_length=15, choices=ChannelState.choices, default=ChannelState.NEW
    )
    quality = models.CharField(max_length=20, blank=True)
    limits = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"],
                condition=models.Q(is_active=True, external_id__isnull=False),
                name="channel_external_id_live_once",
            ),
            models.UniqueConstraint(
                fields=["provider", "phone"],
                condition=models.Q(is_active=True),
                name="channel_phone_live_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.phone}"


class SessionKind(models.TextChoices):
    CREDENTIALS = "credentials", _("Credentials")
    EXTERNAL_LINK = "external_link", _("Link")
    OTP = "otp", _("Code by SMS or call")
    QR = "qr", _("QR code")


class SessionState(models.TextChoices):
    CREATED = "created", _("Created")
    AWAITING_USER = "awaiting_user", _("Waiting for you")
    VERIFYING = "verifying", _("Checking")
    CONNECTED = "connected", _("Connected")
    DEGRADED = "degraded", _("Unsteady")
    DISCONNECTED = "disconnected", _("Disconnected")
    FAILED = "failed", _("Failed")


class Session(WorkspaceScoped):
    """One connection episode of a channel. `payload` is what a person scans or opens."""

    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="sessions"
    )
    kind = models.CharField(max_length=15, choices=SessionKind.choices)
    external_id = models.CharField(max_length=128, blank=True)
    state = models.CharField(
        max_length=15, choices=SessionState.choices, default=SessionState.CREATED
    )
    provider_state = models.CharField(max_length=64, blank=True)
    payload = models.TextField(blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel"],
                condition=models.Q(ended_at__isnull=True),
                name="session_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} session {self.pk} of channel {self.channel_id}"


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
