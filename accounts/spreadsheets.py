"""Lines of CSV that are safe to open in a spreadsheet; every room's exports are written so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import formats

BOM = "\ufeff"  # without it Excel reads UTF-8 as something else
# Where a spreadsheet takes what follows for a formula. Inside a cell too: a spreadsheet of
# another language splits at another separator, and does not see that a quoted cell goes on,
# so a part of a cell may come to stand at the beginning of another one.
_FORMULA = re.compile(r"^(?=[\t\r])|(?:^|(?<=[,;\t\r\n]))(?=[ \"]*[=+\-@])")
_SPLITS = re.compile(r'[,;\t\r\n"]')


@dataclass(frozen=True, slots=True)
class Sheet:
    """How the files of one language are written."""

    separator: str
    decimal: str  # between a number's whole and its tenths

    def line(self, cells: Sequence[str]) -> str:
        written = self.separator.join(_quoted(defuse(cell)) for cell in cells)
        return f"{written}\r\n"

    def number(self, value: float) -> str:
        """With one decimal place and nothing between thousands, so that it is calculated with."""
        return f"{value:.1f}".replace(".", self.decimal)


def sheet() -> Sheet:
    """For the language of this moment: Excel separates cells by `;` where numbers have a
    decimal comma, as in Brazil. Ask before the answer goes out, when no language is set."""
    decimal = str(formats.get_format("DECIMAL_SEPARATOR"))
    return Sheet(separator=";" if decimal == "," else ",", decimal=decimal)


def defuse(cell: str) -> str:
    return _FORMULA.sub("'", cell)


def _quoted(cell: str) -> str:
    """What any spreadsheet would split at is quoted, whichever separator this file has."""
    if not _SPLITS.search(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
