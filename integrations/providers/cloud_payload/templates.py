"""Templates in the Cloud API's words: how one is sent, listed, made and deleted."""

from collections.abc import Callable, Iterator
from typing import Final

from integrations.providers.base.errors import OutcomeUnknown
from integrations.providers.base.outgoing import (
    Component,
    Media,
    Parameter,
    ParameterKind,
    Place,
    Template,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.templates import (
    STATUSES,
    TemplateDraft,
    TemplateReport,
    TemplateStatus,
    gaps_of,
    read_template,
)
from integrations.providers.base.types import Json

PAGE: Final = 100
_MOST_PAGES: Final = (
    100  # an account may have 6,000 templates; an endless list ends here
)

Written = Callable[[Media], tuple[str, dict[str, Json]]]


def template_body(
    content: Template, *, media: Written, place: Callable[[Place], dict[str, Json]]
) -> dict[str, Json]:
    told: dict[str, Json] = {
        "name": content.name,
        "language": {"code": content.language},
    }
    if content.components:
        told["components"] = [
            _component(one, media, place) for one in content.components
        ]
    return told


def _component(
    component: Component, media: Written, place: Callable[[Place], dict[str, Json]]
) -> dict[str, Json]:
    told: dict[str, Json] = {"type": component.part.value}
    if component.button is not None:
        told |= {"sub_type": component.button.value, "index": str(component.index)}
    told["parameters"] = [_parameter(one, media, place) for one in component.parameters]
    return told


def _parameter(
    parameter: Parameter,
    media: Written,
    place: Callable[[Place], dict[str, Json]],
) -> dict[str, Json]:
    match parameter.kind:
        case ParameterKind.MEDIA if parameter.media is not None:
            word, file = media(parameter.media)
            return {"type": word, word: file}
        case ParameterKind.LOCATION if parameter.place is not None:
            return {"type": "location", "location": place(parameter.place)}
        case ParameterKind.PAYLOAD:
            return {"type": "payload", "payload": parameter.text}
        case ParameterKind.CODE:
            return {"type": "coupon_code", "coupon_code": parameter.text}
        case _:
            named = {"parameter_name": parameter.name} if parameter.name else {}
            return {"type": "text", **named, "text": parameter.text}


def read_pages(
    ask: Callable[[str], Reader], *, items: str, following: Callable[[Reader], str]
) -> list[TemplateReport]:
    """Every template of every page. `ask` takes what `following` read from the page before.

    A page that leads to itself ends the walk: half a list would look like deletions.
    """
    found: list[TemplateReport] = []
    seen: set[str] = set()
    place = ""
    for _ in range(_MOST_PAGES):
        page = ask(place)
        if not isinstance(page.plain(items), list):
            raise OutcomeUnknown("unreadable_answer", "there is no list of templates")
        found += _reports(page, items)
        place = following(page)
        if not place:
            return found
        if place in seen:
            break
        seen.add(place)
    raise OutcomeUnknown("endless_list", "the list of templates does not end")


def _reports(page: Reader, items: str) -> Iterator[TemplateReport]:
    for item in page.find_items(items):
        report = read_template(item)
        if report is not None:
            yield report


def draft_body(draft: TemplateDraft) -> dict[str, Json]:
    return {
        "name": draft.name,
        "language": draft.language,
        "category": draft.category.upper(),
        "components": [dict(component) for component in draft.components],
    }


def created(draft: TemplateDraft, answer: Reader) -> TemplateReport:
    """What was made, as far as the answer tells; the category may not be the one wished."""
    word = answer.find_text("status", most=60) or "PENDING"
    category = answer.find_text("category", most=40) or draft.category
    components = tuple(dict(one) for one in draft.components)
    return TemplateReport(
        name=draft.name,
        language=draft.language,
        status=STATUSES.get(word.upper(), TemplateStatus.UNKNOWN),
        provider_status=word,
        category=category.lower(),
        external_id=answer.find_identifier("id") or "",
        components=components,
        gaps=gaps_of([Reader(one) for one in components]),
    )
