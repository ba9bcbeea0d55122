"""What the person sees of us: that their messages were read, that somebody writes.

Asked for by hints after the commit (queue.py). It never holds up a page, and whatever goes
wrong is in the number's log and nowhere else.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.gateway import CredentialsUnreadable, Line
from integrations.models import Channel, ChannelState
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.outgoing import MessageRef
from integrations.providers.base.types import Party
from whatsapp.models import Conversation, Identity, IdentityKind, Message

DEADLINE = 5.0  # seconds; later it would tell nothing any more

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    channel: Channel
    message: MessageRef
    person: Party


def show_read(workspace_id: int, conversation_id: int) -> bool:
    """Whether the provider was told, and took it."""
    shown = _find(workspace_id, conversation_id, Capability.MARK_READ)
    if shown is None or not shown.channel.marks_read:
        return False
    return _tell(shown, gateway.mark_read)


def show_typing(workspace_id: int, conversation_id: int) -> bool:
    shown = _find(workspace_id, conversation_id, Capability.TYPING)
    if shown is None or not shown.channel.shows_typing:
        return False
    return _tell(shown, gateway.show_typing)


def _find(
    workspace_id: int, conversation_id: int, capability: Capability
) -> _Shown | None:
    """The newest message of the person, where this number can show something about it."""
    with workspace_transaction(workspace_id):
        conversation = (
            Conversation.objects.for_workspace(workspace_id)
            .select_related("channel__integration")
            .filter(pk=conversation_id)
            .first()
        )
        if conversation is None:
            return None
        channel: Channel = conversation.channel
        if (
            channel.integration is None
            or not channel.is_active
            or channel.state == ChannelState.DISCONNECTED
            or capability not in gateway.capabilities_of(channel.provider)
        ):
            return None
        newest = (
            Message.objects.for_workspace(workspace_id)
            .filter(
                conversation=conversation,
                direction="inbound",
                origin="live",
                external_id__isnull=False,
            )
            .order_by("-provider_at", "-pk")
            .first()
        )
        if newest is None or newest.external_id is None:
            return None
        return _Shown(
            channel,
            MessageRef(newest.external_id, second_id=newest.second_id),
            _person(workspace_id, conversation.lead_id),
        )


def _person(workspace_id: int, lead_id: int) -> Party:
    """As the provider last called them."""
    names: dict[str, str] = {}
    identities = Identity.objects.for_workspace(workspace_id).filter(lead_id=lead_id)
    for one in identities.order_by("last_seen_at", "pk"):
        names[one.kind] = one.value
    return Party(
        wa_id=names.get(IdentityKind.WA_ID) or names.get(IdentityKind.PHONE),
        bsuid=names.get(IdentityKind.BSUID),
        lid=names.get(IdentityKind.LID),
    )


def _tell(shown: _Shown, tell: Callable[..., None]) -> bool:
    channel = shown.channel
    assert channel.integration is not None  # noqa: S101  # `_find` saw it
    try:
        line: Line = gateway.open_line(
            channel.integration, channel_id=channel.pk, deadline=DEADLINE
        )
        tell(channel, shown.message, shown.person, line=line)
    except (ProviderError, CredentialsUnreadable) as error:
        # What the provider said is in the number's log; here stands that it happened.
        logger.info(
            "not shown to the person",
            extra={"channel_id": channel.pk, "error": type(error).__name__},
        )
        return False
    return True
