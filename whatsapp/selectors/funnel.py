"""What tracked links brought: clicks, the conversations they began, and the leads won.

A click of the period carries its conversation and its lead along, however late they came;
so a rate compares what belongs together. Tests of a link name no link and are in none of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from accounts.models import Workspace
from whatsapp.folding import fold
from whatsapp.models import FunnelStages, TrackedLink
from whatsapp.selectors.periods import Period

# Stages that count as won until a workspace says which do, as people write them.
WON_WORDS = frozenset({"ganho", "ganha", "won", "vendido", "vendida", "sold"})
_MOST_STAGES = 300

# Of people who clicked; what a colleague named by hand has no token.
CLICKED = "touch.token IS NOT NULL"
# Of people who have written. The sum keeps the planner off the index of leads, which it
# would read for every workspace; that of the link's figures holds the lead as well.
WROTE = "touch.lead_id + 0 IS NOT NULL"
_IN_PERIOD = "touch.occurred_at >= %(since)s AND touch.occurred_at < %(until)s"
# The lead that this click is the origin of, as it counts now. OFFSET 0 keeps the planner on
# the click's own verdicts: any other way reads those of the whole workspace. A verdict on a
# message needs no look for its conversation; one by hand may be about somebody imported.
BROUGHT = """
  CROSS JOIN LATERAL (
        SELECT lead.id, lead.stage, verdict.confidence
          FROM whatsapp_attribution verdict
          JOIN whatsapp_lead lead
            ON lead.id = verdict.lead_id AND lead.attribution_id = verdict.id
         WHERE verdict.touch_id = touch.id AND lead.merged_into_id IS NULL
           AND (verdict.message_external_id IS NOT NULL OR EXISTS (
                SELECT FROM whatsapp_conversation said WHERE said.lead_id = lead.id))
        OFFSET 0) brought
"""
_CLICKS_BY_BAR = f"""
SELECT width_bucket(touch.occurred_at, %(edges)s::timestamptz[]), count(*)
  FROM whatsapp_touch touch
 WHERE touch.workspace_id = %(workspace)s AND touch.link_id = %(link)s
   AND {CLICKED} AND {_IN_PERIOD}
 GROUP BY 1
"""  # noqa: S608  # constants of this room
_BROUGHT_BY_BAR = f"""
SELECT width_bucket(touch.occurred_at, %(edges)s::timestamptz[]),
       count(*), count(*) FILTER (WHERE brought.stage = ANY(%(won)s)),
       count(DISTINCT touch.id) FILTER (WHERE {CLICKED})
  FROM whatsapp_touch touch {BROUGHT}
 WHERE touch.workspace_id = %(workspace)s AND touch.link_id = %(link)s
   AND {WROTE} AND {_IN_PERIOD}
 GROUP BY 1
"""  # noqa: S608
_CLICKS_BY_LINK = f"""
SELECT link.id, clicked.count
  FROM whatsapp_trackedlink link CROSS JOIN LATERAL (
       SELECT count(*) FROM whatsapp_touch touch
        WHERE touch.workspace_id = %(workspace)s AND touch.link_id = link.id
          AND {CLICKED} AND {_IN_PERIOD} OFFSET 0) clicked
 WHERE link.workspace_id = %(workspace)s
"""  # noqa: S608
_BROUGHT_BY_LINK = f"""
SELECT link.id, counted.talks, counted.won, counted.led
  FROM whatsapp_trackedlink link CROSS JOIN LATERAL (
       SELECT count(*) AS talks,
              count(*) FILTER (WHERE brought.stage = ANY(%(won)s)) AS won,
              count(DISTINCT touch.id) FILTER (WHERE {CLICKED}) AS led
         FROM whatsapp_touch touch {BROUGHT}
        WHERE touch.workspace_id = %(workspace)s AND touch.link_id = link.id
          AND {WROTE} AND {_IN_PERIOD} OFFSET 0) counted
 WHERE link.workspace_id = %(workspace)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Figures:
    """How far people came. A rate without anything to compare with is None.

    `led` are clicks that led to a conversation: a text that is passed on begins several with
    one click, and an origin named by hand begins one without any.
    """

    clicks: int = 0
    conversations: int = 0
    won: int = 0
    led: int = 0

    @property
    def besides(self) -> int:
        """Conversations beyond one for each click."""
        return self.conversations - self.led

    @property
    def conversation_rate(self) -> float | None:
        """Clicks that led to a conversation, of all clicks."""
        return _percent(self.led, self.clicks)

    @property
    def won_rate(self) -> float | None:
        """Of the conversations."""
        return _percent(self.won, self.conversations)


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the period in the chart, as percent of the highest."""

    first: date
    last: date
    figures: Figures
    left: int
    heights: tuple[int, int, int]

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """Height and distance from the top of each series."""
        return tuple((height, 100 - height) for height in self.heights)


@dataclass(frozen=True, slots=True)
class Funnel:
    period: Period
    total: Figures
    bars: tuple[Bar, ...]
    most: int  # of one bar
    won_stages: tuple[str, ...]

    @property
    def width(self) -> int:
        return 10 * len(self.bars)


def read(link: TrackedLink, *, period: Period, workspace: Workspace) -> Funnel:
    won = won_stages(workspace)
    values = _values(workspace, period, won) | {
        "link": link.pk,
        "edges": list(period.edges),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLICKS_BY_BAR, values)
        clicks = dict(cursor.fetchall())
        cursor.execute(_BROUGHT_BY_BAR, values)
        brought = {place: counts for place, *counts in cursor.fetchall()}
    figures = [
        Figures(clicks.get(place, 0), *brought.get(place, ()))
        for place, _ in enumerate(period.starts, start=1)
    ]
    most = max((max(one.clicks, one.conversations) for one in figures), default=0)
    return Funnel(
        period=period,
        total=Figures(
            sum(one.clicks for one in figures),
            sum(one.conversations for one in figures),
            sum(one.won for one in figures),
            sum(one.led for one in figures),
        ),
        bars=_bars(period, figures, most),
        most=most,
        won_stages=won,
    )


def compare(
    workspace: Workspace, *, period: Period, won: Sequence[str]
) -> dict[int, Figures]:
    """The figures of every link of the workspace, by its id."""
    values = _values(workspace, period, won)
    with connection.cursor() as cursor:
        cursor.execute(_CLICKS_BY_LINK, values)
        clicks = dict(cursor.fetchall())
        cursor.execute(_BROUGHT_BY_LINK, values)
        brought = {link: counts for link, *counts in cursor.fetchall()}
    return {
        link: Figures(count, *brought.get(link, ())) for link, count in clicks.items()
    }


def won_stages(workspace: Workspace) -> tuple[str, ...]:
    """As the workspace chose them, or those in use whose name says so."""
    chosen = chosen_stages(workspace)
    if chosen is not None:
        return chosen
    return tuple(
        stage for stage in stages_in_use(workspace) if fold(stage) in WON_WORDS
    )


def chosen_stages(workspace: Workspace) -> tuple[str, ...] | None:
    """None while nobody has said which stages count as won."""
    row = FunnelStages.objects.for_workspace(workspace).first()
    return None if row is None else tuple(row.won)


_NEXT_STAGE = """
WITH RECURSIVE found AS (
    (SELECT stage FROM whatsapp_lead
      WHERE workspace_id = %(workspace)s AND stage <> '' ORDER BY stage LIMIT 1)
    UNION ALL
    SELECT (SELECT lead.stage FROM whatsapp_lead lead
             WHERE lead.workspace_id = %(workspace)s AND lead.stage <> ''
               AND lead.stage > found.stage ORDER BY lead.stage LIMIT 1)
      FROM found WHERE found.stage IS NOT NULL
)
SELECT stage FROM found WHERE stage IS NOT NULL LIMIT %(most)s
"""


def stages_in_use(workspace: Workspace) -> list[str]:
    """From one to the next in the index of stages, since there are few among many leads."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_STAGE, {"workspace": workspace.pk, "most": _MOST_STAGES})
        return [stage for (stage,) in cursor.fetchall()]


def _values(workspace: Workspace, period: Period, won: Sequence[str]) -> dict[str, Any]:
    return {
        "workspace": workspace.pk,
        "since": period.since,
        "until": period.until,
        "won": list(won),
    }


def _bars(period: Period, figures: Sequence[Figures], most: int) -> tuple[Bar, ...]:
    def height(count: int) -> int:
        return -(-100 * count // most) if most else 0

    return tuple(
        Bar(
            *period.span_of(start),
            figures=one,
            left=10 * at + 1,
            heights=(
                height(one.clicks),
                height(one.conversations),
                height(one.won),
            ),
        )
        for at, (start, one) in enumerate(zip(period.starts, figures, strict=True))
    )


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
