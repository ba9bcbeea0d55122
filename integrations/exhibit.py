"""A stored request as people may see it. Pages of `webhooks` come after; pure but for names.

Secrets are masked always; what tells who wrote what is masked until somebody asks for it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from integrations.providers import registry
from integrations.redaction import ALWAYS, MASK

HIDDEN = "•••"
# A page shows this much of a body; the rest is in the download.
MOST_CHARACTERS = 64 * 1024
READ_LIMIT = 1024 * 1024
# Values that say what kind of thing a body tells, never about whom.
_TELLING = frozenset(
    {
        "action",
        "category",
        "code",
        "conversation_type",
        "display_phone_number",
        "event",
        "event_type",
        "field",
        "kind",
        "messaging_product",
        "mime_type",
        "object",
        "phase",
        "phone_number_id",
        "pricing_model",
        "progress",
        "recipient_type",
        "source_type",
        "status",
        "timestamp",
        "type",
        "version",
    }
)
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,63}")
_PLAIN = re.compile(r"[A-Za-z0-9_./:+ -]{1,64}")
_SMALL = 10**7  # a longer number may be somebody's phone
# Marks that turn the direction of a text, and others nobody sees.
_UNSEEN = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def headers(provider: str, kept: Mapping[str, str]) -> list[tuple[str, str]]:
    keys = _secret_names(provider)
    return [
        (_visible(str(name)), MASK if name.lower() in keys else _visible(str(value)))
        for name, value in sorted(kept.items())
    ]


def body(provider: str, content: bytes, *, shows_people: bool) -> tuple[str, bool]:
    """A body as text to read, and whether its end is missing.

    What is no JSON cannot be masked in parts: it is empty until people may be shown.
    """
    value: Any = None
    try:
        if len(content) <= READ_LIMIT:
            value = json.loads(content)
            value = _mask(value, _secret_names(provider), shows_people=shows_people)
            return _cut(json.dumps(value, ensure_ascii=False, indent=2))
    except (ValueError, RecursionError):
        pass
    if not shows_people:
        return "", False
    return _cut(content[: MOST_CHARACTERS * 4 + 1].decode("utf-8", "replace"))


def person(text: str | None, *, shows_people: bool) -> str:
    """A name, a number or a text, masked unless people may be shown."""
    if not text:
        return ""
    return _visible(text) if shows_people else _hidden(text)


def _secret_names(provider: str) -> frozenset[str]:
    """A row outlives its provider; then what is secret everywhere still is."""
    try:
        return registry.get(provider).redact_keys | ALWAYS
    except registry.UnknownProvider:
        return ALWAYS


def _mask(value: Any, keys: frozenset[str], *, shows_people: bool) -> Any:
    if isinstance(value, dict):
        masked = {}
        for name, inner in value.items():
            shown = name if shows_people or _NAME.fullmatch(name) else _hidden(name)
            masked[shown] = _member(name.lower(), inner, keys, shows_people)
        return masked
    if isinstance(value, list):
        return [_mask(one, keys, shows_people=shows_people) for one in value]
    return value if shows_people else _leaf("", value)


def _member(name: str, inner: Any, keys: frozenset[str], shows_people: bool) -> Any:
    if name in keys:
        return MASK
    if isinstance(inner, dict | list) or shows_people:
        return _mask(inner, keys, shows_people=shows_people)
    return _leaf(name, inner)


def _leaf(name: str, value: Any) -> Any:
    if isinstance(value, str):
        is_telling = name in _TELLING and _PLAIN.fullmatch(value)
        return value if is_telling or not value else _hidden(value)
    if isinstance(value, bool) or value is None:
        return value
    return value if name in _TELLING or abs(value) < _SMALL else HIDDEN


def _hidden(text: str) -> str:
    """Digits keep their last four, by which a person is told from another on the phone."""
    digits = text.removeprefix("+")
    if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15:
        return f"{HIDDEN}{digits[-4:]}"
    return HIDDEN


def _cut(text: str) -> tuple[str, bool]:
    is_cut = len(text) > MOST_CHARACTERS
    return _visible(text[:MOST_CHARACTERS]) + ("…" if is_cut else ""), is_cut


def _visible(text: str) -> str:
    """No mark may turn the page around, and no half character may break it."""
    seen = _UNSEEN.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)
    return seen.replace("\0", "\\u0000").encode("utf-8", "replace").decode()
