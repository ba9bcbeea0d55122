"""Outgoing messages as JSON and back: how a row keeps one, and how a test case tells one.

A file's bytes are never part of it: whoever sends adds them at the last moment.
"""

import dataclasses
import types
import typing
from enum import Enum
from functools import cache
from typing import Any, Final

from integrations.providers.base import outgoing
from integrations.providers.base.outgoing import Content, OutgoingMessage
from integrations.providers.base.types import Json

_TYPE: Final = "type"
_CONTENTS: Final[dict[str, type]] = {
    kind.__name__.lower(): kind for kind in typing.get_args(Content)
}
_LEFT_OUT: Final = frozenset({(outgoing.OutgoingFile, "content")})


class Misshapen(ValueError):
    """What is kept is no message of ours, or one of another version."""


def dump_content(content: Content) -> dict[str, Json]:
    return {_TYPE: type(content).__name__.lower(), **_dump(content)}


def load_content(told: Json) -> Content:
    """Raises Misshapen."""
    word = told.get(_TYPE) if isinstance(told, dict) else None
    kind = _CONTENTS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise Misshapen("no content of a kind that is known")
    rest = {name: value for name, value in told.items() if name != _TYPE}
    content: Content = _load(kind, rest)
    return content


def dump_message(message: OutgoingMessage) -> dict[str, Json]:
    told = _dump(dataclasses.replace(message, content=outgoing.Text("")))
    return {**told, "content": dump_content(message.content)}


def load_message(told: Json) -> OutgoingMessage:
    """Raises Misshapen."""
    if not isinstance(told, dict):
        raise Misshapen("no message")
    content = load_content(told.get("content"))
    rest = {name: value for name, value in told.items() if name != "content"}
    rest["content"] = {"body": ""}
    message: OutgoingMessage = _load(OutgoingMessage, rest, content=outgoing.Text)
    return dataclasses.replace(message, content=content)


def _dump(item: Any) -> dict[str, Json]:
    """The fields that are not as they would be anyway."""
    told: dict[str, Json] = {}
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        if value != field.default and (type(item), field.name) not in _LEFT_OUT:
            told[field.name] = _plain(value)
    return told


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return _dump(value) if dataclasses.is_dataclass(value) else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _load(kind: type, told: Json, **instead: type) -> Any:
    if not isinstance(told, dict):
        raise Misshapen(f"{kind.__name__} is no object")
    hints = {**_hints(kind), **instead}
    if unknown := set(told) - set(hints):
        raise Misshapen(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return kind(**{name: _read(hints[name], one) for name, one in told.items()})
    except (TypeError, ValueError) as exc:
        raise Misshapen(f"{kind.__name__}: {exc}") from None


def _read(hint: Any, value: Json) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        [hint] = [one for one in typing.get_args(hint) if one is not types.NoneType]
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise Misshapen("a list was expected")
        return tuple(_read(typing.get_args(hint)[0], one) for one in value)
    if dataclasses.is_dataclass(hint):
        return _load(typing.cast("type", hint), value)
    if issubclass(hint, Enum):
        return hint(value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise Misshapen(f"{hint.__name__} was expected")
    return value
