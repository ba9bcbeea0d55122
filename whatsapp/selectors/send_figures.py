"""Sends over time: the bars of the sends page, each with what opens its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from whatsapp.models import Shown
from whatsapp.selectors.send_filters import SendFilter

# Up to this many days a bar is an hour, beyond it a day.
_HOURS_UP_TO: Final = timedelta(days=8)
# From the bottom of a bar to its top: what arrived or is with the provider, what waits, and
# what needs somebody.
GROUPS: Final[Mapping[str, tuple[Shown, ...]]] = {
    "gone": (Shown.ACCEPTED, Shown.SENT, Shown.DELIVERED, Shown.READ),
    "waiting": (Shown.QUEUED, Shown.SENDING),
    "unconfirmed": (Shown.UNCONFIRMED,),
    "failed": (Shown.FAILED, Shown.DROPPED),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour or day: from `since` to `until`, the first moment that is too late.

    `parts` are height and distance from the top of each group, in percent of the highest
    bar, the uppermost group first: each is drawn in front of the one before.
    """

    since: datetime
    until: datetime
    counts: Mapping[str, int]
    left: int
    parts: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def group(self, name: str) -> int:
        return sum(self.counts.get(shown, 0) for shown in GROUPS[name])


@dataclass(frozen=True, slots=True)
class Figures:
    """`totals` are by shown state, in its order, those that there are."""

    bars: tuple[Bar, ...]
    totals: Mapping[str, int]
    is_hourly: bool
    most: int

    @property
    def total(self) -> int:
        return sum(self.totals.values())

    @property
    def width(self) -> int:
        return 10 * len(self.bars)


def edges(filters: SendFilter, zone: tzinfo) -> tuple[datetime, ...]:
    """Where the bars begin: at `since`, then at every full hour or midnight in the zone."""
    is_hourly = is_by_hour(filters)
    found = [filters.since]
    local = filters.since.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    while True:
        local = local.replace(tzinfo=None)
        if is_hourly:
            local += timedelta(hours=1)
        else:
            local = local.replace(hour=0) + timedelta(days=1)
        local = local.replace(tzinfo=zone)
        moment = local.astimezone(UTC)
        if moment >= filters.until:
            return tuple(found)
        # An hour that the clocks leave out, or pass twice, is one with its neighbour.
        if moment > found[-1]:
            found.append(moment)


def is_by_hour(filters: SendFilter) -> bool:
    return filters.until - filters.since <= _HOURS_UP_TO


def figures(
    filters: SendFilter, starts: Sequence[datetime], counts: Sequence[Mapping[str, int]]
) -> Figures:
    """`counts` are by shown state, one mapping for each of `starts`."""
    most = max((sum(one.values()) for one in counts), default=0)
    ends = [*starts[1:], filters.until]
    bars = tuple(
        Bar(since, until, count, 10 * place + 1, _parts(count, most))
        for place, (since, until, count) in enumerate(
            zip(starts, ends, counts, strict=True)
        )
    )
    totals = {
        shown.value: number
        for shown in Shown
        if (number := sum(one.get(shown, 0) for one in counts))
    }
    return Figures(bars, totals, is_by_hour(filters), most)


def _parts(counts: Mapping[str, int], most: int) -> tuple[tuple[int, int], ...]:
    """A part that is there is seen, however small it is."""
    parts: list[tuple[int, int]] = []
    height = reached = 0
    for shown in GROUPS.values():
        number = sum(counts.get(one, 0) for one in shown)
        reached += number
        if number:
            height = min(100, max(height + 2, round(100 * reached / most)))
        parts.append((height if number else 0, 100 - height))
    return tuple(reversed(parts))
