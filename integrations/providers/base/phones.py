"""Numbers of ours as providers write them: which digits, and whether two are the same."""

import re

_NOT_DIGITS = re.compile(r"[^0-9]")


def digits_of(text: str | None) -> str | None:
    """The digits of a number as it is displayed ("+55 11 98888-7777")."""
    digits = _NOT_DIGITS.sub("", text or "")
    return digits if 5 <= len(digits) <= 20 else None


def is_same_number(one: str | None, other: str | None) -> bool:
    """Equal digits, or two forms that WhatsApp and people write of one number.

    Brazil with or without the ninth digit, Mexico 521 and 52, Argentina 549 and 54.
    """
    if not one or not other:
        return False
    return _shortest(one) == _shortest(other)


def _shortest(digits: str) -> str:
    if len(digits) != 13:
        return digits
    # Only what began with 6 to 9 was mobile and gained the digit; the rest are landlines.
    if digits.startswith("55") and digits[4] == "9" and digits[5] in "6789":
        return digits[:4] + digits[5:]
    if digits.startswith(("521", "549")):
        return digits[:2] + digits[3:]
    return digits
