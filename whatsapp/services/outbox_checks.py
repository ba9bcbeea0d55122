"""Whether a message may be sent right now; pure. Asked by the composer and again at the claim.

Between the two a window closes, a template is paused, a person asks for silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from integrations.models import ChannelState
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.outgoing import (
    Content,
    Parameter,
    ParameterKind,
    Template,
    Text,
)
from integrations.providers.base.templates import TemplateStatus
from whatsapp.models import OptOutScope
from whatsapp.windows import window_of


class Refusal(StrEnum):
    """Why a message is not sent, in a word of ours; the pages have sentences for them."""

    NUMBER_GONE = "number_gone"
    NUMBER_DISCONNECTED = "number_disconnected"
    CANNOT_SEND = "cannot_send"
    NOTHING_TO_SEND = "nothing_to_send"
    WINDOW_CLOSED = "window_closed"
    TEMPLATE_UNKNOWN = "template_unknown"
    TEMPLATE_NOT_APPROVED = "template_not_approved"
    TEMPLATE_INCOMPLETE = "template_incomplete"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    status: str
    category: str = ""
    parameters: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision needs to know. `opt_outs` are the scopes that hold for the person."""

    content: Content
    is_bulk: bool
    channel_state: str
    is_connected: bool  # the number is ours still, with an integration to send through
    capabilities: frozenset[Capability]
    last_inbound_at: datetime | None
    template: TemplateFacts | None = None
    opt_outs: frozenset[str] = field(default_factory=frozenset)


def refusal_of(facts: Facts, *, now: datetime) -> Refusal | None:
    """The first reason against sending, or None."""
    if not facts.is_connected:
        return Refusal.NUMBER_GONE
    if facts.channel_state == ChannelState.DISCONNECTED:
        return Refusal.NUMBER_DISCONNECTED
    if Capability.SEND not in facts.capabilities:
        return Refusal.CANNOT_SEND
    if isinstance(facts.content, Text) and not facts.content.body.strip():
        return Refusal.NOTHING_TO_SEND
    is_open = window_of(facts.last_inbound_at, now=now).state != "closed"
    if isinstance(facts.content, Template):
        problem = template_problem(facts.content, facts.template)
        if problem is not None:
            return problem
    elif Capability.SERVICE_WINDOW in facts.capabilities and not is_open:
        return Refusal.WINDOW_CLOSED
    if _is_unwanted(facts, is_answer=is_open and not facts.is_bulk):
        return Refusal.OPTED_OUT
    return None


def template_problem(given: Template, template: TemplateFacts | None) -> Refusal | None:
    """Why a message with this template cannot go out, as the template is now."""
    if template is None:
        return Refusal.TEMPLATE_UNKNOWN
    if template.status.lower() != TemplateStatus.APPROVED:
        return Refusal.TEMPLATE_NOT_APPROVED
    wanted: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for gap in template.parameters:
        place = str(gap.get("part", "")), int(gap.get("index", 0))
        wanted.setdefault(place, []).append(gap)
    filled = {
        (component.part.value, component.index): component.parameters
        for component in given.components
        if component.parameters and not _is_payload(component.parameters)
    }
    if wanted.keys() != filled.keys():
        return Refusal.TEMPLATE_INCOMPLETE
    for place, gaps in wanted.items():
        if not _fills(filled[place], gaps):
            return Refusal.TEMPLATE_INCOMPLETE
    return None


def _is_payload(parameters: Sequence[Parameter]) -> bool:
    """What comes back from a quick reply is no gap: it has one of its own otherwise."""
    return all(one.kind is ParameterKind.PAYLOAD for one in parameters)


def _fills(parameters: Sequence[Parameter], gaps: Sequence[Mapping[str, Any]]) -> bool:
    """Numbered gaps by their count, named ones by their names; none of them empty."""
    if len(parameters) != len(gaps):
        return False
    told = {one.name for one in parameters if one.name}
    if told and told != {name for gap in gaps if (name := str(gap.get("name", "")))}:
        return False
    return all(map(_has_value, parameters, gaps))


def _has_value(parameter: Parameter, gap: Mapping[str, Any]) -> bool:
    """Of the kind that is asked for: a picture fills no gap of a text."""
    kind = gap.get("kind", ParameterKind.TEXT)
    if kind == ParameterKind.MEDIA:
        media = parameter.media
        return media is not None and gap.get("media", media.kind) == media.kind
    if kind == ParameterKind.LOCATION:
        return parameter.place is not None
    return parameter.kind == kind and bool(parameter.text.strip())


def _is_unwanted(facts: Facts, *, is_answer: bool) -> bool:
    """Whoever asked for silence still gets answers: they are talking to us."""
    if OptOutScope.ALL in facts.opt_outs and not is_answer:
        return True
    if OptOutScope.MARKETING not in facts.opt_outs:
        return False
    category = facts.template.category if facts.template else ""
    if isinstance(facts.content, Template):
        return category.lower() == "marketing"
    return facts.is_bulk
