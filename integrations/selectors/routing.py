"""Which number of ours, and whose, something from outside is about. Crosses workspaces."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from integrations.models import Channel, ChannelState, Integration, WebhookToken
from integrations.providers.base.types import NumberRef


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """What the corridor needs of a channel."""

    id: int
    workspace_id: int
    integration_id: int | None
    external_id: str | None
    phone: str  # digits
    is_new: bool  # it was never heard of


def find_integration_by_token(digest: bytes) -> Integration | None:
    """The integration whose webhook URL carries this token, while the token lives."""
    token = (
        WebhookToken.objects.unscoped("a webhook token names its workspace")
        .filter(digest=digest)
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
        .select_related("integration")
        .first()
    )
    return token.integration if token is not None else None


def list_integrations_by_number(
    provider: str, numbers: Iterable[NumberRef]
) -> list[Integration]:
    """The integrations whose live channels a body names, each once."""
    channel_filter = Q()
    for number in numbers:
        if number.external_id:
            channel_filter |= Q(external_id=number.external_id)
        if number.phone:
            channel_filter |= Q(external_id=None, phone=f"+{number.phone}")
    if not channel_filter:
        return []
    return list(
        Integration.objects.unscoped("a number in a body names its workspace")
        .filter(
            pk__in=Channel.objects.unscoped("as above")
            .filter(channel_filter, provider=provider, is_active=True)
            .values("integration_id")
        )
        .order_by("pk")
    )


def list_live_channels(
    provider: str, *, workspace_ids: Sequence[int] | None
) -> list[ChannelRow]:
    """The live channels of a provider in some workspaces, or in all of them (None)."""
    channels = Channel.objects.unscoped("the corridor routes for all workspaces")
    if workspace_ids is not None:
        channels = channels.filter(workspace_id__in=workspace_ids)
    return [
        ChannelRow(
            id=channel.pk,
            workspace_id=channel.workspace_id,
            integration_id=channel.integration_id,
            external_id=channel.external_id,
            phone=channel.phone.lstrip("+"),
            is_new=channel.state == ChannelState.NEW,
        )
        for channel in channels.filter(provider=provider, is_active=True)
    ]
