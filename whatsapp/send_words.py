"""What became of a send and why, in words for people. Pure.

The provider's codes are explained by `integrations.explanations`, refusals of ours by
`reply_words`; the words of the outbox itself stand here.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import explanations
from whatsapp import reply_words
from whatsapp.models import Shown

# How each state is coloured, beside its word.
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
GAVE_UP: Final = "gave_up:"

_MAYBE: Final = _(
    "If the person has not got it, send it again; if in doubt, ask first."
)
_WORDS: Final[dict[str, tuple[Promise, Promise | str]]] = {
    "dropped": (_("Somebody gave up on it."), ""),
    "sent_again": (_("Somebody sent it again; the copy is a send of its own."), ""),
    "paused": (
        _("Sending through this connection is paused, so it waits."),
        _("It goes on by itself when the connection is resumed."),
    ),
    "worker_gone": (
        _("Recado was interrupted while handing it over. It may have been sent."),
        _MAYBE,
    ),
    "restored": (
        _("An older copy of the database was restored. It may have been sent before."),
        _MAYBE,
    ),
    "fault": (
        _("Something went wrong here while handing it over. It may have been sent."),
        _MAYBE,
    ),
    "no_id": (
        _("The provider took it and named no message. It may have been sent."),
        _MAYBE,
    ),
    "broken": (_("What was to be sent could not be read. It was not sent."), ""),
    "credentials_unreadable": (
        _("The keys of this connection cannot be opened, so it waits."),
        _("Tell whoever looks after this installation."),
    ),
}


@dataclass(frozen=True, slots=True)
class Why:
    """`said` are the provider's own words, if any; `link` its page about it."""

    code: str
    sentence: str
    advice: str = ""
    link: str = ""
    said: str = ""


def why(provider: str, reason: str, *, shown: str = "", said: str = "") -> Why | None:
    """None where there is nothing to explain."""
    if not reason:
        return None
    if reason in _WORDS:
        sentence, advice = _WORDS[reason]
        return Why(reason, str(sentence), str(advice), said=said)
    if reason.startswith(GAVE_UP):
        code = reason.removeprefix(GAVE_UP)
        told = explanations.explain(provider, code, said=said)
        tried = gettext("Tried for as long as it makes sense, without success.")
        return Why(code, f"{tried} {told.sentence}", told.advice, told.link, said)
    if reason in reply_words.WORDS and shown != Shown.UNCONFIRMED:
        return Why(reason, str(reply_words.WORDS[reason].sentence), said=said)
    told = explanations.explain(
        provider, reason, said=said, is_uncertain=shown == Shown.UNCONFIRMED
    )
    return Why(reason, told.sentence, told.advice, told.link, told.said)


def level(shown: str) -> str:
    return LEVELS[Shown(shown)] if shown in Shown.values else "quiet"
