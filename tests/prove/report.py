"""Rows of the proof: what was asked, what was found, printed as a table and kept as JSON."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_started = time.monotonic()


@dataclass(frozen=True)
class Row:
    """One figure. `ratio` is there for the form alone, which `make bench` shares."""

    name: str
    value: float
    unit: str
    target: str
    ok: bool
    ratio: float | None = None


def none_of(name: str, value: int, unit: str, *, also: bool = True) -> Row:
    """A figure that must be nought; `also` is what else must hold."""
    return Row(name, value, unit, "0", ok=value == 0 and also)


def say(text: str) -> None:
    print(f"{time.monotonic() - _started:6.1f} s  {text}", flush=True)


def print_table(rows: Sequence[Row]) -> None:
    print(f"\n{'proof':22} {'found':>10}  {'unit':34} {'target':>8}")
    for row in rows:
        verdict = "ok" if row.ok else "NOT OK"
        print(
            f"{row.name:22} {row.value:>10g}  {row.unit:34} {row.target:>8}  {verdict}"
        )


def write(rows: Sequence[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = [
        {
            "name": row.name,
            "value": row.value,
            "unit": row.unit,
            "ratio": row.ratio,
            "target": row.target,
            "ok": row.ok,
        }
        for row in rows
    ]
    path.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
