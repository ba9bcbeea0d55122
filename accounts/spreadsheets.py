"""Lines of CSV that are safe to open in a spreadsheet; every room's exports are written so."""

import csv
import io
from collections.abc import Sequence

BOM = "\ufeff"  # without it Excel reads UTF-8 as something else
# What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defuse(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([defuse(cell) for cell in cells])
    return written.getvalue()
