"""A workspace's connections to providers, its numbers, their sessions and exchanges."""

from django.db import models
from django.db.models.functions import Now
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
    """The secret part of a webhook URL, found by its SHA-256. Two may be active in a change.

    It is sealed too, so that a session that is opened again posts to the same URL as before.
    """

    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, related_name="webhook_tokens"
    )
    digest = models.BinaryField(max_length=32, unique=True)
    sealed = models.TextField(blank=True, default="")
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
    EXPIRED = "expired", _("Expired")
    FAILED = "failed", _("Failed")


class Problem(models.TextChoices):
    """What is wrong with a session, as far as it tells a person what to do next."""

    KEY_WRONG = "key_wrong", _("The provider does not accept the key")
    PERMISSION_MISSING = "permission_missing", _("The key may not do this")
    CREDENTIALS_UNREADABLE = (
        "credentials_unreadable",
        _("The vault does not open the credentials"),
    )
    NUMBER_WRONG = "number_wrong", _("Another number than expected is connected")
    NUMBER_TAKEN = "number_taken", _("The number is connected somewhere else already")
    UNREACHABLE = "unreachable", _("The provider cannot be reached")
    UNAVAILABLE = "unavailable", _("The provider cannot answer at the moment")
    BUSY = "busy", _("The provider asks us to wait")
    UNREADABLE = "unreadable", _("The provider's answer cannot be understood")
    REFUSED = "refused", _("The provider says no")
    UNSUPPORTED = "unsupported", _("The provider cannot do this")
    LOGGED_OUT = "logged_out", _("The phone or the provider ended the connection")
    UNSTEADY = "unsteady", _("The connection is unsteady")
    SILENT = "silent", _("No messages come in, unlike in other weeks")
    TOO_LATE = "too_late", _("Nobody finished connecting in time")


class Signal(models.TextChoices):
    """Who says how a session stands."""

    PROVIDER = "provider", _("The provider told us")
    PROBE = "probe", _("We asked the provider")
    SILENCE = "silence", _("Nobody writes")


class Session(WorkspaceScoped):
    """One connection of a channel, from opening it to its end.

    `state` is the worst of three signals, shown since `state_since`: the provider's word
    (`told_*`), our own asking (`probe_*`, `failing_since`, `failures`) and silence
    (`silent_since`); `heard_at` is the last message that proved more than they did. See
    health.py. `payload` is what a person scans or opens, `pairing_code` what they type.

    `next_check_at` is when the monitor asks next. Whoever asks holds the lease, and what
    comes back counts only while `lease_token` is still theirs. Both are told by the
    database's clock.
    """

    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="sessions"
    )
    kind = models.CharField(max_length=15, choices=SessionKind.choices)
    external_id = models.CharField(max_length=128, blank=True)
    state = models.CharField(
        max_length=15, choices=SessionState.choices, default=SessionState.CREATED
    )
    state_since = models.DateTimeField(null=True, blank=True)
    signal = models.CharField(max_length=10, choices=Signal.choices, blank=True)
    problem = models.CharField(max_length=25, choices=Problem.choices, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    provider_state = models.CharField(max_length=64, blank=True)
    payload = models.TextField(blank=True)
    pairing_code = models.CharField(max_length=20, blank=True)
    code_expires_at = models.DateTimeField(null=True, blank=True)
    link_digest = models.BinaryField(max_length=32, null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    told_state = models.CharField(max_length=15, blank=True)
    told_reason = models.CharField(max_length=200, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    probe_state = models.CharField(max_length=15, blank=True)
    probe_problem = models.CharField(max_length=25, blank=True)
    probe_reason = models.CharField(max_length=200, blank=True)
    probe_since = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    silent_since = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)

    next_check_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel"],
                condition=models.Q(ended_at__isnull=True),
                name="session_one_open",
            )
        ]
        indexes = [
            # The monitor looks for what is due across workspaces.
            models.Index(
                fields=["next_check_at"],
                condition=models.Q(ended_at__isnull=True),
                name="session_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} session {self.pk} of channel {self.channel_id}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_pending(self) -> bool:
        """Open, and never yet connected."""
        return self.is_open and self.connected_at is None

    @property
    def is_unopened(self) -> bool:
        """The provider has never heard of it: there is nothing to be asked about yet."""
        return self.state == SessionState.CREATED and self.probe_at is None


class EpisodeEnd(models.TextChoices):
    """How an outage ended: by itself, or because somebody took the number off."""

    RECOVERED = "recovered", _("The number is well again")
    TAKEN_OFF = "taken_off", _("Somebody disconnected the number")


class Episode(WorkspaceScoped):
    """A number was down: from the first sign of it until it was well again.

    Trouble that comes back within minutes goes on with the same episode, so that a number
    that flaps is one alert. `mailed_at` is when its mail was taken on, once, and
    `end_mailed_at` the mail that it is over, for those who had the first.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="episodes", db_constraint=False
    )
    state = models.CharField(max_length=15, choices=SessionState.choices)
    signal = models.CharField(max_length=10, choices=Signal.choices)
    problem = models.CharField(max_length=25, choices=Problem.choices, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=EpisodeEnd.choices, blank=True)
    relapses = models.PositiveIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)
    end_mailed_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel"],
                condition=models.Q(closed_at__isnull=True),
                name="episode_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True)
                | models.Q(closed_at__gte=models.F("opened_at")),
                name="episode_closes_after_it_opens",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "channel", "-opened_at"], name="episode_recent"
            ),
            # The monitor looks each minute for ends that nobody was told of.
            models.Index(
                fields=["closed_at"],
                condition=models.Q(
                    end="recovered", mailed_at__isnull=False, end_mailed_at__isnull=True
                ),
                name="episode_end_untold",
            ),
        ]

    def __str__(self) -> str:
        return f"episode {self.pk} of channel {self.channel_id}"

    @property
    def is_recovered(self) -> bool:
        return self.end == EpisodeEnd.RECOVERED


class Mishap(models.TextChoices):
    """What a simulated phone, or the gateway between it and us, does wrong on purpose."""

    NONE = "", _("Nothing, everything works")
    OFFLINE = "offline", _("The phone has no internet, and nobody says so")
    OTHER_PHONE = "other_phone", _("Another phone scans the code")
    TOO_LATE = "too_late", _("The code is scanned when it has expired")
    UNTOLD = "untold", _("Unlinking is not announced; Recado has to ask")
    UNSTEADY = "unsteady", _("The connection comes and goes")
    KEY_REFUSED = "key_refused", _("The gateway no longer accepts the key")
    DOWN = "down", _("The gateway is down for maintenance")
    HTML = "html", _("The gateway answers with a web page")
    HANGING = "hanging", _("The gateway does not answer in time")


class SimulatedPhone(WorkspaceScoped):
    """The phone behind a sandbox number, as the sandbox's gateway knows it.

    `linked_phone` are the digits of the phone that Recado is linked to, empty for none;
    then `unlinked_by` says who ended it, if it ever was. While a phone is awaited, codes
    come from `seed`: see providers/sandbox/codes.py. `posts_to` is the SHA-256 of the token
    in the webhook URL that was set, none for the URL that all numbers share.
    """

    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    linked_phone = models.CharField(max_length=20, blank=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    unlinked_by = models.CharField(max_length=10, blank=True)
    seed = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    wants_pairing_code = models.BooleanField(default=False)
    posts_to = models.BinaryField(max_length=32, null=True, blank=True)
    mishap = models.CharField(max_length=15, choices=Mishap.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel"], name="simulatedphone_one_each"
            )
        ]

    def __str__(self) -> str:
        return f"simulated phone of channel {self.channel_id}"

    @property
    def is_linked(self) -> bool:
        return bool(self.linked_phone)


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
