"""Exports: no cell, and no part of one, is taken for a formula by a spreadsheet."""

import csv
import io

import pytest
from django.utils import translation

from accounts import spreadsheets

FORMULA = "=1+cmd|' /C calc'!A0"


def _cells(line, separator):
    """As a spreadsheet reads a line of a file that separates its cells so."""
    rows = csv.reader(io.StringIO(line, newline=""), delimiter=separator)
    return [cell for row in rows for cell in row]


@pytest.mark.parametrize("language", ["pt-br", "en"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "cell",
    [
        "{}1",
        " {}1",
        "Ana;{}1;x",
        "Ana,{}1,x",
        "Ana, {}1",
        "Ana; {}1",
        'Ana;"{}1+1;x',
        "Ana, Bia;{}1",
        "Ana\t{}1",
        "Ana\n{}1",
        "Ana\r{}1",
        "Ana\r\n{}1",
        "\t{}1",
        ";;{}1",
    ],
)
def test_no_part_of_a_cell_begins_as_a_formula_wherever_lines_are_split(
    cell, separator, sign, language
):
    with translation.override(language):
        line = spreadsheets.sheet().line(["a", cell.format(sign), "b"])

    begun = [one for one in _cells(line, separator) if one.lstrip(' "')[:1] == sign]
    assert begun == []


def test_a_formula_is_kept_as_text():
    assert spreadsheets.defuse(FORMULA) == f"'{FORMULA}"
    assert spreadsheets.defuse(f"Ana;{FORMULA}") == f"Ana;'{FORMULA}"
    assert spreadsheets.defuse(f"Ana,{FORMULA}") == f"Ana,'{FORMULA}"


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "Ana",
        "Ana; Bia",
        "Ana, Bia",
        "2 + 2 = 4",
        "ana@example.com",
        "Oi\nTudo bem?",
    ],
)
def test_what_is_no_formula_stays_as_it_is(cell):
    assert spreadsheets.defuse(cell) == cell


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("pt-br", 'Ana;"a;b";"a,b";"1234,5";"c ""d""";\r\n'),
        ("en", 'Ana,"a;b","a,b",1234.5,"c ""d""",\r\n'),
    ],
)
def test_cells_and_decimals_are_separated_as_the_readers_excel_expects(
    language, written
):
    with translation.override(language):
        sheet = spreadsheets.sheet()
    cells = ["Ana", "a;b", "a,b", sheet.number(1234.46), 'c "d"', ""]

    line = sheet.line(cells)

    assert line == written
    assert _cells(line, sheet.separator) == cells


def test_numbers_are_rounded_and_thousands_are_not_set_apart():
    with translation.override("pt-br"):
        sheet = spreadsheets.sheet()

    assert [sheet.number(one) for one in (0, 66.66, 1234567.0)] == [
        "0,0",
        "66,7",
        "1234567,0",
    ]
