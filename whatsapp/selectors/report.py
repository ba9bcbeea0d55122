"""The attribution report: leads of a period by origin, campaign, link or ad, and those
without an origin by the reason. Every count knows the filters of the lead list that open it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import Workspace
from whatsapp.models import Cause
from whatsapp.selectors import funnel, plans
from whatsapp.selectors.people import ORIGIN_JOIN

# What a group is named by, on the aliases of `_COUNTED`: its kind, its name, and what a
# reader would call it. The names are those of the lead list's filters.
_GROUPINGS = {
    "origin": (
        "touch.kind",
        "CASE WHEN touch.kind = 'ad' THEN '' ELSE touch.utm_source END",
        "''",
    ),
    "campaign": ("''", "touch.utm_campaign", "''"),
    "link": ("''", "link.slug", "''"),
    "ad": ("''", "touch.ad_id", "max(touch.headline)"),
}
GROUPINGS = tuple(_GROUPINGS)
ORIGIN_COLUMNS = ", ".join(_GROUPINGS["origin"][:2])

# Both periods at once: `compared` is where the earlier one begins. What else is counted of
# a lead is one number, a sum of the marks below: one more key to group by costs less than
# six counts that are kept.
_NEW, _CERTAIN, _PROBABLE, _TALKED, _WON = 1, 2, 4, 8, 16
_COUNTED = f"""
SELECT coalesce(verdict.cause, 'unheard'), {{kind}}, {{name}}, {{label}},
       CASE WHEN lead.created_at >= %(since)s THEN
           {_NEW}
           + CASE verdict.confidence WHEN 'certain' THEN {_CERTAIN}
                                     WHEN 'probable' THEN {_PROBABLE} ELSE 0 END
           + CASE WHEN {{talks}} THEN {_TALKED} ELSE 0 END
           + CASE WHEN lead.stage <> '' AND lead.stage = ANY(%(won)s)
                  THEN {_WON} ELSE 0 END
       ELSE 0 END, count(*)
  FROM whatsapp_lead lead {{joins}}
 WHERE lead.workspace_id = %(workspace)s AND lead.merged_into_id IS NULL
   AND touch.kind IS DISTINCT FROM 'test'
   AND lead.created_at >= %(compared)s AND lead.created_at < %(before)s
 GROUP BY 1, 2, 3, 5
"""  # noqa: S608  # constants of this room
# Whoever talks: of few leads each is looked up, of many all conversations are read once.
_FEW = 20_000
_TALKS_OF_FEW = """
(SELECT true FROM whatsapp_conversation talk WHERE talk.lead_id = lead.id LIMIT 1)
"""
_TALKS_OF_MANY = """
lead.id IN (SELECT lead_id FROM whatsapp_conversation WHERE workspace_id = %(workspace)s)
"""
_ARE_FEW = f"""
SELECT count(*) <= {_FEW} FROM (
       SELECT FROM whatsapp_lead WHERE workspace_id = %(workspace)s
          AND created_at >= %(since)s AND created_at < %(before)s LIMIT {_FEW} + 1) found
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to `before`, the first moment that is too late, and the one before it."""

    since: datetime
    before: datetime
    compared: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    leads: int = 0
    certain: int = 0
    probable: int = 0
    talked: int = 0
    won: int = 0
    earlier: int = 0  # leads of the period before

    @classmethod
    def of(cls, marks: int, number: int) -> "Counts":
        """So many leads with the same marks."""
        if not marks & _NEW:
            return cls(earlier=number)
        return cls(
            leads=number,
            certain=number if marks & _CERTAIN else 0,
            probable=number if marks & _PROBABLE else 0,
            talked=number if marks & _TALKED else 0,
            won=number if marks & _WON else 0,
        )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.leads + other.leads,
            self.certain + other.certain,
            self.probable + other.probable,
            self.talked + other.talked,
            self.won + other.won,
            self.earlier + other.earlier,
        )

    @property
    def rate(self) -> float | None:
        """Won of all leads, in percent."""
        return 100 * self.won / self.leads if self.leads else None

    @property
    def change(self) -> int:
        return self.leads - self.earlier


@dataclass(frozen=True, slots=True)
class Group:
    """`kind` is a touch kind or empty; an empty `name` has an origin that does not say.

    `share` is the group's part of the largest one, for its bar, `certain_share` the part of
    it that is certain; both in percent.
    """

    kind: str
    name: str
    label: str
    counts: Counts
    filters: dict[str, str]
    share: float = 0.0
    certain_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Leads without an origin for one cause; `start` and `share` place it on the bar."""

    cause: str
    counts: Counts
    start: float
    share: float

    @property
    def label(self) -> str:
        return str(Cause(self.cause).label)


@dataclass(frozen=True, slots=True)
class Report:
    groups: tuple[Group, ...]  # the largest first; what does not say comes last
    reasons: tuple[Reason, ...]
    found: Counts  # with an origin
    without: Counts
    won_stages: tuple[str, ...]

    @property
    def total(self) -> Counts:
        return self.found + self.without

    @property
    def without_share(self) -> float:
        return 100 * self.without.leads / self.total.leads if self.total.leads else 0.0


@dataclass(slots=True)
class _Tally:
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    causes: dict[str, Counts] = field(default_factory=dict)


def count(workspace: Workspace, *, by: str, period: Period) -> Report:
    """`by` is one of GROUPINGS."""
    won = funnel.won_stages(workspace)
    kind, name, label = _GROUPINGS[by]
    asked: dict[str, Any] = {
        "workspace": workspace.pk,
        "since": period.since,
        "before": period.before,
        "compared": period.compared,
        "won": list(won),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        plans.count_at_length()
        cursor.execute(_ARE_FEW, asked)
        [are_few] = cursor.fetchone()
        talks = _TALKS_OF_FEW if are_few else _TALKS_OF_MANY
        query = _COUNTED.format(
            kind=kind, name=name, label=label, talks=talks, joins=ORIGIN_JOIN
        )
        cursor.execute(query, asked)
        tally = _tally(cursor.fetchall(), by=by)
    groups = [one for one in tally.groups.values() if one.counts.leads or one.name]
    return Report(
        groups=with_bars(groups),
        reasons=_on_one_bar(tally.causes),
        found=sum((one.counts for one in groups), Counts()),
        without=sum(tally.causes.values(), Counts()),
        won_stages=won,
    )


def _tally(rows: Iterable[tuple[Any, ...]], *, by: str) -> _Tally:
    tally = _Tally()
    for cause, kind, name, label, marks, number in rows:
        told = Counts.of(marks, number)
        if cause:
            # Without an origin nothing is certain: a verdict on a known person is certain
            # of the person.
            told = replace(told, certain=0, probable=0)
            tally.causes[cause] = tally.causes.get(cause, Counts()) + told
            continue
        key = (kind or "", name or "")
        known = tally.groups.get(key) or Group(
            *key, label="", counts=Counts(), filters=filters_of(by, *key)
        )
        tally.groups[key] = replace(
            known, label=max(known.label, label or ""), counts=known.counts + told
        )
    return tally


def filters_of(by: str, kind: str, name: str) -> dict[str, str]:
    """What opens the group in the lead list."""
    if by != "origin":
        return {by: name} if name else {"lacks": by}
    if kind == "ad":
        return {"origin": kind}
    return {"origin": kind} | ({"source": name} if name else {"lacks": "source"})


def with_bars(groups: list[Group]) -> tuple[Group, ...]:
    """The largest first, each with its bar; what does not say comes last."""
    most = max((one.counts.leads for one in groups), default=0) or 1
    ordered = sorted(
        groups,
        key=lambda one: (
            not one.name and one.kind != "ad",
            -one.counts.leads,
            -one.counts.earlier,
            one.kind,
            one.name,
        ),
    )
    return tuple(
        replace(
            one,
            share=100 * one.counts.leads / most,
            certain_share=100 * one.counts.certain / most,
        )
        for one in ordered
    )


def _on_one_bar(causes: dict[str, Counts]) -> tuple[Reason, ...]:
    total = sum(counts.leads for counts in causes.values()) or 1
    reasons, start = [], 0.0
    for cause, counts in sorted(
        causes.items(), key=lambda one: (-one[1].leads, one[0])
    ):
        if not counts.leads:
            continue
        share = 100 * counts.leads / total
        reasons.append(Reason(cause, counts, start, share))
        start += share
    return tuple(reasons)
