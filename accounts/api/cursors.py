"""Positions in lists and ids of rows that have no public one, sealed.

Whoever gets one can keep it and bring it back, and nothing else: it holds numbers of rows.
It is bound to the list it was given for, in its workspace and under its filters. The same
position is the same text each time (AES-SIV), so answers can be compared.
"""

import base64
import binascii
import hashlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings

from accounts.api.answers import Problem, unprocessable

LONGEST: Final = 200
_PURPOSE: Final = b"recado api cursors 1\0"


def seal(place: str, text: str) -> str:
    """`place` says what it is of; `text` is ASCII and not empty."""
    told = _cipher().encrypt(text.encode("ascii"), [place.encode()])
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def open_sealed(place: str, sealed: str) -> str:
    """Raises the Problem that says that this is no cursor of this list."""
    try:
        if len(sealed) > LONGEST or not sealed.isascii():
            raise _unknown()
        told = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        return _cipher().decrypt(told, [place.encode()]).decode("ascii")
    except (binascii.Error, InvalidTag, ValueError):
        raise _unknown() from None


def _unknown() -> Problem:
    return unprocessable(
        "cursor",
        "unknown_cursor",
        "This cursor is of another list, or of other filters. Begin without one.",
    )


def _cipher() -> AESSIV:
    return AESSIV(hashlib.sha256(_PURPOSE + settings.SECRET_KEY.encode()).digest())
