"""Why this origin? A message and what was found for it in, a verdict with its evidence out.

Pure: `selectors` fetched the candidates, `whatsapp/services/origins.py` writes the verdict
down. The chain: token, rescued token, ad referral, known person, anonymous.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Evidence is stored in English; the page that shows it translates.
from django.utils.translation import gettext_noop as _

from integrations.providers.base.types import MessageEvent
from whatsapp import phones
from whatsapp.models import Confidence, Rule
from whatsapp.services.origins import Verdict

Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """A touch, or a lead that waits for its person, that carries a token."""

    token: str
    touch_id: int | None = None
    link: str | None = None
    occurred_at: datetime | None = None
    lead_id: int | None = None  # whom it belongs to already
    is_lead_unmet: bool = False  # that lead has no WhatsApp identity yet
    is_guess: bool = False  # that lead wrote something else, which was taken for it


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything the database knows that could explain one message.

    `tokens` stand behind the mark as they are, `damaged` are readings of what stands there,
    `alone` are intact without a mark. `rescued` holds, for each of the last two, the recent
    clicks of this channel that it could mean. `taken` are tokens that another person has
    brought a moment ago. `known_lead_id` is the lead of this person, `known_as` how we knew.
    """

    tokens: Sequence[str] = ()
    damaged: Sequence[str] = ()
    alone: Sequence[str] = ()
    exact: Mapping[str, TokenMatch] = field(default_factory=dict)
    rescued: Mapping[str, Sequence[TokenMatch]] = field(default_factory=dict)
    taken: Collection[str] = ()
    known_lead_id: int | None = None
    known_as: Sequence[str] = ()

    def is_anothers(self, match: TokenMatch) -> bool:
        """Whether somebody else brought it first; a lead that nobody has met is nobody yet,
        and a guess about somebody yields to the token as it is."""
        is_met = (
            match.lead_id is not None and not match.is_lead_unmet and not match.is_guess
        )
        return match.token in self.taken or (
            is_met and match.lead_id != self.known_lead_id
        )


def attribute(event: MessageEvent, candidates: Candidates) -> Verdict:
    """The first rule of the chain that explains the message wins; every step is told."""
    steps: list[Step] = []
    for rule in (_by_token, _by_rescue, _by_referral, _by_identity):
        verdict = rule(event, candidates, steps)
        if verdict is not None:
            return verdict
    steps.append({"step": "anonymous", "why": _why_anonymous(event, candidates)})
    return Verdict(Rule.ANONYMOUS, Confidence.NONE, steps)


def _by_token(
    event: MessageEvent, candidates: Candidates, steps: list[Step]
) -> Verdict | None:
    if not candidates.tokens:
        steps.append(
            {"step": "token", "looked_for": _("a vm_token in the text"), "found": None}
        )
        return None
    matches = [
        candidates.exact[token]
        for token in candidates.tokens
        if token in candidates.exact
    ]
    looked_for = list(candidates.tokens)
    if not matches:
        steps.append(
            {
                "step": "token",
                "looked_for": looked_for,
                "found": None,
                "why": _("no click and no lead carries this token"),
            }
        )
        return None
    # Who forwards somebody's text brings that one's token beside their own.
    match = min(matches, key=candidates.is_anothers)
    belongs_to_another = candidates.is_anothers(match)
    step: Step = {"step": "token", "looked_for": looked_for, "found": _describe(match)}
    if belongs_to_another:
        step["why"] = _("another person brought this token first; it was passed on")
    steps.append(step)
    joins = match.is_lead_unmet and not belongs_to_another
    return Verdict(
        Rule.TOKEN,
        Confidence.PROBABLE if belongs_to_another else Confidence.CERTAIN,
        steps,
        touch_id=match.touch_id,
        touched_at=match.occurred_at,
        token=None if belongs_to_another else match.token,
        lead_id=match.lead_id if joins else None,
    )


def _by_rescue(
    event: MessageEvent, candidates: Candidates, steps: list[Step]
) -> Verdict | None:
    damaged = [token for token in candidates.damaged if token in candidates.rescued]
    # Ten letters and digits are seldom a token: without a click they are not worth a word.
    alone = [token for token in candidates.alone if candidates.rescued.get(token)]
    if not damaged and not alone:
        return None
    found = {
        match.token: match
        for token in (*damaged, *alone)
        for match in candidates.rescued[token]
    }
    step: Step = {
        "step": "token_rescue",
        "looked_for": [*damaged, *alone],
        "found": [_describe(match) for match in found.values()],
    }
    steps.append(step)
    if len(found) != 1:
        step["refused"] = (
            _("more than one recent click is one slip away")
            if found
            else _("no click of the last 72 hours on this number is one slip away")
        )
        return None
    match = next(iter(found.values()))
    if candidates.is_anothers(match):
        step["refused"] = _("that click belongs to another person already")
        return None
    step["why"] = (
        _("a recent click on this number has this token, which lost its mark")
        if match.token in alone
        else _("the only recent click on this number that is one slip away")
    )
    return Verdict(
        Rule.TOKEN_RESCUE,
        Confidence.PROBABLE,
        steps,
        touch_id=match.touch_id,
        touched_at=match.occurred_at,
        token=match.token,
    )


def _by_referral(
    event: MessageEvent, candidates: Candidates, steps: list[Step]
) -> Verdict | None:
    referral = event.referral
    step: Step = {"step": "referral", "looked_for": _("ad referral of the provider")}
    steps.append(step)
    if referral is None:
        step["found"] = None
        return None
    step["found"] = {
        "ctwa_clid": referral.ctwa_clid,
        "source_type": referral.source_type,
        "source_id": referral.source_id,
        "source_url": referral.source_url,
        "headline": referral.headline,
    }
    if not (referral.ctwa_clid or referral.source_id or referral.source_url):
        step["refused"] = _("the referral names neither click, ad nor address")
        return None
    return Verdict(Rule.REFERRAL, Confidence.CERTAIN, steps, is_referral=True)


def _by_identity(
    event: MessageEvent, candidates: Candidates, steps: list[Step]
) -> Verdict | None:
    peer = event.peer
    step: Step = {
        "step": "identity",
        "looked_for": {
            "phone": phones.variants(peer.wa_id) if peer.wa_id else [],
            "bsuid": peer.bsuid,
            "lid": peer.lid,
        },
        "found": list(candidates.known_as) or None,
    }
    steps.append(step)
    if candidates.known_lead_id is None:
        return None
    if peer.wa_id and peer.wa_id not in candidates.known_as:
        written = phones.variants(peer.wa_id)
        step["why"] = (
            _("the same number in another notation")
            if not set(written).isdisjoint(candidates.known_as)
            else _("known by another name of theirs; this number is new")
        )
    return Verdict(Rule.IDENTITY, Confidence.CERTAIN, steps)


def _why_anonymous(event: MessageEvent, candidates: Candidates) -> str:
    if candidates.tokens or candidates.damaged:
        return _("the text has a token that nothing here knows")
    return _(
        "first message of an unknown person, without token and without ad referral"
    )


def _describe(match: TokenMatch) -> Step:
    return {
        "token": match.token,
        "touch": match.touch_id,
        "link": match.link,
        "clicked_at": match.occurred_at.isoformat() if match.occurred_at else None,
        "lead": match.lead_id,
    }
