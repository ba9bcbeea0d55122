"""Outages of our numbers, as pages show them: those that last, and those that were."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import Workspace
from accounts.scoping import ScopedQuerySet
from integrations.models import Channel, Episode


def list_open(workspace: Workspace) -> ScopedQuerySet[Episode]:
    """What the banner of every page says: numbers that are down now, the longest first."""
    episodes: ScopedQuerySet[Episode] = (
        Episode.objects.for_workspace(workspace)
        .filter(closed_at=None, channel__is_active=True)
        .select_related("channel")
        .order_by("opened_at", "pk")
    )
    return episodes


def list_ended(
    workspace: Workspace, *, keys: Iterable[UUID]
) -> ScopedQuerySet[Episode]:
    """Of these outages the ones that are over."""
    episodes: ScopedQuerySet[Episode] = (
        Episode.objects.for_workspace(workspace)
        .filter(key__in=list(keys), closed_at__isnull=False)
        .select_related("channel")
        .order_by("closed_at", "pk")
    )
    return episodes


def list_of(channel: Channel) -> ScopedQuerySet[Episode]:
    """Every outage of a number, the newest first."""
    episodes: ScopedQuerySet[Episode] = (
        Episode.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel)
        .order_by("-opened_at", "-pk")
    )
    return episodes


def is_down(channel: Channel) -> bool:
    """Whether an outage of this number lasts, with or without a session."""
    return bool(
        Episode.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel, closed_at=None)
        .exists()
    )


def duration(episode: Episode, *, now: datetime) -> timedelta:
    """How long it lasted, or has lasted until now."""
    return max((episode.closed_at or now) - episode.opened_at, timedelta(0))
