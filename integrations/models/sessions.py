"""How the numbers' connections stand, and the times in which they were away."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped
from integrations.models.numbers import Channel
from integrations.troubles import Problem


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

    `probe_at` is when it was last asked about, `answered_at` when that led to an answer,
    `next_check_at` when the monitor asks next. Whoever asks holds the lease, and what comes
    back counts only while `lease_token` is still theirs. All by the database's clock.
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
    code_shown_at = models.DateTimeField(null=True, blank=True)
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
    answered_at = models.DateTimeField(null=True, blank=True)
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
    that flaps is one alert. `mailed_at` is when its mail went out, and `end_mailed_at` the
    one that it is over, for those who had the first; `mail_next_at` is the next try.
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
    mail_next_at = models.DateTimeField(null=True, blank=True)

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
