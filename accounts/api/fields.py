"""Values of requests and answers, each described once: what reads it also documents it.

A field of a body is read by `read`, one of a query (where everything is text) by
`read_text`; both raise the Problem that names it. `schema` is the same thing in the words of
JSON Schema, as the OpenAPI document has it.
"""

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise

from accounts.api.answers import unprocessable

Told = str | Promise
Schemas = dict[str, Any]  # the named objects of a document

_YEARS: Final = range(1970, 2200)
_SECONDS: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*")


@dataclass(frozen=True, kw_only=True)
class Field:
    """`is_required` is of requests: an answer has all of its fields. `example` is shown."""

    about: Told = ""
    is_required: bool = False
    is_nullable: bool = False
    example: Any = None

    def read(self, value: Any, name: str) -> Any:
        """The value as the code wants it. Raises an unprocessable Problem."""
        raise NotImplementedError

    def read_text(self, text: str, name: str) -> Any:
        return self.read(text, name)

    def schema(self, named: Schemas) -> dict[str, Any]:
        """Its schema; what it is made of is put into `named`."""
        told = self._kind(named)
        if self.is_nullable:
            told = _or_null(told)
        if self.about:
            told["description"] = str(self.about)
        if self.example is not None:
            told["examples"] = [self.example]
        return told

    def _kind(self, named: Schemas) -> dict[str, Any]:
        raise NotImplementedError


def _or_null(told: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in told:
        return {"anyOf": [told, {"type": "null"}]}
    kinds = {"type": [told["type"], "null"]}
    return told | kinds | ({"enum": [*told["enum"], None]} if "enum" in told else {})


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """`most` and `least` are in characters."""

    most: int = 200
    least: int = 0

    def read(self, value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise unprocessable(name, "invalid", "A string is expected.")
        if not is_storable(value):
            raise unprocessable(
                name, "invalid", "It holds characters that cannot be kept."
            )
        if len(value) > self.most:
            raise unprocessable(name, "too_long", f"{self.most} characters at most.")
        if len(value.strip()) < self.least:
            raise unprocessable(name, "missing", "It is needed.")
        return value

    def _kind(self, named: Schemas) -> dict[str, Any]:
        least = {"minLength": self.least} if self.least else {}
        return {"type": "string", "maxLength": self.most} | least


@dataclass(frozen=True, kw_only=True)
class Name(Text):
    """Of something in another system, where it may be a number as well; always text here."""

    def read(self, value: Any, name: str) -> str:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if is_number and abs(value) >= 10**18:
            raise unprocessable(name, "invalid", "As long a number is sent as text.")
        return super().read(str(value) if is_number else value, name)

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return super()._kind(named) | {"type": ["string", "integer"]}


@dataclass(frozen=True, kw_only=True)
class Said(Text):
    """Text of an answer: as long as it is."""

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True, kw_only=True)
class Word(Field):
    """One of a few."""

    among: Collection[str]

    def read(self, value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in self.among:
            told = ", ".join(self.among)
            raise unprocessable(name, "invalid", f"One of {told} is expected.")
        return value

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.among)}


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    least: int = 0
    most: int = 2**31 - 1

    def read(self, value: Any, name: str) -> int:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not self.least <= value <= self.most:
            raise unprocessable(
                name,
                "invalid",
                f"A whole number from {self.least} to {self.most} is expected.",
            )
        return int(value)

    def read_text(self, text: str, name: str) -> int:
        is_number = text.isascii() and text.isdecimal() and len(text) < 20
        return self.read(int(text) if is_number else None, name)

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    def read(self, value: Any, name: str) -> bool:
        if not isinstance(value, bool):
            raise unprocessable(name, "invalid", "true or false is expected.")
        return value

    def read_text(self, text: str, name: str) -> bool:
        return self.read({"true": True, "false": False}.get(text), name)

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Key(Field):
    """The public id of a row."""

    def read(self, value: Any, name: str) -> uuid.UUID:
        try:
            key = uuid.UUID(value)
        except (ValueError, TypeError, AttributeError):
            key = None
        if key is None or str(key) != value.lower():
            raise unprocessable(name, "invalid", "A key (UUID) is expected.")
        return key

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}


@dataclass(frozen=True, kw_only=True)
class Moment(Field):
    """With its offset: a time without one is nobody's."""

    def read(self, value: Any, name: str) -> datetime:
        moment = None
        if isinstance(value, str) and _SECONDS.fullmatch(value):
            try:
                # In an address a plus is a space, where nobody wrote it as %2B.
                moment = parse_datetime(re.sub(r" (?=\d\d:?\d\d$)", "+", value))
            except ValueError:
                moment = None
        if moment is None or moment.tzinfo is None or moment.year not in _YEARS:
            raise unprocessable(
                name, "invalid", "A time such as 2026-03-10T15:00:00Z is expected."
            )
        return moment

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True, kw_only=True)
class Email(Text):
    most: int = 254

    def read(self, value: Any, name: str) -> str:
        text = super().read(value, name)
        if not text:
            return text
        try:
            validate_email(text)
        except ValidationError:
            raise unprocessable(
                name, "invalid", "An e-mail address is expected."
            ) from None
        return text

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return super()._kind(named) | {"format": "email"}


_https = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True, kw_only=True)
class Link(Text):
    most: int = 500

    def read(self, value: Any, name: str) -> str:
        text = super().read(value, name)
        if not text:
            return text
        try:
            _https(text)
        except ValidationError:
            raise unprocessable(name, "invalid", "A link is expected.") from None
        return text

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return super()._kind(named) | {"format": "uri"}


@dataclass(frozen=True, kw_only=True)
class Listing(Field):
    """Of an answer."""

    of: Field

    def _kind(self, named: Schemas) -> dict[str, Any]:
        return {"type": "array", "items": self.of.schema(named)}


@dataclass(frozen=True, kw_only=True)
class Object(Field):
    """`name` is what the document calls it. An answer (`is_answer`) has every field."""

    name: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    is_answer: bool = False

    def read(self, value: Any, name: str) -> dict[str, Any]:
        """What was said, by name. Nothing that is not known is let through."""
        if not isinstance(value, dict):
            raise unprocessable(name, "invalid", "An object is expected.")
        place = f"{name}." if name else ""
        for one in value:
            if one not in self.fields:
                raise unprocessable(
                    f"{place}{one}"[:200], "unknown_field", "There is no such field."
                )
        return read_all(self.fields, value, place=place)

    def _kind(self, named: Schemas) -> dict[str, Any]:
        if self.name not in named:
            named[self.name] = {}  # it may hold itself
            named[self.name] = self._described(named)
        return {"$ref": f"#/components/schemas/{self.name}"}

    def _described(self, named: Schemas) -> dict[str, Any]:
        needed = [
            name
            for name, one in self.fields.items()
            if self.is_answer or one.is_required
        ]
        told: dict[str, Any] = {
            "type": "object",
            "properties": {
                name: one.schema(named) for name, one in self.fields.items()
            },
            "additionalProperties": False,
        }
        return told | ({"required": needed} if needed else {})


@dataclass(frozen=True, kw_only=True)
class Free(Field):
    """An object that the view reads by itself; `described` is its schema."""

    name: str
    described: Mapping[str, Any]

    def read(self, value: Any, name: str) -> Any:
        return value

    def _kind(self, named: Schemas) -> dict[str, Any]:
        named[self.name] = dict(self.described)
        return {"$ref": f"#/components/schemas/{self.name}"}


def read_all(
    fields: Mapping[str, Field], told: Mapping[str, Any], *, place: str = ""
) -> dict[str, Any]:
    """Those that were told; null takes the place of a value only where it may."""
    found: dict[str, Any] = {}
    for name, one in fields.items():
        if name not in told:
            if one.is_required:
                raise unprocessable(f"{place}{name}", "missing", "It is needed.")
            continue
        value = told[name]
        if value is None and one.is_nullable:
            found[name] = None
        else:
            found[name] = one.read(value, f"{place}{name}")
    return found


def read_query(fields: Mapping[str, Field], told: Mapping[str, str]) -> dict[str, Any]:
    """Of an address. What is empty was not asked; what is not known is refused, since a
    filter that is overlooked gives everything."""
    found: dict[str, Any] = {}
    for name, text in told.items():
        if name not in fields:
            raise unprocessable(
                name[:200], "unknown_parameter", "There is no such parameter."
            )
        if text:
            found[name] = fields[name].read_text(text, name)
    return found


def is_storable(text: str) -> bool:
    """PostgreSQL keeps no NUL, and half a surrogate pair is no character."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)
