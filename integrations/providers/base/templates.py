"""Templates as a provider lists them, and the gaps that a message must fill.

Meta's components are the language of all who have templates, so one reader serves them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from integrations.providers.base.outgoing import (
    ButtonKind,
    ParameterKind,
    Part,
    Template,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Json, MessageKind

# Numbered or named: {{1}}, {{ first_name }}.
_GAP: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,60})\s*\}\}")
_MEDIA_HEADERS: Final = {
    "IMAGE": MessageKind.IMAGE,
    "VIDEO": MessageKind.VIDEO,
    "DOCUMENT": MessageKind.DOCUMENT,
}


class TemplateStatus(StrEnum):
    """What may be done with it. The provider's own word stays beside."""

    DRAFT = "draft"  # made, and not yet submitted
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    DELETED = "deleted"
    UNKNOWN = "unknown"  # a word that is none of these: it is not sent


# Upper-cased first: 360dialog writes Meta's words in lower case, and adds two of its own.
STATUSES: Final[Mapping[str, TemplateStatus]] = {
    "APPROVED": TemplateStatus.APPROVED,
    "REINSTATED": TemplateStatus.APPROVED,
    "UNARCHIVED": TemplateStatus.APPROVED,
    "FLAGGED": TemplateStatus.APPROVED,  # may still be sent, and may soon be disabled
    "PENDING": TemplateStatus.PENDING,
    "SUBMITTED": TemplateStatus.PENDING,
    "IN_APPEAL": TemplateStatus.PENDING,
    "CREATED": TemplateStatus.DRAFT,
    "REJECTED": TemplateStatus.REJECTED,
    "PAUSED": TemplateStatus.PAUSED,
    "DISABLED": TemplateStatus.DISABLED,
    "LIMIT_EXCEEDED": TemplateStatus.DISABLED,
    "LOCKED": TemplateStatus.DISABLED,
    "ARCHIVED": TemplateStatus.DISABLED,
    "PENDING_DELETION": TemplateStatus.DELETED,
    "DELETED": TemplateStatus.DELETED,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that a message with this template must tell.

    `name` is as written in the template; `index` counts the buttons. `media` is the kind of
    file that a header asks for.
    """

    part: Part
    kind: ParameterKind
    name: str = ""
    index: int = 0
    button: ButtonKind | None = None
    media: MessageKind | None = None
    example: str = ""


@dataclass(frozen=True, slots=True)
class TemplateReport:
    """One template in one language. `reason` says why it may not be sent."""

    name: str
    language: str
    status: TemplateStatus
    provider_status: str = ""
    category: str = ""  # marketing, utility, authentication; lower case
    external_id: str = ""
    reason: str = ""
    quality: str = ""
    components: tuple[Mapping[str, Json], ...] = ()
    gaps: tuple[Gap, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """A template to be made; `components` in Meta's own shape."""

    name: str
    language: str
    category: str
    components: Sequence[Mapping[str, Json]]


def read_template(item: Reader) -> TemplateReport | None:
    """None where it has no name, which no template is without."""
    name = item.find_text("name", most=512)
    if not name:
        return None
    told = item.find_text("status", most=60) or ""
    components = item.find_items("components")
    return TemplateReport(
        name=name,
        language=_language(item),
        status=STATUSES.get(told.upper(), TemplateStatus.UNKNOWN),
        provider_status=told,
        category=(item.find_text("category", most=40) or "").lower(),
        external_id=item.find_identifier("id") or "",
        reason=_reason(item),
        quality=_quality(item),
        components=tuple(component.value for component in components),
        gaps=gaps_of(components),
    )


def _language(item: Reader) -> str:
    section = item.find_section("language")
    told = section.find_text("code", most=20) if section else None
    return told or item.find_text("language", most=20) or ""


def _reason(item: Reader) -> str:
    """`NONE` is Meta's way of saying nothing."""
    told = item.find_text("rejected_reason", most=500) or ""
    return "" if told.upper() == "NONE" else told


def _quality(item: Reader) -> str:
    score = item.find_section("quality_score")
    return ((score.find_text("score", most=20) if score else None) or "").lower()


def gaps_of(components: Sequence[Reader]) -> tuple[Gap, ...]:
    """Everything a message must fill in, in the order in which a person reads it."""
    found: list[Gap] = []
    for component in components:
        word = (component.find_text("type", most=20) or "").upper()
        if word == "HEADER":
            found += _header(component)
        elif word == "BODY":
            found += _texts(component, Part.BODY, _examples(component, "body_text"))
        elif word == "BUTTONS":
            for index, button in enumerate(component.find_items("buttons")):
                found += _button(button, index)
    return tuple(sorted(found, key=lambda gap: list(Part).index(gap.part)))


def _header(component: Reader) -> list[Gap]:
    form = (component.find_text("format", most=20) or "").upper()
    if form in _MEDIA_HEADERS:
        kind = _MEDIA_HEADERS[form]
        return [Gap(Part.HEADER, ParameterKind.MEDIA, media=kind)]
    if form == "LOCATION":
        return [Gap(Part.HEADER, ParameterKind.LOCATION)]
    return _texts(component, Part.HEADER, _examples(component, "header_text"))


def _texts(component: Reader, part: Part, examples: Mapping[str, str]) -> list[Gap]:
    text = component.find_text("text") or ""
    names = dict.fromkeys(_GAP.findall(text))  # told twice, filled once
    ordered = sorted(names, key=int) if all(map(str.isdecimal, names)) else list(names)
    return [
        Gap(part, ParameterKind.TEXT, name, example=examples.get(name, ""))
        for name in ordered
    ]


def _examples(component: Reader, key: str) -> dict[str, str]:
    """By name: Meta lists numbered examples in order, and names the others."""
    section = component.find_section("example")
    if section is None:
        return {}
    named = section.find_items(f"{key}_named_params")
    if named:
        return {
            one.find_text("param_name") or "": one.find_text("example") or ""
            for one in named
        }
    told = section.plain(key)
    while isinstance(told, list) and told and isinstance(told[0], list):
        told = told[0]
    if not isinstance(told, list):
        return {}
    return {str(at): one for at, one in enumerate(told, 1) if isinstance(one, str)}


def _button(button: Reader, index: int) -> list[Gap]:
    """A quick reply has a payload of its own when none is given, so it is no gap."""
    word = (button.find_text("type", most=20) or "").upper()
    url = button.find_text("url") or ""
    if word == "URL" and (found := _GAP.search(url)):
        return [
            Gap(Part.BUTTON, ParameterKind.TEXT, found[1], index, ButtonKind.URL),
        ]
    if word == "COPY_CODE":
        return [Gap(Part.BUTTON, ParameterKind.CODE, "", index, ButtonKind.COPY_CODE)]
    return []


def unfilled(gaps: Sequence[Gap], template: Template) -> tuple[Gap, ...]:
    """The gaps that a message leaves open; then no provider would take it."""
    open_gaps: list[Gap] = []
    for gap in gaps:
        told = [
            parameter
            for one in template.components
            if (one.part, one.index) == (gap.part, gap.index)
            for parameter in one.parameters
        ]
        if any(parameter.name for parameter in told):
            is_filled = any(parameter.name == gap.name for parameter in told)
        else:
            place = [
                one for one in gaps if (one.part, one.index) == (gap.part, gap.index)
            ].index(gap)
            is_filled = place < len(told)
        if not is_filled:
            open_gaps.append(gap)
    return tuple(open_gaps)
