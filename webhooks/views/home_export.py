"""The home page's figures as lines of CSV: what it is, how many, and how many before."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts import spreadsheets
from accounts.spreadsheets import Sheet
from webhooks.views.home_figures import Bar, Figure, Lasting, Share
from whatsapp.selectors.periods import Period


def lines(figures: Mapping[str, Any], *, period: Period, zone: str) -> Iterator[str]:
    """Begins with the heading. Lengths are in minutes."""
    sheet = spreadsheets.sheet()
    yield sheet.line(
        [
            _("Section"),
            _("Figure"),
            _("Period (%(zone)s)") % {"zone": zone},
            _("Value"),
            _("Value of the period before"),
        ]
    )
    days = f"{period.first}/{period.last}"  # as ISO 8601 writes it
    for section, name, value, earlier in _rows(figures):
        yield sheet.line([section, name, days, value, earlier])
    for bar in figures["traffic"]["bars"]:
        yield from _bar(bar, period, sheet)
    for row in figures["tickets"]["rows"]:
        section = _("Tickets now")
        yield sheet.line([section, row.label, "", str(row.total.count), ""])
        for age, one in zip(figures["tickets"]["ages"], row.ages, strict=True):
            opened = f"{age.first or '..'}/{age.last}"
            name = _("%(status)s, by the day of opening") % {"status": row.label}
            yield sheet.line([section, name, opened, str(one.count), ""])


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    traffic, answers = figures["traffic"], figures["answers"]
    yield (
        _("Messages"),
        pgettext("messages", "Received"),
        *_counts(traffic["received"]),
    )
    yield _("Messages"), pgettext("messages", "Sent"), *_counts(traffic["sent"])
    section = _("First answers")
    yield section, _("Conversations begun"), *_counts(answers["begun"])
    yield section, _("Not answered yet"), *_counts(answers["unanswered"])
    yield from _lasting(section, _("Answered"), answers["answered"])
    section = _("Sends")
    yield section, _("All"), *_counts(figures["sends"]["total"])
    yield from _shares(section, figures["sends"]["states"])
    yield from _shares(_("Sends by reason"), figures["sends"]["reasons"])
    section, leads = _("Leads"), figures["leads"]
    yield section, _("All"), *_counts(leads["every"])
    yield section, _("With an origin"), *_counts(leads["found"])
    yield section, _("Without origin"), *_counts(leads["without"])
    yield from _shares(_("Leads by origin"), leads["origins"])
    section, tickets = _("Tickets"), figures["tickets"]
    yield section, pgettext("tickets", "Opened"), *_counts(tickets["opened"])
    yield from _lasting(section, _("First answered"), tickets["answered"])
    yield from _lasting(section, pgettext("tickets", "Resolved"), tickets["resolved"])


def _counts(figure: Figure) -> tuple[str, str]:
    return str(figure.count), str(figure.earlier if figure.earlier is not None else "")


def _lasting(
    section: str, name: str, told: Lasting
) -> Iterator[tuple[str, str, str, str]]:
    yield section, name, *_counts(told.count)
    mean, median, most = (
        _minutes(one) for one in (told.waits.mean, told.waits.median, told.waits.most)
    )
    yield section, _("%(name)s: minutes, mean") % {"name": name}, mean, ""
    yield (
        section,
        _("%(name)s: minutes, median") % {"name": name},
        median,
        _minutes(told.earlier_median),
    )
    yield section, _("%(name)s: minutes, nine in ten") % {"name": name}, most, ""


def _shares(section: str, parts: list[Share]) -> Iterator[tuple[str, str, str, str]]:
    for one in parts:
        told = [part for part in (one.label, one.note) if part]
        yield section, " · ".join(told), str(one.count), ""


def _bar(bar: Bar, period: Period, sheet: Sheet) -> Iterator[str]:
    since, until = (
        f"{moment.astimezone(period.zone):%Y-%m-%dT%H:%M}"
        for moment in (bar.since, bar.until)
    )
    for name, one in (
        (pgettext("messages", "Received"), bar.received),
        (pgettext("messages", "Sent"), bar.sent),
    ):
        yield sheet.line(
            [_("Messages over time"), name, f"{since}/{until}", str(one.count), ""]
        )


def _minutes(length: timedelta | None) -> str:
    if length is None:
        return ""
    return spreadsheets.sheet().number(length.total_seconds() / 60)
