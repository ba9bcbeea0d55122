"""The figures of links as CSV, safe to open in a spreadsheet."""

from collections.abc import Iterator, Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext, pgettext

from accounts import spreadsheets
from whatsapp.selectors.funnel import Figures, Funnel
from whatsapp.selectors.links import LinkRow
from whatsapp.selectors.periods import Period


def over_time(funnel: Funnel) -> Iterator[str]:
    """One line for each bar of the chart. Words are chosen now, in the reader's language."""
    lines = [
        spreadsheets.line(
            [pgettext("day", "From"), pgettext("day", "To"), *_heading()]
        ),
        *(
            spreadsheets.line(
                [bar.first.isoformat(), bar.last.isoformat(), *_cells(bar.figures)]
            )
            for bar in funnel.bars
        ),
    ]
    return iter([spreadsheets.BOM + "".join(lines)])


def comparison(rows: Sequence[LinkRow], *, period: Period) -> Iterator[str]:
    heading = [
        gettext("Link"),
        gettext("Number"),
        pgettext("day", "From"),
        pgettext("day", "To"),
    ]
    days = [period.first.isoformat(), period.last.isoformat()]
    lines = [
        spreadsheets.line([*heading, *_heading()]),
        *(
            spreadsheets.line(
                [
                    row.link.slug,
                    row.link.channel.display_name or row.link.channel.phone,
                    *days,
                    *_cells(row.figures),
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


def _cells(figures: Figures) -> list[str]:
    return [
        str(figures.clicks),
        str(figures.conversations),
        _rate(figures.conversation_rate),
        str(figures.won),
        _rate(figures.won_rate),
    ]


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{number_format(rate, 1)}%"
