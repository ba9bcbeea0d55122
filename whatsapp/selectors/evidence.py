"""An attribution's evidence, made readable: stored JSON in, plain steps out.

Evidence is kept for years and written by the attribution of its day, so nothing is taken
for granted about it.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy

from whatsapp.models import Rule

_LONGEST = 500


# Our own row ids say nothing to a reader.
_INTERNAL = frozenset({"touch", "lead"})
_NAMES = {
    "token": gettext_lazy("Token"),
    "link": gettext_lazy("Link"),
    "clicked_at": gettext_lazy("Clicked on"),
    "phone": gettext_lazy("Phone"),
    "bsuid": gettext_lazy("Business-scoped id"),
    "lid": gettext_lazy("Hidden id"),
    "source_type": gettext_lazy("Source type"),
    "source_id": gettext_lazy("Ad"),
    "source_url": gettext_lazy("Source address"),
    "headline": gettext_lazy("Headline"),
}


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
    touches: tuple[int, ...] = ()  # what it found, where the reader can look at it

    @property
    def label(self) -> str:
        return str(Rule(self.rule).label) if self.rule in Rule.values else self.rule

    @property
    def outcome(self) -> str:
        if self.refused:
            return "refused"
        return "found" if self.found else "nothing"


def read(evidence: Any, *, touches: Collection[int] = ()) -> tuple[Step, ...]:
    """In the reader's language where the sentences are ours; `touches` are on the page."""
    entries = evidence if isinstance(evidence, list) else [evidence]
    return tuple(_step(entry, touches=touches) for entry in entries if entry)


def _step(entry: Any, *, touches: Collection[int]) -> Step:
    if not isinstance(entry, dict):
        return Step(rule="", found=_facts(entry))
    rule, why = entry.get("step"), entry.get("why")
    return Step(
        rule=rule[:40] if isinstance(rule, str) else "",
        looked_for=_part(entry.get("looked_for")),
        found=_facts(entry.get("found")),
        refused=_part(entry.get("refused")),
        why=_sentence(why) if isinstance(why, str) else _text(why or ""),
        touches=_touches(entry.get("found"), among=touches),
    )


def _touches(found: Any, *, among: Collection[int]) -> tuple[int, ...]:
    told = found if isinstance(found, list) else [found]
    ids = (one.get("touch") for one in told if isinstance(one, dict))
    known = (one for one in ids if type(one) is int and one in among)
    return tuple(dict.fromkeys(known))


def _part(value: Any) -> tuple[Fact, ...]:
    """A bare text here is a sentence of ours; in `found` it is what somebody else wrote."""
    if isinstance(value, str) and value:
        return (Fact("", _sentence(value)),)
    return _facts(value)


def _facts(value: Any) -> tuple[Fact, ...]:
    if value is None or value in ("", [], {}):
        return ()
    if isinstance(value, dict):
        return tuple(
            Fact(str(_NAMES.get(name, name)), _value(name, one))
            for name, one in value.items()
            if one not in (None, "", [], {})
            and not (name in _INTERNAL and isinstance(one, int))
        )
    if isinstance(value, list):
        return tuple(fact for one in value for fact in _facts(one))
    return (Fact("", _text(value)),)


def _value(name: str, value: Any) -> str:
    if name == "phone" and isinstance(value, list):
        # The notations that were looked for, as they are: shown alike, they would be one.
        value = [f"+{one}" if isinstance(one, str) else one for one in value]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)[:_LONGEST]
    if name.endswith("_at") and isinstance(value, str):
        moment = _moment(value)
        if moment is not None:
            return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
    return _text(value)


def _moment(written: str) -> datetime | None:
    try:
        moment = parse_datetime(written)
    except ValueError:
        return None
    return moment if moment and timezone.is_aware(moment) else None


def _sentence(text: str) -> str:
    translated = gettext(text[:_LONGEST]) if text else ""
    return translated[:1].upper() + translated[1:]


def _text(value: Any) -> str:
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return written[:_LONGEST]
