"""Which of a workspace's numbers could send now, and what stands against the others."""

from dataclasses import dataclass, field

from integrations import gateway
from integrations.models import Channel, ChannelState, IntegrationStatus
from integrations.providers.base.capabilities import Capability
from whatsapp.models import ChannelPace
from whatsapp.services import replies
from whatsapp.services.outbox_checks import Refusal


@dataclass(slots=True)
class Numbers:
    """The workspace's active numbers, and which of them could send now."""

    channels: dict[int, Channel] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)  # by channel

    @classmethod
    def read(cls, workspace_id: int) -> "Numbers":
        rows = (
            Channel.objects.for_workspace(workspace_id)
            .filter(is_active=True)
            .select_related("integration")
            .order_by("pk")
        )
        channels = {one.pk: one for one in rows}
        paused = set(
            ChannelPace.objects.for_workspace(workspace_id)
            .filter(is_paused=True)
            .values_list("channel_id", flat=True)
        )
        problems = {
            id_: problem
            for id_, one in channels.items()
            if (problem := _problem_of(one, is_paused=id_ in paused))
        }
        return cls(channels, problems)

    def choose(self, wanted: int | None) -> Channel | None:
        """Who writes to somebody without a conversation: the one that is set, else the first
        that can."""
        if wanted is not None and wanted in self.channels:
            return self.channels[wanted]
        usable = [id_ for id_ in self.channels if id_ not in self.problems]
        found = next(iter(usable or self.channels), None)
        return None if found is None else self.channels[found]


def _problem_of(channel: Channel, *, is_paused: bool) -> str:
    integration = channel.integration
    if integration is None:
        return Refusal.NUMBER_GONE
    if channel.state == ChannelState.DISCONNECTED:
        return Refusal.NUMBER_DISCONNECTED
    if Capability.SEND not in gateway.capabilities_of(channel.provider):
        return Refusal.CANNOT_SEND
    if is_paused or integration.status == IntegrationStatus.PAUSED:
        return replies.NUMBER_PAUSED
    return ""
