"""How the state of a send is coloured, beside its word; why it is so, says `send_reasons`."""

from typing import Final

from whatsapp.models import Shown

LEVELS: Final = {
    Shown.QUEUED: "quiet",
    Shown.SENDING: "quiet",
    Shown.ACCEPTED: "quiet",
    Shown.SENT: "info",
    Shown.DELIVERED: "good",
    Shown.READ: "good",
    Shown.FAILED: "bad",
    Shown.UNCONFIRMED: "warning",
    Shown.DROPPED: "quiet",
}


def level(shown: str) -> str:
    return LEVELS[Shown(shown)] if shown in Shown.values else "quiet"
