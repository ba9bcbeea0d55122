"""Touches and attributions: every moment is kept, every verdict is appended.

The verdict itself is made in `webhooks/attribution.py`; this writes it down.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts import bulk
from whatsapp.models import Confidence, Rule, TouchKind
from whatsapp.services.messages import Arrival
from whatsapp.services.people import origin_rank


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which touch a message came from, how sure that is, and everything weighed.

    `touch_id` is an existing touch; an ad referral has none yet (`is_referral`).
    `lead_id` is a lead that waited for its person under the token.
    """

    rule: Rule
    confidence: Confidence
    evidence: list[dict[str, Any]] = field(default_factory=list)
    touch_id: int | None = None
    token: str | None = None
    lead_id: int | None = None
    is_referral: bool = False

    @property
    def has_origin(self) -> bool:
        return self.touch_id is not None or self.is_referral


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict on one stored message of a lead whose current origin has this rank."""

    verdict: Verdict
    arrival: Arrival
    lead_id: int
    current_rank: int


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
        RETURNING id, channel_id, message_external_id
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
    ids = {(channel, external): id_ for id_, channel, external in rows}
    _point(workspace_id, rulings, touches, ids)


def _claim_touches(workspace_id: int, rulings: Sequence[Ruling]) -> None:
    """A click belongs to the first person who brought its token."""
    found = {
        ruling.verdict.touch_id: ruling.lead_id
        for ruling in reversed(rulings)
        if ruling.verdict.touch_id is not None
    }
    if found:
        bulk.run(
            """
            UPDATE whatsapp_touch touch SET lead_id = new.lead_id
              FROM unnest(%s::bigint[], %s::bigint[]) AS new(id, lead_id)
             WHERE touch.id = new.id AND touch.lead_id IS NULL
               AND touch.workspace_id = %s
            """,
            [list(found), list(found.values()), workspace_id],
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
    ids: dict[tuple[int, str], int],
) -> None:
    """First touch stays: the pointer moves only to a verdict that explains more."""
    best: dict[int, tuple[int, int, bool]] = {}
    for ruling, touch_id in zip(rulings, touches, strict=True):
        attribution_id = ids.get(ruling.arrival.external_key)
        if attribution_id is None:
            continue
        verdict = ruling.verdict
        rank = origin_rank(verdict.rule, verdict.confidence, touch_id)
        leader = best.get(ruling.lead_id, (ruling.current_rank, 0, False))[0]
        if rank > leader:
            best[ruling.lead_id] = (rank, attribution_id, touch_id is None)
    if not best:
        return
    bulk.run(
        """
        UPDATE whatsapp_lead lead SET attribution_id = new.attribution_id,
               is_anonymous = new.anonymous AND is_anonymous, updated_at = now()
          FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[])
               AS new(id, attribution_id, anonymous)
         WHERE lead.id = new.id AND lead.workspace_id = %s
        """,
        [
            list(best),
            [attribution_id for _, attribution_id, _ in best.values()],
            [anonymous for _, _, anonymous in best.values()],
            workspace_id,
        ],
    )
