"""Sending again and giving up, one send at a time, however many were chosen.

`unconfirmed` does it; here it is asked first whether the message could go out at all, so
that nobody gets a copy that is bound to fail.
"""

from datetime import datetime

from accounts.models import User
from integrations.providers.base.outgoing_json import Misshapen, load_message
from whatsapp.models import OutboxEntry, Shown
from whatsapp.services import outbox, replies, unconfirmed
from whatsapp.services.outbox_submits import BROKEN as BROKEN  # noqa: PLC0414  # told by pages

# What can be done about a send, by what is shown of it.
POSSIBLE: dict[str, tuple[Shown, ...]] = {
    "again": (Shown.FAILED, Shown.UNCONFIRMED, Shown.DROPPED),
    "drop": (Shown.QUEUED, Shown.UNCONFIRMED),
}


def refusal_of(entry: OutboxEntry, *, now: datetime) -> replies.ReplyRefused | None:
    """Why the same message would not go out now. That it failed to arrive is no reason."""
    try:
        sent = load_message(entry.payload)
    except Misshapen:
        return replies.ReplyRefused("text", BROKEN)
    thread = entry.message.conversation
    try:
        if thread is not None:
            replies.check(
                thread, [sent.content], person=sent.recipient, now=now, is_repeat=True
            )
        else:
            replies.check_contents(
                entry.channel,
                [sent.content],
                person=sent.recipient,
                last_inbound_at=None,
                now=now,
            )
    except replies.ReplyRefused as refused:
        return refused
    return None


def send_again(
    entry: OutboxEntry, *, actor: User, now: datetime, ip: str | None = None
) -> outbox.Promise:
    """Raises ReplyRefused, or unconfirmed.NotPossible; twice asked is once sent."""
    if entry.shown in POSSIBLE["again"]:
        refused = refusal_of(entry, now=now)
        if refused is not None:
            raise refused
    return unconfirmed.send_again(entry, actor=actor, now=now, ip=ip)
