"""The figures of links as CSV, safe to open in a spreadsheet."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext, pgettext

from accounts import spreadsheets
from accounts.spreadsheets import Sheet
from whatsapp.selectors.funnel import Figures, Funnel
from whatsapp.selectors.links import LinkRow
from whatsapp.selectors.periods import Period


def over_time(funnel: Funnel) -> Iterator[str]:
    """One line for each bar of the chart. Words are chosen now, in the reader's language."""
    sheet = spreadsheets.sheet()
    lines = [
        sheet.line([pgettext("day", "From"), pgettext("day", "To"), *_heading()]),
        *(
            sheet.line(
                [
                    bar.first.isoformat(),
                    bar.last.isoformat(),
                    *_cells(bar.figures, sheet),
                ]
            )
            for bar in funnel.bars
        ),
    ]
    return iter([spreadsheets.BOM + "".join(lines)])


def comparison(rows: Sequence[LinkRow], *, period: Period) -> Iterator[str]:
    sheet = spreadsheets.sheet()
    heading = [
        gettext("Link"),
        gettext("Number"),
        pgettext("day", "From"),
        pgettext("day", "To"),
    ]
    days = [period.first.isoformat(), period.last.isoformat()]
    lines = [
        sheet.line([*heading, *_heading()]),
        *(
            sheet.line(
                [
                    row.link.slug,
                    row.link.channel.display_name or row.link.channel.phone,
                    *days,
                    *_cells(row.figures, sheet),
                ]
            )
            for row in rows
        ),
    ]
    return iter([spreadsheets.BOM + "".join(lines)])


def _heading() -> list[str]:
    return [
        gettext("Clicks"),
        gettext("Conversations"),
        gettext("Conversations per click"),
        pgettext("leads", "Won"),
        gettext("Won per conversation"),
    ]


def _cells(figures: Figures, sheet: Sheet) -> list[str]:
    return [
        str(figures.clicks),
        str(figures.conversations),
        _rate(figures.conversation_rate, sheet),
        str(figures.won),
        _rate(figures.won_rate, sheet),
    ]


def _rate(rate: float | None, sheet: Sheet) -> str:
    return "" if rate is None else f"{sheet.number(rate)}%"
