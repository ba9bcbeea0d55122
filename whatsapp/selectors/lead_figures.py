"""New leads of a period by origin, as the home page counts them; the report tells more."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from accounts.models import Workspace
from whatsapp.selectors import report
from whatsapp.selectors.lead_filters import ANY, COUNTED, NONE
from whatsapp.selectors.report import Counts, Group

MOST_ORIGINS: Final = 8
# The filters of the lead list that open all of them, those with an origin, those without.
EVERY: Final = {"origin": COUNTED}
FOUND: Final = {"origin": ANY}
WITHOUT: Final = {"origin": NONE}
_COUNTED = f"""
SELECT coalesce(verdict.cause, 'unheard') = '', {report.ORIGIN_COLUMNS},
       lead.created_at >= %(since)s, count(*)
  FROM whatsapp_lead lead
  LEFT JOIN whatsapp_attribution verdict ON verdict.id = lead.attribution_id
  LEFT JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
 WHERE lead.workspace_id = %(workspace)s AND lead.merged_into_id IS NULL
   AND touch.kind IS DISTINCT FROM 'test'
   AND lead.created_at >= %(compared)s AND lead.created_at < %(until)s
 GROUP BY 1, 2, 3, 4
"""  # noqa: S608  # constants


@dataclass(frozen=True, slots=True)
class NewLeads:
    """`origins` are the largest; `more` is how many origins there are beside them."""

    every: Counts
    found: Counts
    without: Counts
    origins: tuple[Group, ...]
    more: int


def count(
    workspace: Workspace, *, since: datetime, until: datetime, compared: datetime
) -> NewLeads:
    """Of the period and, as `earlier`, of the one before it, which begins at `compared`."""
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "since": since,
        "until": until,
        "compared": compared,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, values)
        rows = cursor.fetchall()
    without = Counts()
    by_origin: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
    for has_origin, kind, name, is_now, number in rows:
        told = Counts(leads=number) if is_now else Counts(earlier=number)
        if has_origin:
            by_origin[kind or "", name or ""] += told
        else:
            without += told
    found = sum(by_origin.values(), Counts())
    groups = report.with_bars(
        [
            Group(
                *key, label="", counts=told, filters=report.filters_of("origin", *key)
            )
            for key, told in by_origin.items()
            if told.leads
        ]
    )
    return NewLeads(
        found + without,
        found,
        without,
        groups[:MOST_ORIGINS],
        max(0, len(groups) - MOST_ORIGINS),
    )
