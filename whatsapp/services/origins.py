"""Touches and attributions: every moment is kept, every verdict is appended.

The verdict itself is made in `webhooks/attribution.py`; this writes it down.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts import bulk
from whatsapp.models import Cause, Confidence, Rule, TouchKind
from whatsapp.services import blend
from whatsapp.services.messages import Arrival
from whatsapp.services.people import origin_rank

_EXPLAINED = {1, 2}  # ranks of verdicts with a moment that they point to
# Causes that tell more of a lead without origin than that its first message had nothing.
_TELLING = {
    Cause.UNKNOWN,
    Cause.DAMAGED,
    Cause.AMBIGUOUS,
    Cause.TAKEN,
    Cause.NAMELESS_AD,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which touch a message came from, how sure that is, and everything weighed.

    `touch_id` is an existing touch, of `touched_at`; an ad referral has none yet
    (`is_referral`). `lead_id` is a lead that waited for its person under the token.
    """

    rule: Rule
    confidence: Confidence
    evidence: list[dict[str, Any]] = field(default_factory=list)
    touch_id: int | None = None
    touched_at: datetime | None = None
    token: str | None = None
    lead_id: int | None = None
    is_referral: bool = False

    @property
    def has_origin(self) -> bool:
        return self.touch_id is not None or self.is_referral


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict on one stored message of a lead."""

    verdict: Verdict
    arrival: Arrival
    lead_id: int


@dataclass(frozen=True, slots=True)
class _Claim:
    """What would count for a lead: its verdict, and the moment that this points to."""

    attribution_id: int
    rank: int
    cause: str
    is_anonymous: bool
    moment: datetime
    token: str | None

    def beats(
        self, rank: int, *, moment: datetime | None, cause: str | None = None
    ) -> bool:
        """It explains more, as much of an earlier moment, or better why nothing is."""
        if self.rank != rank:
            return self.rank > rank
        if rank in _EXPLAINED:
            return moment is None or self.moment < moment
        return rank == 0 and cause not in _TELLING and self.cause in _TELLING


def record(workspace_id: int, rulings: Sequence[Ruling], *, now: datetime) -> None:
    """Keep touches and verdicts, and move a lead's pointer where the new one explains more."""
    if not rulings:
        return
    _claim_touches(workspace_id, rulings)
    ads = _insert_ad_touches(workspace_id, rulings)
    touches = [
        ads.get(ruling.arrival.external_key) or ruling.verdict.touch_id
        for ruling in rulings
    ]
    rows = bulk.run(
        """
        INSERT INTO whatsapp_attribution (workspace_id, lead_id, touch_id, channel_id,
               message_external_id, rule, confidence, evidence, reason, decided_at)
        SELECT %s, lead_id, touch_id, channel_id, external_id, rule, confidence,
               evidence::jsonb, '', %s
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
                      %s::text[], %s::text[])
               AS new(lead_id, touch_id, channel_id, external_id, rule, confidence,
                      evidence)
        ON CONFLICT (workspace_id, channel_id, message_external_id) DO NOTHING
        RETURNING id, channel_id, message_external_id, cause
        """,
        [
            workspace_id,
            now,
            [ruling.lead_id for ruling in rulings],
            touches,
            [ruling.arrival.channel_id for ruling in rulings],
            [ruling.arrival.event.external_id for ruling in rulings],
            [ruling.verdict.rule.value for ruling in rulings],
            [ruling.verdict.confidence.value for ruling in rulings],
            [json.dumps(ruling.verdict.evidence) for ruling in rulings],
        ],
    )
    written = {(channel, external): (id_, why) for id_, channel, external, why in rows}
    _point(workspace_id, rulings, touches, written)


def _claim_touches(workspace_id: int, rulings: Sequence[Ruling]) -> None:
    """A click belongs to the first person who brought its token; to whom it was passed on
    has none of their own. A guess holds it until somebody brings the token as it is."""
    found: dict[int, Ruling] = {}
    for ruling in rulings:
        touch_id = ruling.verdict.touch_id
        if touch_id is None or ruling.verdict.token is None:
            continue
        if touch_id not in found or ruling.verdict.rule == Rule.TOKEN:
            found[touch_id] = ruling
    if found:
        bulk.run(
            """
            UPDATE whatsapp_touch touch SET lead_id = new.lead_id
              FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[])
                   AS new(id, lead_id, is_intact)
             WHERE touch.id = new.id AND (touch.lead_id IS NULL OR new.is_intact)
               AND touch.workspace_id = %s
            """,
            [
                list(found),
                [one.lead_id for one in found.values()],
                [one.verdict.rule == Rule.TOKEN for one in found.values()],
                workspace_id,
            ],
        )


def _insert_ad_touches(
    workspace_id: int, rulings: Sequence[Ruling]
) -> dict[tuple[int, str], int]:
    """A touch for every ad referral, the ones that lost to a token included."""
    clicks = [
        (ruling, referral)
        for ruling in rulings
        if (referral := ruling.arrival.event.referral) is not None
    ]
    if not clicks:
        return {}
    rows = bulk.run(
        """
        INSERT INTO whatsapp_touch (workspace_id, kind, lead_id, channel_id,
               message_external_id, occurred_at, ctwa_clid, ad_id, source_type, source_url,
               headline, utm_source, utm_medium, utm_campaign, utm_content, utm_term, gclid,
               fbclid, referrer, user_agent)
        SELECT %s, %s, lead_id, channel_id, external_id, occurred_at, ctwa_clid, ad_id,
               source_type, source_url, headline, '', '', '', '', '', '', '', '', ''
          FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[],
                      %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
               AS new(lead_id, channel_id, external_id, occurred_at, ctwa_clid, ad_id,
                      source_type, source_url, headline)
        ON CONFLICT (workspace_id, channel_id, message_external_id) DO NOTHING
        RETURNING id, channel_id, message_external_id
        """,
        [
            workspace_id,
            TouchKind.AD.value,
            [ruling.lead_id for ruling, _ in clicks],
            [ruling.arrival.channel_id for ruling, _ in clicks],
            [ruling.arrival.event.external_id for ruling, _ in clicks],
            [ruling.arrival.provider_at for ruling, _ in clicks],
            [(referral.ctwa_clid or "")[:512] for _, referral in clicks],
            [(referral.source_id or "")[:100] for _, referral in clicks],
            [(referral.source_type or "")[:40] for _, referral in clicks],
            [referral.source_url or "" for _, referral in clicks],
            [referral.headline or "" for _, referral in clicks],
        ],
    )
    won = {
        ruling.arrival.external_key
        for ruling, _ in clicks
        if ruling.verdict.is_referral
    }
    return {
        (channel, external): id_
        for id_, channel, external in rows
        if (channel, external) in won
    }


def _point(
    workspace_id: int,
    rulings: Sequence[Ruling],
    touches: Sequence[int | None],
    written: dict[tuple[int, str], tuple[int, str]],
) -> None:
    """First touch stays: the pointer moves only to a verdict that explains more, or as much
    of an earlier moment, since messages may come in late and in any order.

    What counts now is read here, under the locks on the names and tokens of whoever is
    decided about, and not when the person was recognised.
    """
    best: dict[int, _Claim] = {}
    for ruling, touch_id in zip(rulings, touches, strict=True):
        if ruling.arrival.external_key not in written:
            continue
        claim = _claim(ruling, touch_id, *written[ruling.arrival.external_key])
        leader = best.get(ruling.lead_id)
        if leader is None or claim.beats(
            leader.rank, moment=leader.moment, cause=leader.cause
        ):
            best[ruling.lead_id] = claim
    if not best:
        return
    moves = []
    for lead_id, stands in blend.standings(workspace_id, list(best)).items():
        claim = best[lead_id]
        if not claim.beats(stands.rank, moment=stands.explained_at, cause=stands.cause):
            continue
        is_first = claim.moment < stands.first_touch_at
        token = claim.token if is_first and stands.first_touch_token else None
        moves.append((lead_id, claim.attribution_id, claim.is_anonymous, token))
    if not moves:
        return
    bulk.run(
        """
        UPDATE whatsapp_lead lead SET attribution_id = new.attribution_id,
               is_anonymous = new.anonymous AND is_anonymous, updated_at = now(),
               first_touch_token = CASE
                   WHEN (SELECT held.id FROM whatsapp_lead held
                          WHERE held.workspace_id = lead.workspace_id
                            AND held.first_touch_token = new.token LIMIT 1) IS NULL
                   THEN COALESCE(new.token, lead.first_touch_token)
                   ELSE lead.first_touch_token END
          FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[], %s::text[])
               AS new(id, attribution_id, anonymous, token)
         WHERE lead.id = new.id AND lead.workspace_id = %s
        """,
        [*map(list, zip(*moves, strict=True)), workspace_id],
    )


def _claim(
    ruling: Ruling, touch_id: int | None, attribution_id: int, cause: str
) -> _Claim:
    verdict = ruling.verdict
    return _Claim(
        attribution_id,
        origin_rank(verdict.rule, verdict.confidence, touch_id),
        cause,
        is_anonymous=touch_id is None,
        moment=verdict.touched_at or ruling.arrival.provider_at,
        token=verdict.token,
    )
