"""A number that a person stops and lets go on; what was promised through it waits meanwhile."""

from datetime import datetime

from accounts import audit
from accounts.models import User, Workspace
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from whatsapp import queue
from whatsapp.models import ChannelPace
from whatsapp.services import outbox


def pause(
    channel: Channel, *, actor: User, now: datetime, ip: str | None = None
) -> bool:
    """False when it was paused already."""
    return _set(channel, True, actor=actor, now=now, ip=ip)


def resume(
    channel: Channel, *, actor: User, now: datetime, ip: str | None = None
) -> bool:
    """False when it was not paused."""
    return _set(channel, False, actor=actor, now=now, ip=ip)


def is_paused(channel: Channel) -> bool:
    return bool(
        ChannelPace.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel, is_paused=True)
        .exists()
    )


def _set(
    channel: Channel,
    wanted: bool,
    *,
    actor: User,
    now: datetime,
    ip: str | None,
) -> bool:
    with workspace_transaction(channel.workspace_id):
        outbox.refresh_paces(channel.workspace_id, [channel])
        is_changed = (
            ChannelPace.objects.for_workspace(channel.workspace_id)
            .filter(channel=channel, is_paused=not wanted)
            .update(is_paused=wanted)
        )
        if not is_changed:
            return False
        audit.record(
            workspace=Workspace.objects.get(pk=channel.workspace_id),
            action="send.paused" if wanted else "send.resumed",
            actor=actor,
            target=str(channel.key),
            now=now,
            ip=ip,
        )
        if not wanted:
            queue.wake_after_commit()
    return True
