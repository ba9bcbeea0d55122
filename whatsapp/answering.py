"""Who is answered automatically, and what. Pure.

`services.responder` knows the facts and promises the answer; the number's page asks here
what somebody would read who wrote now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from whatsapp import auto_texts, hours
from whatsapp.auto_texts import CLOSED, GREETING
from whatsapp.closed_days import Calendar, of_stored
from whatsapp.hours import Hours

UNNAMED: Final = "-"  # a closed day that nobody gave a name


@dataclass(frozen=True, slots=True)
class Rules:
    """A number's Responder, ready to decide by."""

    hours: Hours
    answers_closed: bool
    greets: bool
    texts: Mapping[str, auto_texts.Texts]
    quiet: timedelta
    attended: timedelta
    fresh: timedelta

    @classmethod
    def of(cls, row: Mapping[str, Any], *, zone: ZoneInfo) -> "Rules":
        """From the columns of a Responder."""
        calendar = Calendar(
            place=row["place"],
            with_optional=row["with_optional"],
            closed_days=tuple(of_stored(row["closed_days"])),
            open_days=tuple(of_stored(row["open_days"])),
        )
        return cls(
            hours=Hours(
                zone, hours.week_of(row["week"]), calendar.closed_on(unnamed=UNNAMED)
            ),
            answers_closed=row["answers_closed"],
            greets=row["greets"],
            texts=row["texts"],
            quiet=timedelta(hours=row["quiet_hours"]),
            attended=timedelta(minutes=row["attended_minutes"]),
            fresh=timedelta(minutes=row["fresh_minutes"]),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """About a person on a number, before the message that came in at `written_at`.

    `spoke_at` is the last message of either side, `answered_at` the last of a person of the
    team, `attended_at` when one was last at it; `told_closed_at` is our last "closed".
    """

    written_at: datetime
    spoke_at: datetime | None = None
    answered_at: datetime | None = None
    attended_at: datetime | None = None
    told_closed_at: datetime | None = None
    is_silent: bool = False  # they asked not to be written to


def occasion(rules: Rules, facts: Facts, *, now: datetime) -> str:
    """CLOSED, GREETING, or nothing.

    "We got it" opens a conversation: it needs `quiet` before it. "Closed" is told once in an
    episode, which ends when a person of the team answers, or with `quiet`.
    """
    if facts.is_silent or now - facts.written_at > rules.fresh:
        return ""
    at_it = [at for at in (facts.answered_at, facts.attended_at) if at is not None]
    if at_it and now - max(at_it) < rules.attended:
        return ""
    is_beginning = (
        facts.spoke_at is None or facts.written_at - facts.spoke_at >= rules.quiet
    )
    if rules.hours.standing(now).is_open:
        return GREETING if rules.greets and is_beginning else ""
    if not rules.answers_closed:
        return ""
    told, answered = facts.told_closed_at, facts.answered_at
    was_told = (
        told is not None and not is_beginning and (answered is None or answered <= told)
    )
    return "" if was_told else CLOSED


def word(
    rules: Rules,
    what: str,
    *,
    language: str,
    otherwise: str,
    name: str,
    business: str,
    now: datetime,
) -> str:
    """The text of an occasion as this person would read it; empty where there is none."""
    text, found = auto_texts.choose(
        rules.texts.get(what, {}), language=language, otherwise=otherwise
    )
    return auto_texts.fill(
        text,
        language=found,
        name=name,
        business=business,
        opens_at=rules.hours.standing(now).opens_at,
        now=now,
    )
