"""Where at a provider the session of a number lives, and which other number lives there.

A gateway knows a session by a name that somebody chose, not by its number. Two of our numbers
under one name would log each other out.
"""

from collections.abc import Mapping

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.gateway import CredentialsUnreadable
from integrations.models import Channel, Integration
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter


class PlaceTaken(Exception):
    """Another number of this workspace, `channel`, has its session in that very place.

    `field` is the credential that names the place most closely.
    """

    def __init__(self, channel: Channel, field: str) -> None:
        super().__init__(f"is where {channel.phone} is connected already")
        self.channel = channel
        self.field = field


def claim(
    workspace_id: int,
    adapter: Adapter,
    credentials: Mapping[str, str],
    *,
    channel: Channel | None = None,
) -> None:
    """Raise PlaceTaken unless a number (`channel`, or a new one) may live there.

    Nobody else decides about that place until the caller's transaction ends.
    """
    place = adapter.place_of(credentials)
    if not place:
        return
    bulk.lock(workspace_id, [f"place {adapter.slug} {place}"])
    other = _find(workspace_id, adapter.slug, place, besides=channel)
    if other is not None:
        field = [one.name for one in adapter.fields if one.is_place][-1]
        raise PlaceTaken(other, field)


def is_shared(channel: Channel) -> bool:
    """Whether another live number of the workspace lives where this one does."""
    with workspace_transaction(channel.workspace_id):
        own = Integration.objects.for_workspace(channel.workspace_id)
        place = _place_of(own.filter(channels=channel).first())
        if not place:
            return False
        found = _find(channel.workspace_id, channel.provider, place, besides=channel)
    return found is not None


def _find(
    workspace_id: int, provider: str, place: str, *, besides: Channel | None
) -> Channel | None:
    others = (
        Channel.objects.for_workspace(workspace_id)
        .filter(provider=provider, is_active=True)
        .exclude(integration=None)
        .exclude(pk=besides.pk if besides else 0)
        .select_related("integration")
        .order_by("pk")
    )
    found: Channel | None = next(
        (one for one in others if _place_of(one.integration) == place), None
    )
    return found


def _place_of(integration: Integration | None) -> str:
    if integration is None:
        return ""
    try:
        adapter = registry.get(integration.provider)
        return adapter.place_of(gateway.unseal_credentials(integration))
    except (registry.UnknownProvider, CredentialsUnreadable):
        return ""
