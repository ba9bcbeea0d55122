"""Our numbers as pages list them."""

import uuid

from accounts.models import Workspace
from accounts.scoping import ScopedQuerySet
from integrations.models import Channel


def list_channels(workspace: Workspace) -> ScopedQuerySet[Channel]:
    """Active numbers first, by name."""
    channels: ScopedQuerySet[Channel] = (
        Channel.objects.for_workspace(workspace)
        .select_related("integration")
        .order_by("-is_active", "display_name", "phone", "id")
    )
    return channels


def has_several(workspace: Workspace) -> bool:
    """Whether a page has to say which of our numbers a row is about."""
    active = Channel.objects.for_workspace(workspace).filter(is_active=True)
    return len(active.values_list("pk")[:2]) > 1


def find(workspace: Workspace, *, key: uuid.UUID) -> Channel | None:
    channel: Channel | None = (
        Channel.objects.for_workspace(workspace).filter(key=key).first()
    )
    return channel


def find_simulated(workspace: Workspace, *, key: uuid.UUID) -> Channel | None:
    """A live number of the sandbox, with the integration that holds its secret."""
    return (
        Channel.objects.for_workspace(workspace)
        .select_related("integration")
        .filter(key=key, provider="sandbox", is_active=True, integration__isnull=False)
        .first()
    )
