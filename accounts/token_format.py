"""What a service token looks like: `rcd_`, 32 random bytes and a checksum, in base 62.

Pure. The prefix and the length are for secret scanners: `rcd_[0-9A-Za-z]{49}`. The checksum
lets a scanner drop what only looks like one, and us refuse a mistyped one without asking
the database.
"""

import re
import secrets
import zlib

PREFIX = "rcd_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 43, 6  # digits that hold 256 and 32 bits
_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)
HINT_LENGTH = len(PREFIX) + 4


def new_secret() -> str:
    body = _written(secrets.randbits(256), _RANDOM)
    return f"{PREFIX}{body}{_checksum(body)}"


def is_well_formed(secret: str) -> bool:
    if _SHAPE.fullmatch(secret) is None:
        return False
    body = secret[len(PREFIX) : -_CHECK]
    return _checksum(body) == secret[-_CHECK:]


def _checksum(body: str) -> str:
    return _written(zlib.crc32(body.encode()), _CHECK)


def _written(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))
