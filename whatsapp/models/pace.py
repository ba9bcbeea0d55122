"""How fast a number may send, whether it may, and whether anything may at all."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class ChannelPace(WorkspaceScoped):
    """The turns of one number, handed out one after the other to whoever sends.

    `per_second` is its limit (None: lifted). `next_turn_at` is the first turn nobody has;
    it lives here so that several workers together never send faster than one.
    """

    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    integration = models.ForeignKey(
        "integrations.Integration",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
    )
    per_second = models.FloatField(null=True)
    next_turn_at = models.DateTimeField()
    is_paused = models.BooleanField(default=False)
    claim_token = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel"], name="channel_pace_unique"
            )
        ]

    def __str__(self) -> str:
        return f"pace of channel {self.channel_id}"


class Breaker(WorkspaceScoped):
    """Whether a provider account answers at all.

    It opens after failures in a row; while it is open one message tries at `probe_at`.
    """

    integration = models.ForeignKey(
        "integrations.Integration",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    failures = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "integration"], name="breaker_unique"
            )
        ]

    def __str__(self) -> str:
        return f"breaker of integration {self.integration_id}"


class OutboxFence(models.Model):
    """One row for the installation: how far this database has sent.

    The same number rests in a file outside. A database that is behind the file was restored
    from an older copy, and may hold as unsent what was sent; see services/fence.py.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.PositiveIntegerField(default=1)
    mark = models.BigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="outbox_fence_one")
        ]

    def __str__(self) -> str:
        return f"fence {self.epoch}:{self.mark}"
