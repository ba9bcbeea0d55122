"""Which sends a page, a count or a file is about: the filters of the address as conditions.

There is always a period, so that no question is about everything at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from whatsapp.selectors import search

# What a search for words chooses from when other filters narrow it, newest first.
MOST_FOUND = 2_000
MOST_PEOPLE = 200

# Conditions on the alias `entry`; values are parameters.
_CONDITIONS = {
    "shown": "AND entry.shown = %(shown)s",
    "reason": "AND entry.reason = %(reason)s AND entry.reason <> ''",
    "template": "AND entry.template = %(template)s AND entry.template <> ''",
    "channel_id": "AND entry.channel_id = %(channel_id)s",
    "peer_key": "AND entry.peer_key = %(peer_key)s",
}
_PERIOD = "AND entry.created_at >= %(since)s AND entry.created_at < %(until)s"
_FOUND = "JOIN found ON found.id = entry.id"
# Of people by their keys, of words by the function that keeps the index under row security.
_FINDING = """
WITH found AS MATERIALIZED (
    SELECT id FROM whatsapp_outboxentry
     WHERE workspace_id = %(workspace)s AND peer_key = ANY(%(people)s)
       AND created_at >= %(since)s AND (created_at, id) < (%(before)s, %(before_id)s)
    UNION
    SELECT entry_id FROM whatsapp_search_sends(
        %(words)s, %(since)s, %(before)s, %(before_id)s, %(most)s)
)
"""
_PEOPLE = """
SELECT DISTINCT identity.match_key
  FROM whatsapp_search_leads(%(words)s, %(phones)s, %(most)s) found
  JOIN whatsapp_identity identity ON identity.lead_id = found.lead_id
 WHERE identity.workspace_id = %(workspace)s AND identity.match_key <> ''
"""


def last_day(now: datetime) -> datetime:
    """Where the last 24 hours begin: at a full hour, this one being the last of them."""
    hour = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    return hour - timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class SendFilter:
    """`since` counts, `until` is the first moment that is too late. `asked` are the names of
    what narrows the list beside the period."""

    since: datetime
    until: datetime
    text: str = ""
    shown: str = ""
    reason: str = ""
    template: str = ""
    channel_id: int | None = None
    peer_key: str = ""  # the one person

    @property
    def narrowing(self) -> list[str]:
        return [name for name in ("text", *_CONDITIONS) if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class Question:
    """The pieces of a statement about `whatsapp_outboxentry entry`, and their values."""

    finding: str  # before its first SELECT
    join: str
    where: str
    values: dict[str, Any] = field(default_factory=dict)


def question(
    workspace: Workspace,
    filters: SendFilter,
    *,
    before: tuple[datetime, int] | None = None,
    most: int = MOST_FOUND,
) -> Question:
    """Reads whom a search is about, if there is one; call it inside the workspace.

    A search finds what stands before the send `before` (its moment and id), and of what was
    said only the `most` newest unless other filters choose among them.
    """
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "since": filters.since,
        "until": filters.until,
    }
    where = [f"entry.workspace_id = %(workspace)s {_PERIOD}"]
    for name, condition in _CONDITIONS.items():
        value = getattr(filters, name)
        if value:
            values[name] = value
            where.append(condition)
    words = search.query_words(filters.text)
    if not filters.text:
        return Question("", "", " ".join(where), values)
    if not words:
        return Question("", "", " ".join([*where, "AND false"]), values)
    until, until_id = before or (filters.until, 0)
    values |= {
        "words": search.tsquery(words),
        "before": until,
        "before_id": until_id,
        "most": MOST_FOUND if filters.narrowing != ["text"] else most,
        "people": _people(workspace, filters.text, words),
    }
    return Question(_FINDING, _FOUND, " ".join(where), values)


def _people(workspace: Workspace, text: str, words: Sequence[str]) -> list[str]:
    """The keys of everybody whose name or number begins like this."""
    beginnings = search.own_beginnings(workspace, text)
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "words": search.tsquery(list(words)),
        "phones": beginnings,
        "most": MOST_PEOPLE,
    }
    # The function reads the workspace from the transaction.
    with workspace_transaction(workspace.pk), connection.cursor() as cursor:
        cursor.execute(_PEOPLE, values)
        known = [key for (key,) in cursor.fetchall()]
    # Somebody written to by the API may be no lead.
    return list(dict.fromkeys([*known, *beginnings]))
