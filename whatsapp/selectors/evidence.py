"""An attribution's evidence, made readable: stored JSON in, plain steps out.

Evidence is kept for years and written by the attribution of its day, so nothing is taken
for granted about it.
"""

import json
from dataclasses import dataclass
from typing import Any

from whatsapp.models import Rule

_PARTS = ("looked_for", "found", "refused")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing; `name` is empty where a bare value was written down."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    rule: str
    looked_for: tuple[Fact, ...] = ()
    found: tuple[Fact, ...] = ()
    refused: tuple[Fact, ...] = ()
    why: str = ""

    @property
    def label(self) -> str:
        return str(Rule(self.rule).label) if self.rule in Rule.values else self.rule

    @property
    def outcome(self) -> str:
        if self.found:
            return "found"
        return "refused" if self.refused else "nothing"


def read(evidence: Any) -> tuple[Step, ...]:
    entries = evidence if isinstance(evidence, list) else [evidence]
    return tuple(_step(entry) for entry in entries if entry)


def _step(entry: Any) -> Step:
    if not isinstance(entry, dict):
        return Step(rule="", found=_facts(entry))
    return Step(
        rule=str(entry.get("step", "")),
        why=_text(entry.get("why") or ""),
        **{part: _facts(entry.get(part)) for part in _PARTS},
    )


def _facts(value: Any) -> tuple[Fact, ...]:
    if value is None or value in ("", [], {}):
        return ()
    if isinstance(value, dict):
        return tuple(Fact(str(name), _text(one)) for name, one in value.items())
    if isinstance(value, list):
        return tuple(fact for one in value for fact in _facts(one))
    return (Fact("", _text(value)),)


def _text(value: Any) -> str:
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return written[:_LONGEST]
