"""The period of a page with figures, read from the address: whole days of the workspace.

What makes no sense is left out and told; the answer is always a period.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal
from urllib.parse import urlencode

PRESETS = ("7", "30", "90", "365")
USUAL = "30"
# Of the home page, where a number of days ends today as above.
HOME_PRESETS = ("today", "yesterday", "7", "30", "month")
HOME_USUAL = "7"
LONGEST_DAYS = 731
_MOST_BARS = 62  # more than these, and days become weeks, weeks become months
_EARLIEST_YEAR = 2000

Step = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both counted. `asked` are the parameters understood,
    `ignored` the names of those that were not."""

    first: date
    last: date
    zone: tzinfo
    asked: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def since(self) -> datetime:
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before_it(self) -> "Period":
        """As many days just before."""
        last = self.first - timedelta(days=1)
        return Period(last - (self.last - self.first), last, self.zone)

    @property
    def step(self) -> Step:
        if self.days <= _MOST_BARS:
            return "day"
        return "week" if self.days <= _MOST_BARS * 7 else "month"

    @property
    def preset(self) -> str:
        return self.asked.get("period", "")

    @property
    def query(self) -> str:
        return urlencode(self.asked)

    @property
    def starts(self) -> tuple[date, ...]:
        """Where each bar of the period begins; the first may begin before it."""
        found: list[date] = []
        day = _begin(self.first, self.step)
        while day <= self.last:
            found.append(day)
            day = _next(day, self.step)
        return tuple(found)

    @property
    def edges(self) -> tuple[datetime, ...]:
        """The moments at which the bars begin."""
        return tuple(_midnight(start, self.zone) for start in self.starts)

    def span_of(self, start: date) -> tuple[date, date]:
        """The days of one bar that belong to the period."""
        end = _next(start, self.step) - timedelta(days=1)
        return max(start, self.first), min(end, self.last)


def read(
    told: Mapping[str, str],
    *,
    now: datetime,
    zone: tzinfo,
    usual: str = USUAL,
    presets: Sequence[str] = PRESETS,
    longest: int = LONGEST_DAYS,
) -> Period:
    """`period` is one of `presets`; `from` and `to` go before it, `longest` days at most."""
    today = now.astimezone(zone).date()
    found = {name: told.get(name, "").strip() for name in ("period", "from", "to")}
    ignored = []
    days: dict[str, date] = {}
    for name in ("from", "to"):
        if found[name]:
            try:
                days[name] = _day(found[name])
            except ValueError:
                ignored.append(name)
    preset = found["period"] or usual
    if preset not in presets:
        ignored.insert(0, "period")
        preset = usual
    if days:
        last = days.get("to", max(today, days.get("from", today)))
        first = days.get("from", last - timedelta(days=int(usual) - 1))
        if first > last or (last - first).days >= longest:
            ignored += list(days)
        else:
            asked = {name: day.isoformat() for name, day in days.items()}
            return Period(first, last, zone, asked, tuple(ignored))
    asked = {"period": preset} if found["period"] == preset else {}
    return Period(*_meant(preset, today), zone, asked, tuple(ignored))


def _meant(preset: str, today: date) -> tuple[date, date]:
    if preset == "month":
        return today.replace(day=1), today
    if preset == "yesterday":
        day = today - timedelta(days=1)
        return day, day
    days = 1 if preset == "today" else int(preset)
    return today - timedelta(days=days - 1), today


def read_if_asked(
    told: Mapping[str, str], *, now: datetime, zone: tzinfo
) -> tuple[Period | None, tuple[str, ...]]:
    """For lists, which show all of it when no period is asked for."""
    period = read(told, now=now, zone=zone)
    return (period if period.asked else None), period.ignored


def _day(text: str) -> date:
    """As a date field writes it, in years that every clock reaches."""
    day = date.fromisoformat(text)
    if day.isoformat() != text or not _EARLIEST_YEAR <= day.year < 2100:
        raise ValueError
    return day


def _begin(day: date, step: Step) -> date:
    if step == "day":
        return day
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def _next(day: date, step: Step) -> date:
    if step == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1 if step == "day" else 7)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
