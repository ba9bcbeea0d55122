"""When somebody is there: weekly hours in a time zone, and the days that are an exception.

Pure. Hours are times on the wall: a day on which the clocks change is an hour longer or
shorter, and what opens at nine opens at nine.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = 24 * 60
# Minutes from midnight, of a beginning and an end. The end may be on the next day: it is
# then more than DAY, and at most a day after the beginning.
Span = tuple[int, int]
Week = tuple[tuple[Span, ...], ...]  # Monday first
NEVER: Week = ((),) * 7
_FAR = 400  # days in which a next opening is looked for

_TIME = re.compile(r"(\d{1,2})(?:\s*[:h.]\s*(\d{2}))?\s*(?:hs?|horas)?\s*(am|pm)?\b")
_BETWEEN = re.compile(
    r"(?:[\s,;/\u2013\u2014-]|às|as|ás|até|ate|to|until|till|and|das|de|from|e|a)*"
)
_ALL_DAY = frozenset({"24h", "24 h", "24 horas", "24 hours", "24/7", "all day"})
_CLOSED = frozenset({"", "-", "\u2013", "closed", "fechado", "fechada", "cerrado"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands at a moment. `holiday` names the day where that is why it is closed."""

    is_open: bool
    holiday: str = ""
    opens_at: datetime | None = (
        None  # the next time, in the zone; None: not foreseeable
    )


@dataclass(frozen=True, slots=True)
class Hours:
    """`closed_on` names a day on which nothing opens, and is None of any other.

    A span belongs to the day it begins on: the night before a holiday is worked to its end.
    """

    zone: ZoneInfo
    week: Week
    closed_on: Callable[[date], str | None]

    def standing(self, at: datetime) -> Standing:
        today = at.astimezone(self.zone).date()
        if any(
            begin <= at < end
            for day in (today - timedelta(days=1), today)
            for begin, end in self.spans(day)
        ):
            return Standing(is_open=True)
        holiday = self.closed_on(today) if self.week[today.weekday()] else None
        return Standing(
            is_open=False, holiday=holiday or "", opens_at=self._next_opening(at, today)
        )

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """What begins on this day, in UTC."""
        spans = self.week[day.weekday()]
        if not spans or self.closed_on(day) is not None:
            return []
        return [(self._begin(day, begin), self._end(day, end)) for begin, end in spans]

    def _next_opening(self, at: datetime, today: date) -> datetime | None:
        if not any(self.week):
            return None
        for ahead in range(_FAR):
            for begin, _end in self.spans(today + timedelta(days=ahead)):
                if begin > at:
                    return begin.astimezone(self.zone)
        return None

    def _begin(self, day: date, minutes: int) -> datetime:
        return self._moment(day, minutes, fold=0)

    def _end(self, day: date, minutes: int) -> datetime:
        """Of an hour that comes twice, the second time."""
        return max(self._moment(day, minutes, fold=fold) for fold in (0, 1))

    def _moment(self, day: date, minutes: int, *, fold: int) -> datetime:
        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
        return wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)


class Unclear(ValueError):
    """What was typed are no hours."""


class Overlapping(Unclear):
    """Two spans of a day overlap."""


def read_day(text: str) -> tuple[Span, ...]:
    """Spans as people type them: "9-12, 13:30-18h", "22:00 às 2:00", "24h"; none: closed.

    Raises Unclear or Overlapping.
    """
    typed = " ".join(text.casefold().split())
    if typed in _CLOSED:
        return ()
    if typed in _ALL_DAY:
        return ((0, DAY),)
    found = list(_TIME.finditer(typed))
    between = [typed[: found[0].start()]] if found else [typed]
    between += [
        typed[one.end() : following.start()] for one, following in pairwise(found)
    ]
    between.append(typed[found[-1].end() :] if found else "")
    if len(found) % 2 or not found or not all(map(_BETWEEN.fullmatch, between)):
        raise Unclear(text)
    minutes = [_minutes(*one.groups()) for one in found]
    spans = sorted(
        (begin, end if end > begin else end + DAY)
        for begin, end in zip(minutes[::2], minutes[1::2], strict=True)
    )
    if any(begin == DAY for begin, _ in spans):
        raise Unclear(text)
    # The last one may end tomorrow, but not within the first one of another such day.
    if any(end > later for (_, end), (later, _) in pairwise(spans)):
        raise Overlapping(text)
    return tuple(spans)


def _minutes(hour: str, minute: str | None, half: str | None) -> int:
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            raise Unclear(hour)
        hours = hours % 12 + (12 if half == "pm" else 0)
    total = hours * 60 + int(minute or 0)
    if int(minute or 0) > 59 or total > DAY:
        raise Unclear(hour)
    return total


def write_day(spans: Sequence[Span]) -> str:
    """As `read_day` reads it again."""
    return ", ".join(f"{clock(begin)}\u2013{clock(end)}" for begin, end in spans)


def clock(minutes: int) -> str:
    """24:00 is the end of a day, not its beginning."""
    shown = minutes if minutes <= DAY else minutes - DAY
    return f"{shown // 60:02}:{shown % 60:02}"


def week_of(stored: Mapping[str, Sequence[Sequence[int]]]) -> Week:
    """A week as it rests in the database, by the number of its day; Monday is "0"."""
    return tuple(
        tuple((int(begin), int(end)) for begin, end in stored.get(str(day), ()))
        for day in range(7)
    )


def stored_week(week: Week) -> dict[str, list[list[int]]]:
    return {str(day): [list(span) for span in spans] for day, spans in enumerate(week)}
