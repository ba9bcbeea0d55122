"""What a bubble says of a message that waits, has failed or is unconfirmed. Pure.

The sentence tells why in plain words; the flags are the ways on that the page may offer.
"""

from dataclasses import dataclass, replace
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import explanations
from integrations.explanations import Explanation
from integrations.providers.base.catalogue import LOOK_FIRST, NextAction
from integrations.providers.base.types import MessageKind
from whatsapp import reply_words
from whatsapp.selectors.thread import Entry, Outcome

_GAVE_UP: Final = "gave_up:"
_MAYBE: Final[dict[str, str | Promise]] = {
    "worker_gone": _(
        "Recado was stopped while the message was on its way. It may have arrived."
    ),
    "fault": _("Recado had an error while sending. The message may have arrived."),
}
_NO: Final[dict[str, str | Promise]] = {
    "dropped": _("A member dropped it before it was sent."),
    "broken": _("Recado could not read this message any more, so it was not sent."),
}
_TO_THE_NUMBER: Final = frozenset({NextAction.RECONNECT, NextAction.CHECK_PROVIDER})


@dataclass(frozen=True, slots=True)
class Told:
    """`level` is waiting, failed or unconfirmed. `said` are the provider's own words."""

    level: str
    sentence: str
    advice: str = ""
    said: str = ""
    link: str = ""
    again_id: int | None = None  # the message it was sent again as
    may_repeat: bool = False
    may_edit: bool = False
    may_drop: bool = False
    needs_template: bool = False
    needs_number: bool = False


def of(entry: Entry) -> Told | None:
    """None where there is nothing to say beyond the status."""
    outcome = entry.outcome
    if outcome is None:
        return None
    if entry.status == "queued":
        return _waiting(outcome)
    told = (
        _unconfirmed(outcome)
        if entry.status == "unconfirmed"
        else _failed(entry, outcome)
    )
    may_repeat = bool(outcome.state) and outcome.again_id is None
    is_text = entry.kind == MessageKind.TEXT
    return replace(
        told,
        again_id=outcome.again_id,
        may_repeat=may_repeat,
        may_edit=may_repeat and is_text and told.level == "failed",
        may_drop=outcome.state == "uncertain",
    )


def _waiting(outcome: Outcome) -> Told | None:
    if not outcome.reason:
        return None
    if outcome.reason == "paused":
        sentence = gettext("Sending is paused, so it waits.")
        return Told("waiting", sentence, may_drop=True, needs_number=True)
    told = explanations.explain(outcome.provider, outcome.reason, said=outcome.said)
    return Told(
        "waiting",
        told.sentence,
        gettext("Recado tries again by itself."),
        said=told.said,
        may_drop=outcome.state == "due",
    )


def _unconfirmed(outcome: Outcome) -> Told:
    if outcome.state == "dropped":
        sentence = gettext("Nobody knows whether it arrived; a member let it be.")
        return Told("unconfirmed", sentence)
    known = _MAYBE.get(outcome.reason)
    if known is not None:
        return Told("unconfirmed", str(known), gettext(LOOK_FIRST))
    code = outcome.reason
    return _of_explanation(
        "unconfirmed",
        explanations.explain(
            outcome.provider, code, said=outcome.said, is_uncertain=True
        ),
    )


def _failed(entry: Entry, outcome: Outcome) -> Told:
    code = entry.error_code
    if code in _NO:
        return Told("failed", str(_NO[code]))
    if code in reply_words.WORDS:
        words = reply_words.WORDS[code]
        return Told(
            "failed",
            str(words.sentence),
            needs_template=words.action == reply_words.TEMPLATE,
            needs_number=words.action == reply_words.NUMBER,
        )
    told = explanations.explain(outcome.provider, code, said=outcome.said)
    if outcome.reason.startswith(_GAVE_UP):
        sentence = gettext("Recado tried several times and gave up. %(why)s")
        told = replace(told, sentence=sentence % {"why": told.sentence}, advice="")
    return _of_explanation("failed", told)


def _of_explanation(level: str, told: Explanation) -> Told:
    return Told(
        level,
        told.sentence,
        told.advice,
        said=told.said,
        link=told.link,
        needs_template=told.action is NextAction.SEND_TEMPLATE,
        needs_number=told.action in _TO_THE_NUMBER,
    )
