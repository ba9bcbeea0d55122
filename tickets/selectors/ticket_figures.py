"""What the home page counts of tickets: how they stand and how old they are, and how long
clients waited for a first answer and for a solution."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from accounts.models import Workspace
from tickets.models import TicketStatus
from tickets.selectors.tickets import ANSWERED, RESOLVED
from whatsapp.selectors import waits
from whatsapp.selectors.waits import Waits

# How many days ago a ticket of each age was opened at most, the youngest first; the oldest
# has no end.
AGES: Final = (0, 2, 6, 29, None)
_STANDING = """
SELECT status, width_bucket(created_at, %(edges)s::timestamptz[]), count(*)
  FROM tickets_ticket WHERE workspace_id = %(workspace)s GROUP BY 1, 2
"""
_OPENED = """
SELECT count(*) FILTER (WHERE created_at >= %(since)s),
       count(*) FILTER (WHERE created_at < %(since)s)
  FROM tickets_ticket
 WHERE workspace_id = %(workspace)s AND created_at >= %(compared)s
   AND created_at < %(until)s
"""


def _waited(moment: str) -> str:
    return f"""
SELECT {moment} >= %(since)s, {waits.columns(f"{moment} - created_at")}
  FROM tickets_ticket
 WHERE workspace_id = %(workspace)s AND {moment} >= %(compared)s AND {moment} < %(until)s
 GROUP BY 1
"""  # noqa: S608  # constants


_WAITED: Final = {
    ANSWERED: _waited("first_response_at"),
    RESOLVED: _waited("resolved_at"),
}


@dataclass(frozen=True, slots=True)
class Age:
    """Opened from `first` to `last`, days of the workspace; None is without an end."""

    first: dt.date | None
    last: dt.date


@dataclass(frozen=True, slots=True)
class Standing:
    """How tickets stand now: for each status, how many of each age, the youngest first."""

    ages: tuple[Age, ...]
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def total(self, *statuses: str) -> int:
        return sum(sum(self.counts[status]) for status in statuses)


@dataclass(frozen=True, slots=True)
class Worked:
    """What came and went in a period; a ticket may be answered in a later one than it came."""

    opened: int = 0
    answered: Waits = waits.NONE
    resolved: Waits = waits.NONE


def ages(today: dt.date) -> tuple[Age, ...]:
    found, last = [], today
    for days in AGES:
        first = None if days is None else today - dt.timedelta(days=days)
        found.append(Age(first, last))
        last = (first or today) - dt.timedelta(days=1)
    return tuple(found)


def count_standing(
    workspace: Workspace, *, today: dt.date, zone: dt.tzinfo
) -> Standing:
    """`today` is the workspace's, and `zone` where its days begin."""
    known = ages(today)
    # Where the ages begin, the oldest first, as the function wants them.
    edges = [
        dt.datetime.combine(age.first, dt.time.min, tzinfo=zone)
        for age in reversed(known)
        if age.first is not None
    ]
    told: defaultdict[str, Counter[int]] = defaultdict(Counter)
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"workspace": workspace.pk, "edges": edges})
        for status, bucket, number in cursor.fetchall():
            told[status][len(edges) - bucket] += number
    return Standing(
        known,
        {
            status: tuple(told[status][place] for place in range(len(known)))
            for status in TicketStatus.values
        },
    )


def count_worked(
    workspace: Workspace,
    *,
    since: dt.datetime,
    until: dt.datetime,
    compared: dt.datetime,
) -> tuple[Worked, Worked]:
    """In the period, and in the one before it, which begins at `compared`."""
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "since": since,
        "until": until,
        "compared": compared,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPENED, values)
        opened = cursor.fetchone()
        found: dict[str, dict[bool, Waits]] = {}
        for moment, query in _WAITED.items():
            cursor.execute(query, values)
            found[moment] = {
                is_now: Waits.of(tuple(columns))
                for is_now, *columns in cursor.fetchall()
            }
    now, earlier = (
        Worked(
            number,
            found[ANSWERED].get(is_now, waits.NONE),
            found[RESOLVED].get(is_now, waits.NONE),
        )
        for is_now, number in zip((True, False), opened, strict=True)
    )
    return now, earlier
