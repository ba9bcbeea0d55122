"""The message that a member has picked in a thread: to quote, to react to, to write anew."""

from dataclasses import dataclass

from integrations.providers.base.types import MessageKind
from whatsapp.models import Conversation, Message


@dataclass(frozen=True, slots=True)
class Target:
    """`reaction` is ours that stands on it, empty for none."""

    id: int
    direction: str
    kind: str
    text: str
    reaction: str = ""


def find_quoted(conversation: Conversation, message_id: int) -> Target | None:
    """One that the provider knows, so that an answer can point to it."""
    message = _find(conversation, message_id, external_id__isnull=False)
    return _target(message) if message else None


def find_reacted(conversation: Conversation, message_id: int) -> Target | None:
    message = _find(conversation, message_id, external_id__isnull=False)
    if message is None:
        return None
    ours = (
        Message.objects.for_workspace(conversation.workspace_id)
        .filter(
            conversation=conversation,
            kind=MessageKind.REACTION,
            target_id=message.external_id,
            direction="outbound",
        )
        .exclude(status="failed")
        .order_by("-provider_at", "-pk")
        .values_list("text", flat=True)
        .first()
    )
    return _target(message, reaction=ours or "")


def find_failed(conversation: Conversation, message_id: int) -> Target | None:
    """A text of ours that did not go out, to be changed and sent as another one."""
    message = _find(
        conversation,
        message_id,
        direction="outbound",
        status="failed",
        kind=MessageKind.TEXT,
    )
    return _target(message) if message else None


def _find(
    conversation: Conversation, message_id: int, **conditions: object
) -> Message | None:
    message: Message | None = (
        Message.objects.for_workspace(conversation.workspace_id)
        .filter(pk=message_id, conversation=conversation, **conditions)
        .first()
    )
    return message


def _target(message: Message, *, reaction: str = "") -> Target:
    return Target(message.pk, message.direction, message.kind, message.text, reaction)
