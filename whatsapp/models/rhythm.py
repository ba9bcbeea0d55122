"""How many messages came in through a number, hour by hour: what its silence is held against."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class ChannelHour(WorkspaceScoped):
    """Live messages of people in one hour; hours without any have no row."""

    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    hour = models.DateTimeField()
    inbound = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "hour"], name="channel_hour_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.inbound} messages of channel {self.channel_id} at {self.hour}"
