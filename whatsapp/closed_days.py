"""Days on which a number's team is not there: public holidays, and the team's own list.

The `holidays` package knows the calendars; it computes, and asks nobody over the network.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays
from django.utils.translation import get_language

_LINE = re.compile(
    r"(?:(?P<iso_year>\d{4})-(?P<iso_month>\d{1,2})-(?P<iso_day>\d{1,2})"
    r"|(?P<day>\d{1,2})[/.](?P<month>\d{1,2})(?:[/.](?P<year>\d{4}))?)"
    r"(?:\s*[-\u2013:,]?\s+(?P<name>\S.*))?"
)
LONGEST_NAME = 60
_IN_LANGUAGE = {"pt-br": "pt_BR", "en": "en_US", "es": "es"}


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day of one year, or of every year where `year` is 0."""

    year: int
    month: int
    day: int
    name: str = ""

    def is_on(self, day: date) -> bool:
        return (self.month, self.day) == (day.month, day.day) and self.year in {
            0,
            day.year,
        }

    @property
    def written(self) -> str:
        year = f"/{self.year}" if self.year else ""
        return f"{self.day:02}/{self.month:02}{year} {self.name}".rstrip()


class NotADay(ValueError):
    """A line that names no day; `line` is it."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


def read_days(text: str) -> list[OwnDay]:
    """One a line: "24/12 Christmas Eve", "2026-12-24". Raises NotADay."""
    return [_read_line(line.strip()) for line in text.splitlines() if line.strip()]


def _read_line(line: str) -> OwnDay:
    found = _LINE.fullmatch(line)
    if found is None:
        raise NotADay(line)
    year = int(found["iso_year"] or found["year"] or 0)
    month = int(found["iso_month"] or found["month"])
    day = int(found["iso_day"] or found["day"])
    try:
        date(year or 2024, month, day)  # a leap year: 29/02 is a day
    except ValueError:
        raise NotADay(line) from None
    return OwnDay(year, month, day, (found["name"] or "").strip()[:LONGEST_NAME])


def write_days(days: Sequence[OwnDay]) -> str:
    return "\n".join(day.written for day in days)


def stored(days: Sequence[OwnDay]) -> list[list[int | str]]:
    return [[one.year, one.month, one.day, one.name] for one in days]


def of_stored(rows: Sequence[Sequence[int | str]]) -> list[OwnDay]:
    return [
        OwnDay(int(year), int(month), int(day), str(name))
        for year, month, day, name in rows
    ]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which holidays are kept: a country's ("BR"), or a state's as well ("BR-SP").

    `with_optional` adds those that many keep though no law says so, such as Carnival.
    `open_days` are worked although they are holidays, `closed_days` are free though not.
    """

    place: str = ""
    with_optional: bool = False
    closed_days: tuple[OwnDay, ...] = ()
    open_days: tuple[OwnDay, ...] = ()

    def closed_on(self, *, unnamed: str) -> Callable[[date], str | None]:
        """A function from a day to what it is called; `unnamed` for one of no name."""

        def name_of(day: date) -> str | None:
            for own in self.closed_days:
                if own.is_on(day):
                    return own.name or unnamed
            if any(own.is_on(day) for own in self.open_days):
                return None
            return self.holiday(day)

        return name_of

    def holiday(self, day: date) -> str | None:
        language = _IN_LANGUAGE.get(get_language() or "", "en_US")
        found = _of_year(self.place, day.year, language, self.with_optional)
        return found.get(day)


@lru_cache(maxsize=256)
def _of_year(
    place: str, year: int, language: str, with_optional: bool
) -> Mapping[date, str]:
    country, _found, subdivision = place.partition("-")
    if not country:
        return {}
    try:
        known = holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:  # a country or a state that the package has dropped
        return {}
    categories = {"public"}
    if with_optional and "optional" in known.supported_categories:
        categories.add("optional")
    told = holidays.country_holidays(
        country,
        subdiv=subdivision or None,
        years=year,
        categories=categories & set(known.supported_categories),
        language=language
        if language in known.supported_languages
        else known.default_language,
    )
    return dict(told.items())


@lru_cache(maxsize=64)
def subdivisions(country: str) -> tuple[tuple[str, str], ...]:
    """Codes and names of a country's states, by name; those that have no code are left out."""
    known = holidays.country_holidays(country)
    names = {code: name for name, code in known.subdivisions_aliases.items()}
    return tuple(
        sorted(
            (
                (code, names.get(code, code))
                for code in known.subdivisions
                if re.fullmatch(r"[A-Z0-9]{1,6}", code)
            ),
            key=lambda one: one[1],
        )
    )
