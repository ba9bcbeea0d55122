"""A bubble's ways on: send its message again, or let it go. By the conversation it stands in.

Sending again is checked as on the page of sends, so that nothing is promised which cannot
go out.
"""

from datetime import datetime

from accounts.models import User
from accounts.scoping import inside
from whatsapp.models import Conversation, OutboxEntry
from whatsapp.services import outbox, resending, unconfirmed
from whatsapp.services.unconfirmed import NotPossible


def send_again(
    conversation: Conversation,
    message_id: int,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> outbox.Promise:
    """Twice asked is once sent. Raises ReplyRefused or unconfirmed.NotPossible."""
    with inside(conversation.workspace_id):
        entry = _find(conversation, message_id)
        refused = resending.refusal_of(entry, now=now)
        if refused is not None:
            raise refused
        return unconfirmed.send_again(entry, actor=actor, now=now, ip=ip)


def drop(
    conversation: Conversation,
    message_id: int,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> None:
    """Raises unconfirmed.NotPossible when it is on its way or over."""
    with inside(conversation.workspace_id):
        entry = _find(conversation, message_id)
        unconfirmed.drop(entry, actor=actor, now=now, ip=ip)


def _find(conversation: Conversation, message_id: int) -> OutboxEntry:
    entry: OutboxEntry | None = (
        OutboxEntry.objects.for_workspace(conversation.workspace_id)
        .filter(message=message_id, message__conversation=conversation)
        .first()
    )
    if entry is None:
        raise NotPossible("unknown")
    return entry
