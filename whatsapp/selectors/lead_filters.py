"""Which leads a list shows: the filters of the address as conditions, and what they offer."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Workspace
from whatsapp.models import Lead, TrackedLink
from whatsapp.selectors import search

_MOST_CHOICES = 300
_MOST_FOUND = 5000  # leads that a search looks at, newest first

# Each holds for the inner `lead` of the list; values are parameters.
_CONDITIONS = {
    "text": "AND lead.id IN (SELECT lead_id FROM"
    " whatsapp_search_leads(%(words)s, %(phones)s, %(most)s))",
    "stage": "AND lead.stage = %(stage)s AND lead.stage <> ''",
    "since": "AND lead.created_at >= %(since)s",
    "before": "AND lead.created_at < %(before)s",
}
_VERDICT_CONDITIONS = {
    "rule": "AND verdict.rule = %(rule)s",
    "confidence": "AND verdict.confidence = %(confidence)s",
    "link": "AND touch.link_id = %(link)s",
}
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
       SELECT id, rule, confidence FROM whatsapp_attribution
        WHERE touch_id = touch.id OFFSET 0) verdict
 WHERE touch.workspace_id = %(workspace)s {conditions}
 ORDER BY touch.occurred_at DESC LIMIT %(few)s
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
        values |= {
            "words": search.tsquery(search.query_words(filters.text)),
            "phones": search.own_beginnings(workspace, filters.text),
            "most": _MOST_FOUND,
        }
    if filters.link:
        # As a constant: only then the planner knows how many leads this link has.
        values["link"] = _link_id(workspace, slug=filters.link)
    verdict = " ".join(
        text for name, text in _VERDICT_CONDITIONS.items() if name in names
    )
    if verdict:
        few = _few_verdicts(workspace, verdict, values)
        parts.append(_OF_MANY.format(conditions=verdict) if few is None else _OF_FEW)
        values["verdicts"] = few
    return " ".join(parts), values


def _few_verdicts(
    workspace: Workspace, verdict: str, values: dict[str, Any]
) -> list[int] | None:
    """The ids of all verdicts that fit, superseded ones too; None when they are many."""
    statement = _VERDICTS_OF_LINK if "link" in values else _VERDICTS
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(conditions=verdict),
            values | {"workspace": workspace.pk, "few": FEW + 1},
        )
        ids = [id_ for (id_,) in cursor.fetchall()]
    return ids if len(ids) <= FEW else None


def _link_id(workspace: Workspace, *, slug: str) -> int | None:
    links = TrackedLink.objects.for_workspace(workspace).filter(slug=slug)
    return links.values_list("pk", flat=True).first()


def list_slugs(workspace: Workspace) -> list[str]:
    links = TrackedLink.objects.for_workspace(workspace).order_by("slug")
    return list(links.values_list("slug", flat=True)[:_MOST_CHOICES])


def list_stages(workspace: Workspace) -> list[str]:
    leads = Lead.objects.for_workspace(workspace).exclude(stage="").order_by("stage")
    return list(leads.values_list("stage", flat=True).distinct()[:_MOST_CHOICES])
