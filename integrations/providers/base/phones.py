"""The digits of phone numbers, and the notations that count as one number."""

import re

_NOT_DIGITS = re.compile(r"[^0-9]")
# Brazil: 55, two-digit area code, eight digits. Only those that begin with 6 to 9 are
# mobile and gained a ninth digit; the others are landlines and must not be joined.
_BRAZIL_OLD = re.compile(r"55([1-9][1-9])([6-9][0-9]{7})")
_BRAZIL_NEW = re.compile(r"55([1-9][1-9])9([6-9][0-9]{7})")
_MEXICO_OLD = re.compile(r"521([0-9]{10})")
_MEXICO_NEW = re.compile(r"52([0-9]{10})")
_ARGENTINA_MOBILE = re.compile(r"549([0-9]{10})")
_ARGENTINA_PLAIN = re.compile(r"54([0-9]{10})")
# At home a mobile is written with 15 behind its area code, and without the 9.
_ARGENTINA_HOME = re.compile(r"549?(?=[0-9]{12}$)(11|[23][0-9]{2,3})15([0-9]+)")


def digits_of(text: str | None) -> str | None:
    """The digits of a number as it is displayed ("+55 11 98888-7777")."""
    digits = _NOT_DIGITS.sub("", text or "")
    return digits if 5 <= len(digits) <= 20 else None


def canonical(number: str) -> str:
    """One form for all notations of an international number given as digits."""
    if match := _BRAZIL_OLD.fullmatch(number):
        return f"55{match[1]}9{match[2]}"
    if match := _MEXICO_OLD.fullmatch(number):
        return f"52{match[1]}"
    if match := _ARGENTINA_MOBILE.fullmatch(number):
        return f"54{match[1]}"
    if match := _ARGENTINA_HOME.fullmatch(number):
        return f"54{match[1]}{match[2]}"
    return number


def variants(number: str) -> list[str]:
    """Every notation that counts as the same number, the canonical one first."""
    one = canonical(number)
    other = None
    if match := _BRAZIL_NEW.fullmatch(one):
        other = f"55{match[1]}{match[2]}"
    elif match := _MEXICO_NEW.fullmatch(one):
        other = f"521{match[1]}"
    elif match := _ARGENTINA_PLAIN.fullmatch(one):
        other = f"549{match[1]}"
    return [one] if other is None else [one, other]


def is_same_number(one: str | None, other: str | None) -> bool:
    """Equal digits, or two notations of one number."""
    if not one or not other:
        return False
    return canonical(one) == canonical(other)
