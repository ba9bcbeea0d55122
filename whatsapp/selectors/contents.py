"""What a message carries beside its text, read from stored JSON that providers wrote.

Nothing is taken for granted: what does not have the expected form is shown as it is.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from integrations.providers.base.types import MessageKind

_MOST_CARDS = 20
_LONGEST_RAW = 4_000
# Kinds whose content is worth reading as it came, since the text says little about it.
_SHOWN_RAW = frozenset(
    {
        MessageKind.UNSUPPORTED,
        MessageKind.ORDER,
        MessageKind.FLOW_REPLY,
        MessageKind.INTERACTIVE,
        MessageKind.TEMPLATE,
        MessageKind.SYSTEM,
        MessageKind.CALL_PERMISSION,
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    latitude: float
    longitude: float

    @property
    def map_url(self) -> str:
        at = f"{self.latitude:.6f}/{self.longitude:.6f}"
        return (
            f"https://www.openstreetmap.org/?mlat={self.latitude:.6f}"
            f"&mlon={self.longitude:.6f}#map=17/{at}"
        )


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateParts:
    """What a template that we sent shows beside its text, as it went out."""

    header: str = ""
    header_kind: str = ""
    footer: str = ""
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    place: Place | None = None
    template: TemplateParts | None = None
    cards: tuple[Card, ...] = ()
    type_told: str = ""
    raw: str = ""


def read(kind: str, content: Any) -> Contents:
    if not isinstance(content, dict):
        return Contents()
    told = content.get("type")
    template = _template(content) if kind == MessageKind.TEMPLATE else None
    return Contents(
        template=template,
        place=_place(content) if kind == MessageKind.LOCATION else None,
        cards=_cards(content) if kind == MessageKind.CONTACTS else (),
        type_told=told[:100] if isinstance(told, str) else "",
        raw=_raw(content) if kind in _SHOWN_RAW and content and not template else "",
    )


def _template(content: dict[str, Any]) -> TemplateParts | None:
    told = content.get("shown")
    if not isinstance(told, dict):
        return None
    header, kind, footer = (
        told.get(name) for name in ("header", "header_kind", "footer")
    )
    buttons = told.get("buttons")
    return TemplateParts(
        header=header if isinstance(header, str) else "",
        header_kind=kind if isinstance(kind, str) else "",
        footer=footer if isinstance(footer, str) else "",
        buttons=tuple(one for one in buttons if isinstance(one, str))
        if isinstance(buttons, list)
        else (),
    )


def _place(content: dict[str, Any]) -> Place | None:
    try:
        latitude = float(content["latitude"])
        longitude = float(content["longitude"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    on_earth = (
        math.isfinite(latitude)
        and math.isfinite(longitude)
        and abs(latitude) <= 90
        and abs(longitude) <= 180
    )
    return Place(latitude, longitude) if on_earth else None


def _cards(content: dict[str, Any]) -> tuple[Card, ...]:
    cards = content.get("contacts")
    if not isinstance(cards, list):
        return ()
    return tuple(
        Card(
            name="".join(_texts([card.get("name")], "formatted_name")),
            phones=_texts(card.get("phones"), "phone"),
            emails=_texts(card.get("emails"), "email"),
        )
        for card in cards[:_MOST_CARDS]
        if isinstance(card, dict)
    )


def _texts(items: Any, name: str) -> tuple[str, ...]:
    if not isinstance(items, list):
        return ()
    values = (item.get(name) for item in items[:5] if isinstance(item, dict))
    return tuple(value[:200] for value in values if isinstance(value, str) and value)


def _raw(content: dict[str, Any]) -> str:
    written = json.dumps(content, ensure_ascii=False, indent=2)
    return written if len(written) <= _LONGEST_RAW else written[:_LONGEST_RAW] + "…"
