"""The fields of a provider's form as data, and their validation, without Django.

Each provider's `forms.py` lists its fields; the management command prints the problems
found here, and a Django form is built from the same list.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from integrations.providers.base.errors import CredentialsInvalid
from integrations.providers.base.texts import gettext_noop as _

MISSING: Final = "missing"
UNKNOWN: Final = "unknown field"
PHONE: Final = "phone"
MADE_BYTES: Final = 32  # of a secret that we make ourselves
MOST: Final = 2000  # characters; the longest access tokens are a few hundred

_USUAL_PORT: Final = {"https": ":443", "http": ":80"}
_PHONE_ORNAMENTS = re.compile(r"[\s().\-]")
_PHONE = re.compile(r"\+?([1-9][0-9]{7,14})")


@dataclass(frozen=True, slots=True)
class Field:
    """One credential an admin fills in. `pattern` must match the whole value.

    `expected` finishes the sentence "wrong shape: expected …". `label`, `help` and
    `expected` are English message ids. An optional one may stay empty; left empty, one that
    is made here gets a random word, which the provider is told; a granted one comes with a
    session (SessionReport.granted) and no form asks for it. Those that are a place say
    together where the number's session lives; see place_in().
    """

    name: str
    label: str
    pattern: str
    expected: str
    help: str = ""
    is_secret: bool = False
    is_optional: bool = False
    is_made: bool = False
    is_granted: bool = False
    is_place: bool = False

    @property
    def may_be_empty(self) -> bool:
        return self.is_optional or self.is_made or self.is_granted


def phone_field(help_text: str) -> Field:
    return Field(
        name="phone_number",
        label=_("Phone number"),
        pattern=PHONE,
        expected=_("a number with country code, 8 to 15 digits"),
        help=help_text,
    )


def digits_field(name: str, label: str, help_text: str = "") -> Field:
    return Field(
        name=name,
        label=label,
        pattern=r"[0-9]{5,20}",
        expected=_("5 to 20 digits"),
        help=help_text,
    )


def secret_field(name: str, label: str, help_text: str = "") -> Field:
    """A secret is taken as it is: only blanks and control characters betray a bad paste."""
    return Field(
        name=name,
        label=label,
        pattern=r"[\x21-\x7e]{8,}",
        expected=_("at least 8 characters, without spaces"),
        help=help_text,
        is_secret=True,
    )


def made_field(name: str, label: str, help_text: str, *, least: int = 8) -> Field:
    """A secret of our own choice: the provider shows by it who posts to us."""
    return Field(
        name=name,
        label=label,
        pattern=rf"[\x21-\x7e]{{{least},}}",
        expected=_("at least 8 characters, without spaces")
        if least == 8
        else _("at least 16 characters, without spaces"),
        help=help_text,
        is_secret=True,
        is_made=True,
    )


def validate(
    fields: Sequence[Field], credentials: Mapping[str, object]
) -> dict[str, str]:
    """Return the cleaned credentials, phone numbers as E.164, or raise CredentialsInvalid.

    The reasons name fields and shapes and never repeat a value.
    """
    known = {field.name for field in fields}
    problems = {str(name): UNKNOWN for name in credentials if name not in known}
    cleaned: dict[str, str] = {}
    for field in fields:
        value = credentials.get(field.name)
        text = value.strip() if isinstance(value, str) else value
        if text is None or text == "":
            if field.is_made:
                cleaned[field.name] = secrets.token_urlsafe(MADE_BYTES)
            elif not field.may_be_empty:
                problems[field.name] = MISSING
        elif not isinstance(text, str) or (shaped := _shaped(field, text)) is None:
            problems[field.name] = f"wrong shape: expected {field.expected}"
        else:
            cleaned[field.name] = shaped
    if problems:
        raise CredentialsInvalid(problems)
    return cleaned


def _shaped(field: Field, text: str) -> str | None:
    if len(text) > MOST:
        return None
    if field.pattern == PHONE:
        found = _PHONE.fullmatch(_PHONE_ORNAMENTS.sub("", text))
        return f"+{found[1]}" if found else None
    return text if re.fullmatch(field.pattern, text) else None


def place_in(fields: Sequence[Field], credentials: Mapping[str, str]) -> str:
    """Where the session of these credentials lives, alike for all spellings of one address.

    Empty where no field is a place: such a provider knows sessions by their number.
    """
    values = [credentials.get(field.name, "") for field in fields if field.is_place]
    return " ".join(_as_place(value) for value in values)


def _as_place(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if not rest:
        return value
    host, slash, path = rest.rstrip("/").partition("/")
    scheme, host = scheme.lower(), host.lower()
    return f"{host.removesuffix(_USUAL_PORT.get(scheme, ''))}{slash}{path}"


def names(fields: Sequence[Field]) -> tuple[str, ...]:
    return tuple(field.name for field in fields)


def secret_names(fields: Sequence[Field]) -> frozenset[str]:
    return frozenset(field.name for field in fields if field.is_secret)


def secrets_in(fields: Sequence[Field], credentials: Mapping[str, str]) -> list[str]:
    """The values that must never be told again, whoever repeats them."""
    return [credentials.get(name, "") for name in secret_names(fields)]
