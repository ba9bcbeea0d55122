"""What a measure hands over, and how it is shown: table, JSON and docs/bench.md."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Bound(Enum):
    """Which figure of a row its target limits, and from which side."""

    NONE = "no target"
    VALUE_AT_MOST = "value at most"
    VALUE_AT_LEAST = "value at least"
    RATIO_AT_LEAST = "ratio at least"
    RATIO_AT_MOST = "ratio at most"


_AT_LEAST = frozenset({Bound.VALUE_AT_LEAST, Bound.RATIO_AT_LEAST})
_OF_VALUE = frozenset({Bound.VALUE_AT_LEAST, Bound.VALUE_AT_MOST})


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. Without a value it could not be measured, and `note` says why."""

    name: str
    value: float | None
    unit: str
    ratio: float | None = None
    target: float | None = None
    bound: Bound = Bound.NONE
    note: str = ""

    @property
    def ok(self) -> bool:
        """What could not be measured is not well."""
        if self.value is None:
            return False
        if self.bound is Bound.NONE:
            return True
        if self._limited is None or self.target is None:
            return False
        if self.bound in _AT_LEAST:
            return self._limited >= self.target
        return self._limited <= self.target

    @property
    def _limited(self) -> float | None:
        return self.value if self.bound in _OF_VALUE else self.ratio

    @property
    def verdict(self) -> str:
        if self.ok:
            return "" if self.bound is Bound.NONE else "ok"
        if self.value is None or self._limited is None or self.target is None:
            return "NOT MEASURED"
        way = "under" if self.bound in _AT_LEAST else "over"
        if not self.target:
            return f"MISSED: {way} the target"
        share = abs(self._limited - self.target) / self.target
        return f"MISSED: {share:.0%} {way} the target"

    @property
    def goal(self) -> str:
        if self.target is None:
            return "-"
        return {
            Bound.NONE: "-",
            Bound.VALUE_AT_MOST: f"≤ {_figure(self.target)} {self.unit}",
            Bound.VALUE_AT_LEAST: f"≥ {_figure(self.target)} {self.unit}",
            Bound.RATIO_AT_LEAST: f"≥ {self.target:g} x",
            Bound.RATIO_AT_MOST: f"≤ {self.target:g} x",
        }[self.bound]

    def cells(self) -> list[str]:
        return [
            self.name,
            "-" if self.value is None else f"{_figure(self.value)} {self.unit}",
            "-" if self.ratio is None else f"{self.ratio:.2f} x",
            self.goal,
            self.verdict,
            self.note,
        ]

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": None if self.value is None else float(f"{self.value:.6g}"),
            "unit": self.unit,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "target": self.target,
            "ok": self.ok,
        }


HEADINGS = ["what", "figure", "ratio", "target", "", "how"]


def table(rows: Sequence[Row]) -> str:
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join(
            [
                *(
                    cell.ljust(width)
                    for cell, width in zip(line[:5], widths, strict=True)
                ),
                line[5],
            ]
        ).rstrip()
        for line in lines
    )


def write_json(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_docs(
    path: Path,
    rows: Sequence[Row],
    *,
    machine: Mapping[str, str],
    about: Sequence[tuple[str, str]],
) -> None:
    """The last full run, for a reader who has no such machine at hand."""
    lines = [
        "# Measured speed and memory",
        "",
        "Written by `make bench ARGS=--write-docs`; do not edit. Ratios are taken side by",
        "side in one run on one machine, so they say more than the figures beside them.",
        "",
        "## The machine",
        "",
        *(f"- {name}: {value}" for name, value in machine.items()),
        "",
        "## The last run",
        "",
        _markdown_line(HEADINGS),
        _markdown_line(["---"] * len(HEADINGS)),
        *(_markdown_line(row.cells()) for row in rows),
        "",
        "## What is measured",
        "",
        *(f"- `{name}`: {text}" for name, text in about),
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _figure(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
