"""A template as the phone shows it: its parts, with what fills the gaps. Pure.

Pages come before: the list, the editor and the composer show the same picture.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_GAP: Final = re.compile(r"(\{\{\s*[A-Za-z0-9_]{1,60}\s*\}\})")
_MEDIA: Final = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
_BUTTONS: Final = {
    "QUICK_REPLY": "reply",
    "URL": "url",
    "PHONE_NUMBER": "phone",
    "COPY_CODE": "code",
    "OTP": "code",
}

Values = Mapping[str, str]  # by the name of a gap's field: see `field_of`


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `gap` names the field that fills it, where it is one."""

    text: str
    gap: str = ""
    is_filled: bool = True


@dataclass(frozen=True, slots=True)
class Button:
    kind: str  # reply, url, phone, code, other
    text: str
    target: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    header: tuple[Piece, ...] = ()
    header_kind: str = ""  # image, video, document, location
    body: tuple[Piece, ...] = ()
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    has_more: bool = False  # parts that are not shown here, such as a carousel

    @property
    def body_text(self) -> str:
        return "".join(piece.text for piece in self.body)

    @property
    def shown(self) -> dict[str, Any]:
        """What a message keeps of it beside its text: the thread shows it as it went out."""
        return {
            "header": "".join(piece.text for piece in self.header),
            "header_kind": self.header_kind,
            "footer": self.footer,
            "buttons": [button.text for button in self.buttons],
        }


def field_of(gap: Mapping[str, Any]) -> str:
    """The name of the field that fills a gap, the same for as long as the contract is."""
    part = str(gap.get("part", ""))
    name = str(gap.get("name", "")) or str(gap.get("kind", "")).lower()
    place = f"-{int(gap.get('index', 0))}" if part == "button" else ""
    return f"{part}{place}-{name}"


def of(components: Sequence[Mapping[str, Any]], values: Values) -> Preview:
    """`values` fill gaps; the others stay as they are written."""
    told: dict[str, Any] = {}
    for component in components:
        kind = _word(component, "type")
        if kind == "HEADER":
            form = _word(component, "format")
            if form in _MEDIA:
                told["header_kind"] = _MEDIA[form]
            elif form == "LOCATION":
                told["header_kind"] = "location"
            else:
                told["header"] = pieces(_text(component), "header", values)
        elif kind == "BODY":
            told["body"] = pieces(_text(component), "body", values)
        elif kind == "FOOTER":
            told["footer"] = _text(component)
        elif kind == "BUTTONS":
            told["buttons"] = _buttons(component, values)
        else:
            told["has_more"] = True
    return Preview(**told)


def pieces(text: str, place: str, values: Values) -> tuple[Piece, ...]:
    """A text, cut at its gaps."""
    found: list[Piece] = []
    for stretch in _GAP.split(text):
        if not stretch:
            continue
        if not _GAP.fullmatch(stretch):
            found.append(Piece(stretch))
            continue
        gap = f"{place}-{stretch.strip('{} ').strip()}"
        value = values.get(gap, "")
        found.append(Piece(value or stretch, gap, is_filled=bool(value)))
    return tuple(found)


def _buttons(component: Mapping[str, Any], values: Values) -> tuple[Button, ...]:
    buttons = component.get("buttons")
    found: list[Button] = []
    for index, one in enumerate(buttons if isinstance(buttons, list) else []):
        if not isinstance(one, dict):
            continue
        kind = _BUTTONS.get(_word(one, "type"), "other")
        target = _text(one, "url") or _text(one, "phone_number")
        told = pieces(target, f"button-{index}", values)
        if kind == "code" and (code := values.get(f"button-{index}-code", "")):
            told = (Piece(code, f"button-{index}-code"),)
        found.append(Button(kind, _text(one), told))
    return tuple(found)


def _text(item: Mapping[str, Any], key: str = "text") -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _word(item: Mapping[str, Any], key: str) -> str:
    return _text(item, key).upper()
