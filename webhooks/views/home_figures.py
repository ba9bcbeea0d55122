"""The figures of a workspace's home page, each with the address of exactly its rows.

Every count is of the period or, as `earlier`, of as many days just before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import Workspace
from tickets.models import TicketStatus
from tickets.selectors import ticket_figures
from tickets.selectors.ticket_figures import Age, Standing
from tickets.selectors.tickets import ALL, ANSWERED, LIVE, RESOLVED
from whatsapp import report_words, send_reasons, send_words
from whatsapp.forms import moments
from whatsapp.models import MessageDirection, Shown
from whatsapp.selectors import (
    activity,
    first_answers,
    lead_figures,
    plans,
    send_figures,
    sends,
)
from whatsapp.selectors.first_answers import ANSWERED as WAS_ANSWERED
from whatsapp.selectors.first_answers import UNANSWERED
from whatsapp.selectors.periods import Period
from whatsapp.selectors.report import Counts
from whatsapp.selectors.send_filters import SendFilter
from whatsapp.selectors.waits import Waits

MOST_REASONS: Final = 6
HOURLY_DAYS: Final = 2  # up to so many days a bar of the chart is an hour
_BAR_WIDTH: Final = 10
RECEIVED, SENT = MessageDirection.INBOUND.value, MessageDirection.OUTBOUND.value
_LIVE: Final = (TicketStatus.OPEN.value, TicketStatus.WAITING.value)


@dataclass(frozen=True, slots=True)
class Figure:
    """A count and its rows; `earlier` is None where nothing is compared."""

    count: int
    url: str
    earlier: int | None = None
    earlier_url: str = ""

    @property
    def change(self) -> int:
        return self.count - (self.earlier or 0)


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long something took, and half of the earlier ones."""

    count: Figure
    waits: Waits
    earlier_median: timedelta | None


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a whole, `share` percent of it."""

    label: str
    count: int
    url: str
    share: int
    level: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """Messages of an hour or of some days, as components/chart.html draws them."""

    since: datetime
    until: datetime
    received: Figure
    sent: Figure
    left: int
    parts: tuple[tuple[int, int], ...]

    @property
    def last_day(self) -> datetime:
        return self.until - timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TicketRow:
    """Tickets of one status: all of them, and by age."""

    status: str
    label: str
    total: Figure
    ages: tuple[Figure, ...]


class Places:
    """The lists behind the numbers, with the filters of a period."""

    def __init__(self, workspace: Workspace) -> None:
        where = {"workspace_slug": workspace.slug}
        self._messages = reverse("whatsapp:conversation-messages", kwargs=where)
        self._answers = reverse("whatsapp:conversation-first-answers", kwargs=where)
        self._sends = reverse("whatsapp:send-list", kwargs=where)
        self._leads = reverse("whatsapp:lead-list", kwargs=where)
        self._tickets = reverse("tickets:ticket-list", kwargs=where)

    def messages(self, direction: str, since: datetime, until: datetime) -> str:
        asked = {"direction": direction, **_minutes(since, until)}
        return f"{self._messages}?{urlencode(asked)}"

    def answers(self, period: Period, answered: str = "") -> str:
        asked = {"answered": answered} if answered else {}
        span = _minutes(period.since, period.until)
        return f"{self._answers}?{urlencode(asked | span)}"

    def sends(self, period: Period, **asked: str) -> str:
        span = _minutes(period.since, period.until)
        return f"{self._sends}?{urlencode(asked | span)}"

    def leads(self, period: Period, filters: Mapping[str, str]) -> str:
        return f"{self._leads}?{urlencode({**filters, **_days(period)})}"

    def tickets(self, status: str, **asked: str) -> str:
        return f"{self._tickets}?{urlencode({'status': status} | asked)}"


def read(workspace: Workspace, *, period: Period, today: date) -> dict[str, Any]:
    """All of the page's; a number of queries that does not depend on the rows."""
    plans.count_at_length()
    places = Places(workspace)
    return {
        "traffic": _traffic(workspace, period, places),
        "answers": _answers(workspace, period, places),
        "sends": _sends(workspace, period, places),
        "leads": _leads(workspace, period, places),
        "tickets": _tickets(workspace, period, places, today=today),
    }


def _traffic(workspace: Workspace, period: Period, places: Places) -> dict[str, Any]:
    is_hourly = period.days <= HOURLY_DAYS
    if is_hourly:
        whole = SendFilter(since=period.since, until=period.until)
        starts = send_figures.edges(whole, period.zone)
    else:
        starts = (period.since, *period.edges[1:])
    spans = list(zip(starts, [*starts[1:], period.until], strict=True))
    earlier = period.before_it
    *counts, before = activity.count_by_time(
        workspace, [*spans, (earlier.since, earlier.until)]
    )
    most = max(one.received + one.sent for one in counts)

    def figure(way: str, count: int, earlier_count: int) -> Figure:
        return Figure(
            count,
            places.messages(way, period.since, period.until),
            earlier_count,
            places.messages(way, earlier.since, earlier.until),
        )

    received = sum(one.received for one in counts)
    sent = sum(one.sent for one in counts)
    return {
        "received": figure(RECEIVED, received, before.received),
        "sent": figure(SENT, sent, before.sent),
        "is_hourly": is_hourly,
        "step": "hour" if is_hourly else period.step,
        "most": most,
        "width": _BAR_WIDTH * len(spans),
        "bars": [
            Bar(
                since,
                until,
                Figure(one.received, places.messages(RECEIVED, since, until)),
                Figure(one.sent, places.messages(SENT, since, until)),
                _BAR_WIDTH * place + 1,
                _parts(one, most),
            )
            for place, ((since, until), one) in enumerate(
                zip(spans, counts, strict=True)
            )
        ],
    }


def _parts(counts: activity.Counts, most: int) -> tuple[tuple[int, int], ...]:
    """What was sent stands on what was received. A part that is there is seen."""
    if not most:
        return ((0, 100), (0, 100))
    below = _height(counts.received, most)
    above = _height(counts.received + counts.sent, most) if counts.sent else 0
    above = max(above, below + 2) if counts.sent else 0
    above = min(above, 100)
    return ((above, 100 - above), (below, 100 - below))


def _height(count: int, most: int) -> int:
    return max(2, round(100 * count / most)) if count else 0


def _answers(workspace: Workspace, period: Period, places: Places) -> dict[str, Any]:
    earlier = period.before_it
    now, before = first_answers.count(
        workspace, since=period.since, until=period.until, compared=earlier.since
    )

    def figure(count: int, earlier_count: int, answered: str = "") -> Figure:
        return Figure(
            count,
            places.answers(period, answered),
            earlier_count,
            places.answers(earlier, answered),
        )

    return {
        "begun": figure(now.begun, before.begun),
        "answered": Lasting(
            figure(now.waits.number, before.waits.number, WAS_ANSWERED),
            now.waits,
            before.waits.median,
        ),
        "unanswered": figure(now.unanswered, before.unanswered, UNANSWERED),
    }


def _sends(workspace: Workspace, period: Period, places: Places) -> dict[str, Any]:
    earlier = period.before_it
    both = SendFilter(since=earlier.since, until=period.until)
    before, counts = sends.count_by_time(
        workspace, both, edges=(earlier.since, period.since)
    )
    total = sum(counts.values())
    reasons = sends.count_reasons(
        workspace, SendFilter(since=period.since, until=period.until)
    )
    return {
        "total": Figure(
            total,
            places.sends(period),
            sum(before.values()),
            places.sends(earlier),
        ),
        "states": [
            Share(
                str(shown.label),
                counts[shown],
                places.sends(period, state=shown.value),
                round(100 * counts[shown] / total),
                level=send_words.level(shown),
            )
            for shown in Shown
            if counts.get(shown)
        ],
        "reasons": [
            Share(
                told.sentence
                if (told := send_reasons.why(one.provider, one.reason))
                else "",
                one.count,
                places.sends(period, reason=one.reason),
                0,
                note=one.reason,
            )
            for one in reasons[:MOST_REASONS]
        ],
        "has_more_reasons": len(reasons) > MOST_REASONS,
    }


def _leads(workspace: Workspace, period: Period, places: Places) -> dict[str, Any]:
    earlier = period.before_it
    told = lead_figures.count(
        workspace, since=period.since, until=period.until, compared=earlier.since
    )

    def figure(counts: Counts, filters: Mapping[str, str]) -> Figure:
        return Figure(
            counts.leads,
            places.leads(period, filters),
            counts.earlier,
            places.leads(earlier, filters),
        )

    return {
        "every": figure(told.every, lead_figures.EVERY),
        "found": figure(told.found, lead_figures.FOUND),
        "without": figure(told.without, lead_figures.WITHOUT),
        "origins": [
            Share(
                report_words.title(one, by="origin"),
                one.counts.leads,
                places.leads(period, one.filters),
                round(one.share),
                note=report_words.note(one, by="origin"),
            )
            for one in told.origins
        ],
        "more": told.more,
        "report_query": urlencode(_days(period)),
    }


def _tickets(
    workspace: Workspace, period: Period, places: Places, *, today: date
) -> dict[str, Any]:
    earlier = period.before_it
    standing = ticket_figures.count_standing(workspace, today=today, zone=period.zone)
    now, before = ticket_figures.count_worked(
        workspace, since=period.since, until=period.until, compared=earlier.since
    )

    def figure(count: int, earlier_count: int, **asked: str) -> Figure:
        return Figure(
            count,
            places.tickets(ALL, **asked, **_days(period)),
            earlier_count,
            places.tickets(ALL, **asked, **_days(earlier)),
        )

    def lasting(waits: Waits, earlier_waits: Waits, days: str) -> Lasting:
        count = figure(waits.number, earlier_waits.number, days=days)
        return Lasting(count, waits, earlier_waits.median)

    return {
        "opened": figure(now.opened, before.opened),
        "answered": lasting(now.answered, before.answered, ANSWERED),
        "resolved": lasting(now.resolved, before.resolved, RESOLVED),
        "live": Figure(standing.total(*_LIVE), places.tickets(LIVE)),
        "rows": list(_ticket_rows(standing, places)),
        "ages": standing.ages,
        "has_any": standing.total(*TicketStatus.values) > 0,
    }


def _ticket_rows(standing: Standing, places: Places) -> Iterator[TicketRow]:
    for status in TicketStatus:
        yield TicketRow(
            status.value,
            str(status.label),
            Figure(standing.total(status.value), places.tickets(status.value)),
            tuple(
                Figure(count, places.tickets(status.value, **_opened(age)))
                for age, count in zip(
                    standing.ages, standing.counts[status.value], strict=True
                )
            ),
        )


def _opened(age: Age) -> dict[str, str]:
    first = {"since": str(age.first)} if age.first else {}
    return first | {"until": str(age.last)}


def _days(period: Period) -> dict[str, str]:
    return {"since": str(period.first), "until": str(period.last)}


def _minutes(since: datetime, until: datetime) -> dict[str, str]:
    return {"since": moments.written(since), "until": moments.written(until)}


def is_blank(figures: Mapping[str, Any]) -> bool:
    """Whether there is nothing to show yet, not even of the days before."""
    told: Sequence[Figure] = (
        figures["traffic"]["received"],
        figures["traffic"]["sent"],
        figures["sends"]["total"],
        figures["leads"]["every"],
        figures["tickets"]["opened"],
    )
    counted = any(one.count or one.earlier for one in told)
    return not counted and not figures["tickets"]["has_any"]
