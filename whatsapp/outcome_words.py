"""What a bubble says of a message that waits, has failed or is unconfirmed. Pure.

The sentence tells why in plain words; the flags are the ways on that the page may offer.
"""

from dataclasses import dataclass, replace

from django.utils.translation import gettext

from integrations.explanations import Explanation
from integrations.providers.base.types import MessageKind
from whatsapp import send_reasons
from whatsapp.selectors.thread import Entry, Outcome
from whatsapp.services.outbox_results import GAVE_UP


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
    told = send_reasons.explain(outcome.provider, outcome.reason, said=outcome.said)
    is_held = send_reasons.way_on(told) == send_reasons.NUMBER
    return Told(
        "waiting",
        told.sentence,
        told.advice if is_held else gettext("Recado tries again by itself."),
        said=told.said,
        may_drop=is_held or outcome.state == "due",
        needs_number=is_held,
    )


def _unconfirmed(outcome: Outcome) -> Told:
    if outcome.state == "dropped":
        sentence = gettext("Nobody knows whether it arrived; a member let it be.")
        return Told("unconfirmed", sentence)
    told = send_reasons.explain(
        outcome.provider, outcome.reason, said=outcome.said, is_uncertain=True
    )
    return _of_explanation("unconfirmed", told)


def _failed(entry: Entry, outcome: Outcome) -> Told:
    is_given_up = outcome.reason.partition(":")[0] == GAVE_UP
    reason = outcome.reason if is_given_up else entry.error_code
    told = send_reasons.explain(outcome.provider, reason, said=outcome.said)
    return _of_explanation("failed", told)


def _of_explanation(level: str, told: Explanation) -> Told:
    way = send_reasons.way_on(told)
    return Told(
        level,
        told.sentence,
        told.advice,
        said=told.said,
        link=told.link,
        needs_template=way == send_reasons.TEMPLATE,
        needs_number=way == send_reasons.NUMBER,
    )
