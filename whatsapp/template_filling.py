"""Filling a template's gaps from what another system tells, by the template's contract. Pure.

The contract is a list of gaps (`integrations.providers.base.templates.Gap` as JSON): part,
kind, name, index of the button, media.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from accounts.api.fields import is_storable
from integrations.providers.base.outgoing import (
    ButtonKind,
    Component,
    Media,
    OutgoingFile,
    Parameter,
    ParameterKind,
    Part,
)
from integrations.providers.base.types import MessageKind
from whatsapp import template_preview

Gap = Mapping[str, Any]

_LONGEST: Final = 5000
# How a caller names the parts.
PARTS: Final = {"header": Part.HEADER, "body": Part.BODY, "buttons": Part.BUTTON}
_MIME: Final = {
    MessageKind.IMAGE: "image/jpeg",
    MessageKind.VIDEO: "video/mp4",
    MessageKind.DOCUMENT: "application/pdf",
}


class Unfilled(ValueError):
    """What was told does not fill the template. `field` is as the caller wrote it."""

    def __init__(self, field: str, told: str) -> None:
        super().__init__(f"{field}: {told}")
        self.field = field
        self.told = told


def components(
    gaps: Sequence[Mapping[str, Any]], told: Mapping[str, Any]
) -> tuple[Component, ...]:
    """Every gap filled with what was told of it; raises Unfilled."""
    found: list[Component] = []
    for name, part, wanted, values in _by_part(gaps, told):
        parameters = [
            _parameter(gap, value, f"template.parameters.{name}.{place}")
            for place, (gap, value) in enumerate(zip(wanted, values, strict=True))
        ]
        if part == Part.BUTTON:
            found += [
                Component(part, (one,), index=int(gap.get("index", 0)), button=_of(gap))
                for gap, one in zip(wanted, parameters, strict=True)
            ]
        elif parameters:
            found.append(Component(part, tuple(parameters)))
    return tuple(found)


def texts(gaps: Sequence[Mapping[str, Any]], told: Mapping[str, Any]) -> dict[str, str]:
    """What `components` was told as text, by the field of each gap, for a preview."""
    found: dict[str, str] = {}
    for _, _, wanted, values in _by_part(gaps, told):
        for gap, value in zip(wanted, values, strict=True):
            if isinstance(value, str):
                found[template_preview.field_of(gap)] = value
    return found


def _by_part(
    gaps: Sequence[Gap], told: Mapping[str, Any]
) -> Iterator[tuple[str, Part, list[Gap], Sequence[Any]]]:
    """Each part as a caller names it, its gaps, and what was told of them, in order."""
    for name, part in PARTS.items():
        wanted = [gap for gap in gaps if gap.get("part") == part]
        values = _in_order(wanted, told.get(name), f"template.parameters.{name}")
        yield name, part, wanted, values


def _in_order(
    gaps: Sequence[Mapping[str, Any]], told: Any, field: str
) -> Sequence[Any]:
    """A list is in the order of the gaps, an object goes by their names."""
    if told is None:
        told = []
    names = [str(gap.get("name", "")) for gap in gaps]
    if isinstance(told, Mapping):
        missing = [name for name in names if name not in told]
        others = sorted(set(told) - set(names))
        if missing or others:
            raise Unfilled(field, _difference(missing, others))
        return [told[name] for name in names]
    if not isinstance(told, list):
        raise Unfilled(field, "A list, or an object by name, is expected.")
    if len(told) != len(gaps):
        raise Unfilled(field, f"{len(gaps)} values are expected, {len(told)} are told.")
    return told


def _difference(missing: Sequence[str], others: Sequence[str]) -> str:
    told = [f"missing: {', '.join(missing)[:200]}"] if missing else []
    told += [f"not in the template: {', '.join(others)[:200]}"] if others else []
    return f"{'; '.join(told)}."


def _parameter(gap: Mapping[str, Any], value: Any, field: str) -> Parameter:
    kind = ParameterKind(gap.get("kind", ParameterKind.TEXT))
    if kind is ParameterKind.MEDIA:
        return Parameter(kind, media=_media(gap, value, field))
    if kind is ParameterKind.LOCATION:
        raise Unfilled(field, "Templates with a place cannot be sent through the API.")
    if not isinstance(value, str) or not value.strip() or not is_storable(value):
        raise Unfilled(field, "A text that is not empty is expected.")
    if len(value) > _LONGEST:
        raise Unfilled(field, f"{_LONGEST} characters at most.")
    name = str(gap.get("name", ""))
    return Parameter(kind, text=value, name="" if name.isdecimal() else name)


def _media(gap: Mapping[str, Any], value: Any, field: str) -> Media:
    link = value.get("link") if isinstance(value, dict) else None
    try:
        is_link = isinstance(link, str) and urlsplit(link).scheme == "https"
    except ValueError:
        is_link = False
    if not is_link or not is_storable(str(link)) or len(str(link)) > _LONGEST:
        raise Unfilled(field, 'An object {"link": "https://…"} is expected.')
    kind = MessageKind(gap.get("media") or MessageKind.IMAGE)
    filename = value.get("filename", "")
    if not isinstance(filename, str) or not is_storable(filename):
        raise Unfilled(field, "A file name is a text.")
    return Media(kind, OutgoingFile(_MIME[kind], filename[:240], url=str(link)))


def _of(gap: Mapping[str, Any]) -> ButtonKind | None:
    told = gap.get("button")
    return ButtonKind(told) if told else None
