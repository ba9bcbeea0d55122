"""Which leads a list shows: the filters of the address as conditions, and what they offer."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    "link": "AND link.slug = %(link)s",
}
_VERDICT = """
AND EXISTS (SELECT 1 FROM whatsapp_attribution verdict
              LEFT JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
              LEFT JOIN whatsapp_trackedlink link ON link.id = touch.link_id
             WHERE verdict.id = lead.attribution_id {conditions})
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

    @property
    def sql(self) -> str:
        names = self.names
        verdict = " ".join(
            text for name, text in _VERDICT_CONDITIONS.items() if name in names
        )
        return " ".join(
            [
                *(text for name, text in _CONDITIONS.items() if name in names),
                _VERDICT.format(conditions=verdict) if verdict else "",
            ]
        )

    def values(self, workspace: Workspace) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.names}
        if self.text:
            told |= {
                "words": search.tsquery(search.query_words(self.text)),
                "phones": search.own_beginnings(workspace, self.text),
                "most": _MOST_FOUND,
            }
        return told


def list_slugs(workspace: Workspace) -> list[str]:
    links = TrackedLink.objects.for_workspace(workspace).order_by("slug")
    return list(links.values_list("slug", flat=True)[:_MOST_CHOICES])


def list_stages(workspace: Workspace) -> list[str]:
    leads = Lead.objects.for_workspace(workspace).exclude(stage="").order_by("stage")
    return list(leads.values_list("stage", flat=True).distinct()[:_MOST_CHOICES])
