"""An origin corrected by hand: a new verdict that outranks every other, nothing deleted.

The corridor keeps it on top (`whatsapp.services.people.origin_rank`); only the next
correction replaces it.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts import audit, bulk
from accounts.models import User
from whatsapp.models import (
    Attribution,
    Confidence,
    Identity,
    Lead,
    Rule,
    Touch,
    TouchKind,
    TrackedLink,
)
from whatsapp.services.links import UTM_FIELDS


class CorrectionStale(Exception):
    """Another verdict has come to count since the page was opened."""


class CorrectionInvalid(Exception):
    """The lead was merged away, or what was chosen is not a touch or link of its own."""


def correct_origin(
    lead: Lead,
    *,
    touch: Touch | None = None,
    link: TrackedLink | None = None,
    reason: str,
    actor: User,
    seen: int | None,
    now: datetime,
    ip: str | None = None,
) -> Attribution:
    """Say by hand where a lead came from: one of its touches, a link, or (neither) nowhere.

    `seen` is the verdict the person had before their eyes. The same correction sent twice
    is one.
    """
    _check(lead, touch=touch, link=link, reason=reason)
    with transaction.atomic():
        _hold(lead)
        current = Lead.objects.for_workspace(lead.workspace_id).select_for_update(
            of=("self",)
        )
        lead = current.select_related("attribution__touch", "workspace").get(pk=lead.pk)
        if lead.merged_into_id is not None:
            raise CorrectionInvalid
        before = lead.attribution
        if (before.pk if before else None) != seen:
            if before and _is_same(
                before, touch=touch, link=link, reason=reason, actor=actor
            ):
                return before
            raise CorrectionStale
        if link is not None:
            touch = _touch_of_link(lead, link, now=now)
        verdict = Attribution.objects.create(
            workspace=lead.workspace,
            lead=lead,
            touch=touch,
            rule=Rule.MANUAL,
            confidence=Confidence.CERTAIN if touch else Confidence.NONE,
            evidence=_evidence(touch, link=link, before=before),
            actor=actor,
            reason=reason,
            decided_at=now,
        )
        lead.attribution = verdict
        lead.is_anonymous = touch is None
        lead.save(update_fields=["attribution", "is_anonymous", "updated_at"])
        audit.record(
            workspace=lead.workspace,
            action="lead.origin_corrected",
            actor=actor,
            target=str(lead.key),
            details={
                "from_verdict": before.pk if before else None,
                "to_verdict": verdict.pk,
                "origin": "link" if link else "touch" if touch else "none",
            },
            ip=ip,
            now=now,
        )
    return verdict


def _check(
    lead: Lead, *, touch: Touch | None, link: TrackedLink | None, reason: str
) -> None:
    if touch is not None and (link is not None or touch.lead_id != lead.pk):
        raise CorrectionInvalid
    if link is not None and link.workspace_id != lead.workspace_id:
        raise CorrectionInvalid
    if not reason.strip():
        raise CorrectionInvalid


def _hold(lead: Lead) -> None:
    """Queue up with messages that are about to bring this person another origin.

    The corridor reads the rank of the current verdict under these names; without them it
    could move the pointer by a rank it read before the correction.
    """
    keys = Identity.objects.for_workspace(lead.workspace_id).filter(lead=lead)
    names = list(keys.values_list("match_key", flat=True))
    if lead.first_touch_token:  # under which it may be met for the first time
        names.append(lead.first_touch_token)
    if names:
        bulk.lock(lead.workspace_id, names)


def _is_same(
    verdict: Attribution,
    *,
    touch: Touch | None,
    link: TrackedLink | None,
    reason: str,
    actor: User,
) -> bool:
    if verdict.rule != Rule.MANUAL or verdict.actor_id != actor.pk:
        return False
    if verdict.reason != reason:
        return False
    if link is not None:
        return verdict.touch is not None and verdict.touch.link_id == link.pk
    return verdict.touch_id == (touch.pk if touch else None)


def _touch_of_link(lead: Lead, link: TrackedLink, *, now: datetime) -> Touch:
    """A touch without a token: nobody's click, named by hand. Named again, it is reused."""
    named = (
        Touch.objects.for_workspace(lead.workspace_id)
        .filter(lead=lead, link=link, kind=TouchKind.LINK, token=None)
        .first()
    )
    return named or Touch.objects.create(
        workspace_id=lead.workspace_id,
        kind=TouchKind.LINK,
        lead=lead,
        link=link,
        channel_id=link.channel_id,
        occurred_at=now,
        **{name: getattr(link, name) for name in UTM_FIELDS},
    )


def _evidence(
    touch: Touch | None, *, link: TrackedLink | None, before: Attribution | None
) -> list[dict[str, Any]]:
    found: dict[str, Any] = {}
    if link is not None:
        found = {"link": link.slug}
    elif touch is not None:
        found = {
            "token": touch.token,
            "link": touch.link.slug if touch.link else None,
            "headline": touch.headline,
            "source_id": touch.ad_id,
            "clicked_at": touch.occurred_at.isoformat(),
        }
    step: dict[str, Any] = {
        "step": Rule.MANUAL.value,
        "found": {name: value for name, value in found.items() if value} or None,
        "why": _("a member of the team decided it; no message changes it any more"),
    }
    if before is not None:
        step["replaced"] = {"rule": before.rule, "confidence": before.confidence}
    return [step]
