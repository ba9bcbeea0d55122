"""What another system asks to be sent, read from its JSON. Pure.

Everything is looked at before anything is believed: what is missing, of a wrong type or not
known is refused with the name of the field as it was written.
"""

import mimetypes
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from accounts.api.answers import unprocessable
from accounts.api.fields import is_storable
from integrations.providers.base.outgoing import (
    MEDIA_KINDS,
    Media,
    OutgoingFile,
    Text,
)
from integrations.providers.base.types import MessageKind

_LONGEST_TEXT: Final = 20_000  # characters; what a provider takes is checked later
_LONGEST_LINK: Final = 2048
_TYPES: Final = ("text", "template", *sorted(kind.value for kind in MEDIA_KINDS))
_FIELDS: Final = frozenset(
    {"to", "conversation", "channel", "type", "text", "media", "template", "reply_to"}
    | {"bulk"}
)


@dataclass(frozen=True, slots=True)
class TemplateAsked:
    """`parameters` are by part: a list in the order of the gaps, or by their names."""

    name: str
    language: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One message that is asked for. `channel` is a key or a phone number, or empty."""

    content: Text | Media | TemplateAsked
    to: str
    conversation: uuid.UUID | None
    channel: str
    reply_to: str
    is_bulk: bool

    @property
    def content_field(self) -> str:
        match self.content:
            case Text():
                return "text"
            case Media():
                return "media"
            case _:
                return "template"


def read(told: Mapping[str, Any]) -> Asked:
    """Raises an unprocessable Problem."""
    _only(told, _FIELDS, "")
    kind = _text(told, "type", most=20) or "text"
    if kind not in _TYPES:
        raise unprocessable(
            "type", "unknown_type", f"One of {', '.join(_TYPES)} is expected."
        )
    to, thread = _text(told, "to", most=40), _text(told, "conversation", most=36)
    if bool(to) == bool(thread):
        raise unprocessable(
            "to", "recipient_needed", "Name either `to` or `conversation`."
        )
    for name in ("text", "media", "template"):
        if name in told and name != _part(kind):
            raise unprocessable(
                name, "wrong_type", f"A message of type {kind} has no {name}."
            )
    return Asked(
        content=_content(told, kind),
        to=to,
        conversation=_key(thread) if thread else None,
        channel=_text(told, "channel", most=40),
        reply_to=_text(told, "reply_to", most=200),
        is_bulk=_flag(told, "bulk"),
    )


def _part(kind: str) -> str:
    return kind if kind in ("text", "template") else "media"


def _content(told: Mapping[str, Any], kind: str) -> Text | Media | TemplateAsked:
    if kind == "text":
        return Text(_text(told, "text", most=_LONGEST_TEXT))
    part = _part(kind)
    inner = told.get(part)
    if not isinstance(inner, dict):
        raise unprocessable(part, "missing", f"An object is expected in `{part}`.")
    return _template(inner) if part == "template" else _media(inner, MessageKind(kind))


def _media(told: Mapping[str, Any], kind: MessageKind) -> Media:
    names = {"link", "mime_type", "filename", "size", "caption"}
    _only(told, names, "media.")
    link = _link(told, "media.link")
    filename = _text(told, "filename", most=240, place="media.")
    mime = _text(told, "mime_type", most=120, place="media.")
    guessed, _ = mimetypes.guess_type(filename or urlsplit(link).path)
    if not (mime or guessed):
        raise unprocessable(
            "media.mime_type", "missing", "The link does not tell what it leads to."
        )
    size = told.get("size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 2**50:
        raise unprocessable("media.size", "invalid", "A number of bytes is expected.")
    return Media(
        kind,
        OutgoingFile(mime or guessed or "", filename=filename, size=size, url=link),
        caption=_text(told, "caption", most=_LONGEST_TEXT, place="media."),
    )


def _link(told: Mapping[str, Any], field: str) -> str:
    link = _text(told, "link", most=_LONGEST_LINK, place=field.removesuffix("link"))
    try:
        parts = urlsplit(link)
        is_good = parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        is_good = False
    if not is_good or not link.isprintable() or " " in link:
        raise unprocessable(field, "invalid_link", "An https link is expected.")
    return link


def _template(told: Mapping[str, Any]) -> TemplateAsked:
    _only(told, {"name", "language", "parameters"}, "template.")
    found = {
        name: _text(told, name, most=512, place="template.")
        for name in ("name", "language")
    }
    for name, value in found.items():
        if not value:
            raise unprocessable(f"template.{name}", "missing", "It is needed.")
    parameters = told.get("parameters", {})
    if not isinstance(parameters, dict):
        raise unprocessable(
            "template.parameters", "invalid", "An object by part is expected."
        )
    _only(parameters, {"header", "body", "buttons"}, "template.parameters.")
    return TemplateAsked(found["name"], found["language"], parameters)


# --- single values ------------------------------------------------------------------
def _only(told: Mapping[str, Any], names: Any, place: str) -> None:
    for name in told:
        if name not in names:
            raise unprocessable(
                f"{place}{name}"[:200], "unknown_field", "There is no such field."
            )


def _text(told: Mapping[str, Any], name: str, *, most: int, place: str = "") -> str:
    value = told.get(name, "")
    field = f"{place}{name}"
    if value is None:
        return ""
    if not isinstance(value, str):
        raise unprocessable(field, "invalid", "A string is expected.")
    if not is_storable(value):
        raise unprocessable(
            field, "invalid", "It holds characters that cannot be kept."
        )
    if len(value) > most:
        raise unprocessable(field, f"{name}_too_long", f"{most} characters at most.")
    return value


def _flag(told: Mapping[str, Any], name: str) -> bool:
    value = told.get(name, False)
    if not isinstance(value, bool):
        raise unprocessable(name, "invalid", "true or false is expected.")
    return value


def _key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise unprocessable(
            "conversation", "unknown_conversation", "There is no such conversation."
        ) from None
