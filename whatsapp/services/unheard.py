"""Somebody looked at a chat in which nothing of the person reached us: it needs nobody more."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User, Workspace
from integrations.models import Channel
from whatsapp.models import UnheardChat, UnheardVerdict
from whatsapp.selectors import unheard


def settle(
    workspace: Workspace,
    *,
    channel: Channel,
    peer_key: str,
    verdict: UnheardVerdict,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> bool:
    """False when it is not listed (any more): settled before, or the person has written."""
    with transaction.atomic():
        listed = unheard.find_chat(
            workspace, channel_id=channel.pk, peer_key=peer_key, now=now
        )
        if listed is None:
            return False
        _, is_new = UnheardChat.objects.for_workspace(workspace).get_or_create(
            workspace=workspace,
            channel=channel,
            peer_key=peer_key,
            defaults={"verdict": verdict, "decided_by": actor, "decided_at": now},
        )
        if is_new:
            audit.record(
                workspace=workspace,
                action="unheard.settled",
                actor=actor,
                target=str(listed.lead_key or ""),
                details={"verdict": verdict.value, "channel": str(channel.key)},
                ip=ip,
                now=now,
            )
    return is_new
