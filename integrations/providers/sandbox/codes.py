"""The codes that the gateway shows while a phone is awaited: new ones, minute by minute.

Pure. They are worked out from a seed and the time, so nobody has to wake up to change them,
and whoever looks at the same moment sees the same code.
"""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

LIVES: Final = timedelta(seconds=60)
MOST: Final = 5  # WhatsApp too stops showing new ones after a few
_CODE_LENGTH: Final = 16
_TYPED_LENGTH: Final = 8  # as WhatsApp has it


@dataclass(frozen=True, slots=True)
class Code:
    """`text` is what a code to scan holds, `typed` the one to type on the phone."""

    text: str = field(repr=False)
    typed: str = field(repr=False)
    left: timedelta


def showing(seed: str, *, since: datetime, now: datetime) -> Code | None:
    """The code of this moment; None before anybody asked and after the last one."""
    number, past = divmod(max(now - since, timedelta(0)), LIVES)
    if not seed or number >= MOST:
        return None
    return Code(
        text=_word(seed, f"scan {number}")[:_CODE_LENGTH],
        typed=_word(seed, f"type {number}")[:_TYPED_LENGTH],
        left=LIVES - past,
    )


def is_same(told: str, code: str) -> bool:
    """Whether somebody told this code, with the blanks and the case that people type."""
    letters = "".join(told.split()).replace("-", "").upper()
    return hmac.compare_digest(letters.encode("utf-8", "replace"), code.encode())


def _word(seed: str, what: str) -> str:
    digest = hmac.digest(seed.encode(), what.encode(), "sha256")
    return base64.b32encode(digest).decode("ascii")
