"""Hiding who wrote what: bodies of webhooks and of sends, as people and logs may see them.

Pure. `exhibit` (webhooks on a page) and `redaction` (exchanges in the log) come after.
"""

import re
from collections.abc import Callable, Collection
from typing import Any, Final

HIDDEN: Final = "•••"
MASK: Final = "***"  # instead of a secret
# Values that say what kind of thing a body tells, never about whom.
TELLING: Final = frozenset(
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
# By which a send is found again, at the provider and here.
HANDLES: Final = frozenset(
    {
        "biz_opaque_callback_data",
        "callback_token",
        "external_id",
        "fbtrace_id",
        "id",
        "idempotency_key",
        "language",
        "message_id",
        "message_status",
        "presence",
        "session",
    }
)
# The provider's own words for what went wrong, which name a number at most.
ERRORS: Final = frozenset(
    {
        "description",
        "details",
        "detail",
        "error",
        "error_user_msg",
        "error_user_title",
        "exception",
        "href",
        "message",
        "more_info",
        "reason",
        "title",
    }
)
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,63}")
_PLAIN = re.compile(r"[A-Za-z0-9_./:+ -]{1,64}")
_HANDLE = re.compile(r"[A-Za-z0-9_./:+=@, -]{1,200}")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\+?\d{8,15}(?![0-9A-Za-z])")
_SMALL = 10**7  # a longer number may be somebody's phone


def mask(value: Any, *, secret: Collection[str]) -> Any:
    """JSON with every text hidden but those that tell no person; keys stay."""
    return _mask(value, secret, _leaf)


def mask_send(value: Any, *, secret: Collection[str], is_error: bool) -> Any:
    """As `mask`, with the handles of a send and, of an error, what the provider says."""

    def leaf(name: str, inner: Any, within: str) -> Any:
        if isinstance(inner, str):
            if is_error and name in ERRORS:
                return without_numbers(inner)
            # Elsewhere a name is a person's or a place's.
            is_handle = name in HANDLES or (name == "name" and within == "template")
            if is_handle and _HANDLE.fullmatch(inner):
                return without_numbers(inner)
        return _leaf(name, inner, within)

    return _mask(value, secret, leaf)


def without_numbers(text: str) -> str:
    """A text with the phones in it cut to their last four digits."""
    return _NUMBER.sub(lambda found: f"{HIDDEN}{found[0][-4:]}", text)


def hidden(text: str) -> str:
    """Digits keep their last four, by which a person is told from another on the phone."""
    digits = text.removeprefix("+")
    if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15:
        return f"{HIDDEN}{digits[-4:]}"
    return HIDDEN


Leaf = Callable[[str, Any, str], Any]


def _mask(
    value: Any, secret: Collection[str], leaf: Leaf, name: str = "", within: str = ""
) -> Any:
    """`name` is the key that led here and `within` the one before it, in lower case."""
    if isinstance(value, dict):
        return {
            key if _NAME.fullmatch(key) else hidden(key): MASK
            if key.lower() in secret
            else _mask(inner, secret, leaf, key.lower(), name)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_mask(one, secret, leaf, name, within) for one in value]
    return leaf(name, value, within)


def _leaf(name: str, value: Any, within: str) -> Any:
    del within
    if isinstance(value, str):
        is_telling = name in TELLING and _PLAIN.fullmatch(value)
        return value if is_telling or not value else hidden(value)
    if isinstance(value, bool) or value is None:
        return value
    return value if name in TELLING or abs(value) < _SMALL else HIDDEN
