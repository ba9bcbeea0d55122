"""Phone numbers: reading them in any notation, and matching the forms one number takes.

Matching never rewrites what we reply to. A reply goes to exactly the digits WhatsApp gave.
"""

import re
from collections.abc import Collection
from functools import lru_cache

import phonenumbers

_NOT_DIGITS = re.compile(r"\D+")
# Brazil: 55, two-digit area code, eight digits. Only those that begin with 6 to 9 are
# mobile and gained a ninth digit; the others are landlines and must not be joined.
_BRAZIL_OLD = re.compile(r"55([1-9][1-9])([6-9]\d{7})")
_BRAZIL_NEW = re.compile(r"55([1-9][1-9])9([6-9]\d{7})")
# The same eight digits as a landline, and as a mobile of a range that came after the ninth.
_BRAZIL_LANDLINE = re.compile(r"55([1-9][1-9])([2-5]\d{7})")
_BRAZIL_NEWER = re.compile(r"55([1-9][1-9])9([2-5]\d{7})")
_LONGEST_NATIONAL = 11
_MEXICO_OLD = re.compile(r"521(\d{10})")
_MEXICO_NEW = re.compile(r"52(\d{10})")
_ARGENTINA_MOBILE = re.compile(r"549(\d{10})")
_ARGENTINA_PLAIN = re.compile(r"54(\d{10})")


def digits(text: str) -> str:
    return _NOT_DIGITS.sub("", text)


def canonical(number: str) -> str:
    """One form for all notations of an international number given as digits."""
    if match := _BRAZIL_OLD.fullmatch(number):
        return f"55{match[1]}9{match[2]}"
    if match := _MEXICO_OLD.fullmatch(number):
        return f"52{match[1]}"
    if match := _ARGENTINA_MOBILE.fullmatch(number):
        return f"54{match[1]}"
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


def lookalikes(number: str, *, calling_codes: Collection[int] = ()) -> list[str]:
    """Other numbers that may be the same one, though nobody can tell from the digits.

    A Brazilian landline and the mobile that has its eight digits behind a nine; and a number
    written without the country's code, which is one of those of the workspace's own numbers.
    """
    one = canonical(number)
    found = []
    if match := _BRAZIL_LANDLINE.fullmatch(one):
        found.append(f"55{match[1]}9{match[2]}")
    elif match := _BRAZIL_NEWER.fullmatch(one):
        found.append(f"55{match[1]}{match[2]}")
    for code in sorted(calling_codes):
        if len(one) <= _LONGEST_NATIONAL:
            found.append(canonical(f"{code}{one.lstrip('0')}"))
        for written in variants(one):
            if written.startswith(str(code)):
                found += [written.removeprefix(str(code))]
    return [other for other in dict.fromkeys(found) if other != one]


def match_key_for_phone(number: str) -> str:
    """The key under which all notations of an international number meet: `p:<digits>`."""
    return f"p:{canonical(digits(number))}"


def to_e164(text: str, *, region: str = "BR") -> str | None:
    """Read what a person typed, with or without country code. None when it is no number."""
    try:
        number = phonenumbers.parse(
            text, None if text.lstrip().startswith("+") else region
        )
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)  # pages write the same few again and again
def display(number: str) -> str:
    """`5511987654321` as `+55 11 98765-4321`; what cannot be read stays as it is."""
    try:
        parsed = phonenumbers.parse(f"+{digits(number)}")
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(
        parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )


def titled(name: str, number: str) -> str:
    """One of our numbers among others to choose from: its name, if it has one, and itself."""
    told = display(number)
    return f"{name} · {told}" if name else told
