"""A stored request as people may see it. Pages of `webhooks` come after; pure but for names.

Secrets are masked always; what tells who wrote what is masked until somebody asks for it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from integrations import masking
from integrations.masking import HIDDEN as HIDDEN  # noqa: PLC0414  # for the pages
from integrations.masking import MASK
from integrations.providers import registry
from integrations.redaction import ALWAYS

# A page shows this much of a body; the rest is in the download.
MOST_CHARACTERS = 64 * 1024
READ_LIMIT = 1024 * 1024
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
            keys = _secret_names(provider)
            value = (
                _without_secrets(value, keys)
                if shows_people
                else masking.mask(value, secret=keys)
            )
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
    return _visible(text) if shows_people else masking.hidden(text)


def _secret_names(provider: str) -> frozenset[str]:
    """A row outlives its provider; then what is secret everywhere still is."""
    try:
        return registry.get(provider).redact_keys | ALWAYS
    except registry.UnknownProvider:
        return ALWAYS


def _without_secrets(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if name.lower() in keys else _without_secrets(inner, keys)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(one, keys) for one in value]
    return value


def _cut(text: str) -> tuple[str, bool]:
    is_cut = len(text) > MOST_CHARACTERS
    return _visible(text[:MOST_CHARACTERS]) + ("…" if is_cut else ""), is_cut


def _visible(text: str) -> str:
    """No mark may turn the page around, and no half character may break it."""
    seen = _UNSEEN.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)
    return seen.replace("\0", "\\u0000").encode("utf-8", "replace").decode()
