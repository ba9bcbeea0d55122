"""Which leads a list shows: the filters of the address as conditions, and what they offer."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from accounts.models import Workspace
from whatsapp.models import Cause, TouchKind, TrackedLink
from whatsapp.selectors import funnel, search, silence

_MOST_CHOICES = 300
# A common word is in the names of hundreds of thousands. A page is soon full of the newest
# of them; only where it is not, all are looked at.
NEWEST_FOUND = 5000
ALL_FOUND = 2**31 - 1

# Each holds for the inner `lead` of the list; values are parameters.
_CONDITIONS = {
    "text": "AND lead.id IN (SELECT lead_id FROM"
    " whatsapp_search_leads(%(words)s, %(phones)s, %(most)s))",
    "match_key": "AND lead.id IN (SELECT lead_id FROM whatsapp_identity"
    " WHERE workspace_id = %(workspace)s AND match_key = %(match_key)s)",
    "stage": "AND lead.stage = %(stage)s AND lead.stage <> ''",
    "since": "AND lead.created_at >= %(since)s",
    "before": "AND lead.created_at < %(before)s",
    "is_won": "AND lead.stage = ANY(%(won)s)",
    "has_talked": "AND EXISTS (SELECT FROM whatsapp_conversation talk"
    " WHERE talk.lead_id = lead.id)",
    "is_silent": silence.CONDITION,
}
_VERDICT_CONDITIONS = {
    "rule": "AND verdict.rule = %(rule)s",
    "confidence": "AND verdict.confidence = %(confidence)s",
    "reason": "AND verdict.cause = %(reason)s AND verdict.cause <> ''",
}
# Words that are empty stand for no word, so each says that it is not; the touch indexes
# want to hear that the touch has become a lead's.
_TOUCH_CONDITIONS = {
    "link": "AND touch.link_id = %(link)s",
    "source": "AND touch.utm_source = %(source)s AND touch.utm_source <> ''",
    "campaign": "AND touch.utm_campaign = %(campaign)s AND touch.utm_campaign <> ''",
    "ad": "AND touch.ad_id = %(ad)s AND touch.ad_id <> ''",
}
LACKING = {
    "source": "AND touch.utm_source = ''",
    "campaign": "AND touch.utm_campaign = ''",
    "link": "AND touch.link_id IS NULL",
    "ad": "AND touch.ad_id = ''",
}
# Origins that are no kind of touch. A test of a link is nobody's: what is counted leaves
# it out, and so does every filter that opens such a number.
ANY, NONE, COUNTED = "any", "none", "counted"
ORIGINS = (*(str(kind) for kind in TouchKind.values), ANY, NONE, COUNTED)
_NO_TEST = """
AND NOT EXISTS (SELECT FROM whatsapp_touch test
                  JOIN whatsapp_attribution told ON told.touch_id = test.id
                 WHERE test.workspace_id = %(workspace)s AND test.kind = 'test'
                   AND test.lead_id IS NOT NULL AND told.id = lead.attribution_id)
"""
_WITHOUT_ORIGIN = """
AND NOT EXISTS (SELECT FROM whatsapp_attribution verdict
                 WHERE verdict.id = lead.attribution_id AND verdict.cause = '')
"""
# Two ways to the leads of a verdict. Many verdicts: the newest leads are looked through,
# and a page is soon full. Few: that would look through all leads, so it begins with them.
FEW = 2_000
_OF_MANY = """
AND EXISTS (SELECT 1 FROM whatsapp_attribution verdict
              LEFT JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
             WHERE verdict.id = lead.attribution_id {conditions})
"""
_OF_FEW = """
AND lead.attribution_id = ANY(%(verdicts)s)
AND lead.id IN (SELECT lead_id FROM whatsapp_attribution WHERE id = ANY(%(verdicts)s))
"""
_VERDICTS = """
SELECT verdict.id FROM whatsapp_attribution verdict
 WHERE verdict.workspace_id = %(workspace)s {conditions} LIMIT %(few)s
"""
# The order and OFFSET 0 keep the planner on the link's own index: a merge join or a scan
# would read the touches of every workspace.
_VERDICTS_OF_LINK = """
SELECT verdict.id FROM whatsapp_touch touch CROSS JOIN LATERAL (
       SELECT id, rule, confidence, cause FROM whatsapp_attribution
        WHERE touch_id = touch.id OFFSET 0) verdict
 WHERE touch.workspace_id = %(workspace)s {conditions}
 ORDER BY touch.occurred_at DESC LIMIT %(few)s
"""
# Other touches have no index by time. With more of them than a few there are also many
# verdicts, or it does not pay to find out.
_TOUCHES = """
SELECT id FROM whatsapp_touch touch
 WHERE workspace_id = %(workspace)s AND lead_id IS NOT NULL {conditions} LIMIT %(few)s
"""
_VERDICTS_OF_TOUCHES = """
SELECT verdict.id FROM whatsapp_attribution verdict
 WHERE verdict.touch_id = ANY(%(touches)s) {conditions} LIMIT %(few)s
"""


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Empty means: all. `before` is the first moment that is too late."""

    text: str = ""
    rule: str = ""
    link: str = ""
    confidence: str = ""
    stage: str = ""
    since: datetime | None = None
    before: datetime | None = None
    origin: str = ""  # a kind of touch, ANY or NONE
    source: str = ""
    campaign: str = ""
    ad: str = ""
    lacks: str = ""  # an origin that has none of these: a key of LACKING
    reason: str = ""  # a Cause: why there is no origin
    is_won: bool = False
    has_talked: bool = False
    is_silent: bool = False  # asked not to be written to
    match_key: str = ""  # of a phone number that is theirs

    @property
    def names(self) -> list[str]:
        """The filters that are set; never their values."""
        return [one.name for one in dataclasses.fields(self) if getattr(self, one.name)]


def conditions(workspace: Workspace, filters: LeadFilter) -> tuple[str, dict[str, Any]]:
    """SQL on the alias `lead`, each part beginning with AND, and its values."""
    names = filters.names
    parts = [text for name, text in _CONDITIONS.items() if name in names]
    values = {name: getattr(filters, name) for name in names}
    if filters.text:
        numbers = search.own_beginnings(workspace, filters.text)
        values |= {
            "words": search.tsquery(search.query_words(filters.text)),
            "phones": numbers,
            # Those who have such a number are not found newest first.
            "most": ALL_FOUND if numbers else NEWEST_FOUND,
        }
    if filters.is_won:
        values["won"] = list(funnel.won_stages(workspace))
    if filters.link:
        # As a constant: only then the planner knows how many leads this link has.
        values["link"] = _link_id(workspace, slug=filters.link)
    if filters.origin in (ANY, COUNTED) or (
        (filters.lacks or filters.campaign) and filters.origin != TouchKind.TEST
    ):
        parts.append(_NO_TEST)
    if filters.origin == NONE:
        parts.append(_WITHOUT_ORIGIN)
    if filters.reason == Cause.UNHEARD:
        parts.append("AND lead.attribution_id IS NULL")
    verdict, touch = _of_verdict(filters), _of_touch(filters)
    if verdict or touch:
        few = _few_verdicts(workspace, verdict, touch, values)
        both = f"{verdict} {touch}"
        parts.append(_OF_MANY.format(conditions=both) if few is None else _OF_FEW)
        values["verdicts"] = few
    return " ".join(parts), values


def is_search_cut(values: dict[str, Any]) -> bool:
    """Whether the search of these `conditions` found as many as it may: there may be more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM"
            " whatsapp_search_leads(%(words)s, %(phones)s, %(most)s)",
            values,
        )
        (found,) = cursor.fetchone()
    return bool(found >= values["most"])


def _of_verdict(filters: LeadFilter) -> str:
    names = set(filters.names)
    if filters.reason == Cause.UNHEARD:  # has no verdict to ask
        names.discard("reason")
    chosen = [text for name, text in _VERDICT_CONDITIONS.items() if name in names]
    if filters.origin == ANY:
        chosen.append("AND verdict.cause = ''")
    return " ".join(chosen)


def _of_touch(filters: LeadFilter) -> str:
    names = filters.names
    chosen = [text for name, text in _TOUCH_CONDITIONS.items() if name in names]
    if filters.origin in TouchKind.values:
        chosen.append("AND touch.kind = %(origin)s")
    if filters.lacks:
        chosen.append(LACKING[filters.lacks])
    return " ".join(chosen)


def _few_verdicts(
    workspace: Workspace, verdict: str, touch: str, values: dict[str, Any]
) -> list[int] | None:
    """The ids of all verdicts that fit, superseded ones too; None when they are many."""
    asked = values | {"workspace": workspace.pk, "few": FEW + 1}
    if "link" in values:
        statement = _VERDICTS_OF_LINK.format(conditions=f"{verdict} {touch}")
    elif touch:
        touches = _ids(_TOUCHES.format(conditions=touch), asked)
        if len(touches) > FEW:
            return None
        asked["touches"] = touches
        statement = _VERDICTS_OF_TOUCHES.format(conditions=verdict)
    else:
        statement = _VERDICTS.format(conditions=verdict)
    ids = _ids(statement, asked)
    return ids if len(ids) <= FEW else None


def _ids(statement: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [id_ for (id_,) in cursor.fetchall()]


def _link_id(workspace: Workspace, *, slug: str) -> int | None:
    """By the address it has, or by one that it had before."""
    links = TrackedLink.objects.for_workspace(workspace)
    found = links.filter(Q(slug=slug) | Q(retired_slugs__slug=slug))
    return found.values_list("pk", flat=True).first()


def list_slugs(workspace: Workspace, *, asked: str = "") -> list[str]:
    """To choose from; the one that is asked for is among them, however many there are."""
    links = TrackedLink.objects.for_workspace(workspace).order_by("slug")
    slugs = list(links.values_list("slug", flat=True)[:_MOST_CHOICES])
    if asked and asked not in slugs and _link_id(workspace, slug=asked) is not None:
        slugs.append(asked)
    return slugs
