"""Phone numbers: reading them in any notation, and matching the forms one number takes.

Matching never rewrites what we reply to. A reply goes to exactly the digits WhatsApp gave.
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

from integrations.providers.base.phones import canonical as canonical  # noqa: PLC0414  # told on
from integrations.providers.base.phones import variants as variants  # noqa: PLC0414  # told on

HOME: Final = "BR"  # how numbers are read where a workspace has none of its own

_NOT_DIGITS = re.compile(r"\D+")
# The same eight digits as a landline, and as a mobile of a range that came after the ninth.
_BRAZIL_LANDLINE = re.compile(r"55([1-9][1-9])([2-5]\d{7})")
_BRAZIL_NEWER = re.compile(r"55([1-9][1-9])9([2-5]\d{7})")
_LONGEST_NATIONAL = 11
# What may be the beginning of such a number.
_BRAZIL_PART = re.compile(r"55([1-9][1-9])([6-9]\d{0,7})")
_MEXICO_PART = re.compile(r"521(\d{1,10})")
_ARGENTINA_PART = re.compile(r"549(\d{1,10})")
_ARGENTINA_HOME_PART = re.compile(r"549?(11|[23]\d{2,3})15(\d{0,8})")
_PLUS = re.compile(r"\D*[+\uff0b]")
_TWO_ZEROS = re.compile(r"\D*0\D*0")


def digits(text: str) -> str:
    return _NOT_DIGITS.sub("", text)


def beginnings(part: str) -> list[str]:
    """What canonical numbers may begin with, for the first digits of an international one in
    any notation; as they are first."""
    found = [part, canonical(part)]
    if match := _BRAZIL_PART.fullmatch(part):
        found.append(f"55{match[1]}9{match[2]}")
    if match := _MEXICO_PART.fullmatch(part):
        found.append(f"52{match[1]}")
    if match := _ARGENTINA_PART.fullmatch(part):
        found.append(f"54{match[1]}")
    if match := _ARGENTINA_HOME_PART.fullmatch(part):
        found.append(f"54{match[1]}{match[2]}")
    return list(dict.fromkeys(found))


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


def is_international(text: str) -> bool:
    """Whether it says itself that it begins with a country's code: by a plus, or by 00."""
    return bool(_PLUS.match(text) or _TWO_ZEROS.match(text))


def regions_of(calling_codes: Iterable[int]) -> tuple[str, ...]:
    """Where numbers have these codes, as `to_e164` takes it."""
    found = [phonenumbers.region_code_for_country_code(one) for one in calling_codes]
    return tuple(found) or (HOME,)


def to_e164(text: str, *, regions: Collection[str] = (HOME,)) -> str | None:
    """Read what somebody wrote, with a country's code or as people of `regions` write, the
    likelier ones first. None when it is no number."""
    # What has several notations is too long to be written at home: it has its country's code.
    if is_international(text) or len(variants(digits(text))) > 1:
        return from_international(text)
    for region in regions:
        number = _parsed(text, region)
        # A trunk or a carrier's code that is read wrongly makes a number that could be.
        found = _existing(_digits_of(number)) if number else None
        if found:
            return _e164(found)
    return None


def from_international(text: str) -> str | None:
    """Read a number that begins with its country's code. None when it is none.

    Behind a plus it only has to be possible: numbering plans grow. Without one it may have
    been meant for another country, so it has to exist.
    """
    has_plus = _PLUS.match(text) is not None
    if match := _TWO_ZEROS.match(text):
        text = text[match.end() :]
    number = _parsed(text if has_plus and not match else f"+{text}")
    if number is None:
        return None
    written = _digits_of(number)
    found = _existing(written) or (_possible(written) if has_plus else None)
    return _e164(found) if found else None


def wa_id(number: str, *, written: str) -> str:
    """The digits to write to for a number in E.164: as they were written, where WhatsApp
    itself writes such numbers so."""
    one = digits(written)
    return one if one in variants(digits(number)) else digits(number)


def from_whatsapp(number: str) -> str:
    """In E.164, of digits that WhatsApp gave: whoever writes has a number."""
    return from_international(f"+{number}") or f"+{number}"


@lru_cache(maxsize=4096)  # pages write the same few again and again
def display(number: str) -> str:
    """`5511987654321` as `+55 11 98765-4321`, in the notation that can be dialled; what
    cannot be read stays as it is."""
    written = digits(number)
    found = _existing(written) or _possible(written) or _parsed(f"+{written}")
    if found is None:
        return number
    return phonenumbers.format_number(found, PhoneNumberFormat.INTERNATIONAL)


def _existing(number: str) -> PhoneNumber | None:
    """In the first of its notations that the country's numbering knows."""
    return _first(number, phonenumbers.is_valid_number)


def _possible(number: str) -> PhoneNumber | None:
    """In the first of its notations that is as long as numbers of that country are."""
    return _first(number, _is_long_enough)


def _first(number: str, is_good: Callable[[PhoneNumber], bool]) -> PhoneNumber | None:
    """As it is written before its other notations."""
    for one in (number, *reversed(variants(number))):
        parsed = _parsed(f"+{one}")
        if parsed and is_good(parsed):
            return parsed
    return None


def _is_long_enough(number: PhoneNumber) -> bool:
    """Also for who dials it from outside its own town."""
    told = phonenumbers.is_possible_number_with_reason(number)
    return bool(told == ValidationResult.IS_POSSIBLE)


def _parsed(text: str, region: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _digits_of(number: PhoneNumber) -> str:
    return _e164(number).removeprefix("+")


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def titled(name: str, number: str) -> str:
    """One of our numbers among others to choose from: its name, if it has one, and itself."""
    told = display(number)
    return f"{name} · {told}" if name else told
