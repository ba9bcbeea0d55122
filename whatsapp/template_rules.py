"""What WhatsApp asks of a template, checked before a provider is: pure.

A refusal at Meta comes after minutes or a day and names no field; these rules are the ones
that it states. A draft is what the editor holds; `components_of` writes it as Meta does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

LONGEST_NAME: Final = 512
LONGEST_HEADER: Final = 60
LONGEST_BODY: Final = 1024
LONGEST_FOOTER: Final = 60
LONGEST_BUTTON: Final = 25
LONGEST_URL: Final = 2000
LONGEST_PHONE: Final = 20
LONGEST_CODE: Final = 15
MOST_BUTTONS: Final = 3  # in the editor; WhatsApp folds more than three into a list
MOST_GAPS: Final = 20
# Meta refuses a text that is little more than its gaps: words for each of them, and one.
WORDS_FOR_EACH_GAP: Final = 2

_NAME: Final = re.compile(r"[a-z0-9_]+")
_GAP: Final = re.compile(r"\{\{([^{}]*)\}\}")
_GAP_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ().-]{4,}")


class Problem(StrEnum):
    """What is wrong with a field, in a word; the pages have the sentences."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NAME_CHARACTERS = "name_characters"
    GAP_BRACES = "gap_braces"  # a brace that opens or closes no gap
    GAP_NAME = "gap_name"
    GAPS_MIXED = "gaps_mixed"  # numbered and named ones
    GAPS_NOT_CONSECUTIVE = "gaps_not_consecutive"
    GAP_AT_EDGE = "gap_at_edge"
    GAPS_ADJACENT = "gaps_adjacent"
    TOO_MANY_GAPS = "too_many_gaps"
    ONE_GAP_AT_MOST = "one_gap_at_most"
    NO_GAPS_HERE = "no_gaps_here"
    TOO_LITTLE_TEXT = "too_little_text"
    LINE_BREAK = "line_break"
    URL = "url"
    URL_GAP_AT_END = "url_gap_at_end"
    PHONE = "phone"
    BUTTONS_ALIKE = "buttons_alike"
    BUTTONS_MIXED = "buttons_mixed"  # answers stand together, links stand together
    ONE_OF_A_KIND = "one_of_a_kind"  # two phone or two code buttons
    SAMPLE_MISSING = "sample_missing"


class ButtonWord(StrEnum):
    REPLY = "reply"
    URL = "url"
    PHONE = "phone"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class ButtonDraft:
    """`value` is the address, the number or the sample of a code; `sample` fills an address."""

    kind: ButtonWord
    text: str
    value: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """`samples` are values for the reviewers, by the name of the gap's field: `body-1`."""

    name: str
    language: str
    category: str
    body: str
    header: str = ""
    footer: str = ""
    buttons: tuple[ButtonDraft, ...] = ()
    samples: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wrong:
    """`field` is name, header, body, footer, button-<n>-text, button-<n>-value or a sample."""

    field: str
    problem: Problem
    most: int | None = None


def gaps_in(text: str) -> list[str]:
    """The names of the gaps of a text, each once, in their order."""
    return list(dict.fromkeys(one.strip() for one in _GAP.findall(text)))


def check(draft: Draft) -> list[Wrong]:
    """Everything that is wrong, field by field."""
    return [
        *_check_name(draft.name),
        *_check_header(draft),
        *_check_body(draft),
        *_check_footer(draft.footer),
        *_check_buttons(draft.buttons),
    ]


def _check_name(name: str) -> Iterator[Wrong]:
    if not name:
        yield Wrong("name", Problem.MISSING)
    elif len(name) > LONGEST_NAME:
        yield Wrong("name", Problem.TOO_LONG, LONGEST_NAME)
    elif not _NAME.fullmatch(name):
        yield Wrong("name", Problem.NAME_CHARACTERS)


def _check_header(draft: Draft) -> Iterator[Wrong]:
    text = draft.header
    if not text:
        return
    if len(text) > LONGEST_HEADER:
        yield Wrong("header", Problem.TOO_LONG, LONGEST_HEADER)
    if "\n" in text:
        yield Wrong("header", Problem.LINE_BREAK)
    problem = _problem_of_gaps(text)
    names = gaps_in(text)
    if problem is not None:
        yield Wrong("header", problem)
    elif len(names) > 1:
        yield Wrong("header", Problem.ONE_GAP_AT_MOST)
    else:
        yield from _check_samples(draft, "header", names)


def _check_body(draft: Draft) -> Iterator[Wrong]:
    text = draft.body.strip()
    if not text:
        yield Wrong("body", Problem.MISSING)
        return
    if len(text) > LONGEST_BODY:
        yield Wrong("body", Problem.TOO_LONG, LONGEST_BODY)
    names = gaps_in(text)
    problem = _problem_of_gaps(text) or _problem_of_places(text, names)
    if problem is not None:
        yield Wrong("body", problem)
    else:
        yield from _check_samples(draft, "body", names)


def _check_footer(text: str) -> Iterator[Wrong]:
    if len(text) > LONGEST_FOOTER:
        yield Wrong("footer", Problem.TOO_LONG, LONGEST_FOOTER)
    if "\n" in text:
        yield Wrong("footer", Problem.LINE_BREAK)
    if "{{" in text or "}}" in text:
        yield Wrong("footer", Problem.NO_GAPS_HERE)


def _problem_of_gaps(text: str) -> Problem | None:
    """Whether gaps are written so that they can be filled."""
    names = gaps_in(text)
    rest = _GAP.sub("", text)
    if "{{" in rest or "}}" in rest:
        return Problem.GAP_BRACES
    numbered = [name for name in names if name.isascii() and name.isdecimal()]
    if any(name not in numbered and not _GAP_NAME.fullmatch(name) for name in names):
        return Problem.GAP_NAME
    if numbered and len(numbered) < len(names):
        return Problem.GAPS_MIXED
    if sorted(map(int, numbered)) != list(range(1, len(numbered) + 1)):
        return Problem.GAPS_NOT_CONSECUTIVE
    return None


def _problem_of_places(text: str, names: Sequence[str]) -> Problem | None:
    """Whether the reviewers can tell what it says."""
    if not names:
        return None
    if len(names) > MOST_GAPS:
        return Problem.TOO_MANY_GAPS
    bare = text.strip(" .,;:!?…*_~\n\t")
    if bare.startswith("{{") or bare.endswith("}}"):
        return Problem.GAP_AT_EDGE
    if re.search(r"\}\}\s*\{\{", text):
        return Problem.GAPS_ADJACENT
    words = _GAP.sub(" ", text).split()
    if len(words) < WORDS_FOR_EACH_GAP * len(names) + 1:
        return Problem.TOO_LITTLE_TEXT
    return None


def _check_samples(draft: Draft, part: str, names: Sequence[str]) -> Iterator[Wrong]:
    for name in names:
        place = f"{part}-{name}"
        if not draft.samples.get(place, "").strip():
            yield Wrong(place, Problem.SAMPLE_MISSING)


# --- buttons ------------------------------------------------------------------------
def _check_buttons(buttons: Sequence[ButtonDraft]) -> Iterator[Wrong]:
    for index, one in enumerate(buttons):
        yield from _check_button(index, one, buttons[:index])
    answers = [one.kind is ButtonWord.REPLY for one in buttons]
    changes = sum(one != two for one, two in pairwise(answers))
    if changes > 1:
        yield Wrong(f"button-{len(buttons) - 1}-text", Problem.BUTTONS_MIXED)


def _check_button(
    index: int, button: ButtonDraft, before: Sequence[ButtonDraft]
) -> Iterator[Wrong]:
    text, value = f"button-{index}-text", f"button-{index}-value"
    if button.kind is not ButtonWord.CODE:  # WhatsApp writes that one itself
        if not button.text:
            yield Wrong(text, Problem.MISSING)
        elif len(button.text) > LONGEST_BUTTON:
            yield Wrong(text, Problem.TOO_LONG, LONGEST_BUTTON)
        elif "{{" in button.text or "\n" in button.text:
            yield Wrong(text, Problem.NO_GAPS_HERE)
        elif button.text in {one.text for one in before}:
            yield Wrong(text, Problem.BUTTONS_ALIKE)
    alone = {ButtonWord.PHONE, ButtonWord.CODE}
    if button.kind in alone and button.kind in {one.kind for one in before}:
        yield Wrong(text, Problem.ONE_OF_A_KIND)
    if button.kind is ButtonWord.REPLY:
        return
    if not value or not button.value:
        yield Wrong(value, Problem.MISSING)
    elif button.kind is ButtonWord.URL:
        yield from _check_url(index, button)
    elif button.kind is ButtonWord.PHONE:
        if len(button.value) > LONGEST_PHONE or not _PHONE.fullmatch(button.value):
            yield Wrong(value, Problem.PHONE)
    elif len(button.value) > LONGEST_CODE:
        yield Wrong(value, Problem.TOO_LONG, LONGEST_CODE)


def _check_url(index: int, button: ButtonDraft) -> Iterator[Wrong]:
    place, url = f"button-{index}-value", button.value
    if len(url) > LONGEST_URL:
        yield Wrong(place, Problem.TOO_LONG, LONGEST_URL)
        return
    gaps = _GAP.findall(url)
    bare = _GAP.sub("x", url)
    if "{{" in bare or "}}" in bare:
        yield Wrong(place, Problem.GAP_BRACES)
    elif gaps and (gaps != ["1"] or not url.endswith("{{1}}")):
        yield Wrong(place, Problem.URL_GAP_AT_END)
    elif not _is_address(bare):
        yield Wrong(place, Problem.URL)
    elif gaps and not button.sample.strip():
        yield Wrong(f"button-{index}-1", Problem.SAMPLE_MISSING)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in {"http", "https"} and "." in host and " " not in url


# --- as Meta writes it --------------------------------------------------------------
def components_of(draft: Draft) -> list[dict[str, Any]]:
    """The parts of a template, in Meta's shape, with the samples as its examples."""
    found: list[dict[str, Any]] = []
    if draft.header:
        header = {"type": "HEADER", "format": "TEXT", "text": draft.header}
        found.append(header | _example(draft, "header", draft.header))
    body = draft.body.strip()
    found.append({"type": "BODY", "text": body} | _example(draft, "body", body))
    if draft.footer:
        found.append({"type": "FOOTER", "text": draft.footer})
    if draft.buttons:
        buttons = [_button(one) for one in draft.buttons]
        found.append({"type": "BUTTONS", "buttons": buttons})
    return found


def _example(draft: Draft, part: str, text: str) -> dict[str, Any]:
    names = gaps_in(text)
    if not names:
        return {}
    told = {name: draft.samples.get(f"{part}-{name}", "") for name in names}
    if not names[0].isdecimal():
        named = [
            {"param_name": name, "example": sample} for name, sample in told.items()
        ]
        return {"example": {f"{part}_text_named_params": named}}
    ordered = [told[name] for name in sorted(names, key=int)]
    return {"example": {f"{part}_text": [ordered] if part == "body" else ordered}}


def _button(button: ButtonDraft) -> dict[str, Any]:
    match button.kind:
        case ButtonWord.REPLY:
            return {"type": "QUICK_REPLY", "text": button.text}
        case ButtonWord.PHONE:
            number = "".join(one for one in button.value if one.isdigit())
            return {
                "type": "PHONE_NUMBER",
                "text": button.text,
                "phone_number": f"+{number}",
            }
        case ButtonWord.CODE:
            return {"type": "COPY_CODE", "example": button.value}
        case _:
            told = {"type": "URL", "text": button.text, "url": button.value}
            if button.value.endswith("{{1}}"):
                filled = button.value.replace("{{1}}", button.sample)
                return {**told, "example": [filled]}
            return told


def draft_of(
    name: str, language: str, category: str, components: Sequence[Mapping[str, Any]]
) -> Draft | None:
    """A template as the editor holds it; None for one that holds more than the editor can."""
    told: dict[str, Any] = {}
    samples: dict[str, str] = {}
    for component in components:
        kind = str(component.get("type", "")).upper()
        text = component.get("text")
        if kind == "BUTTONS":
            buttons = [_draft_button(one) for one in component.get("buttons") or ()]
            if len(buttons) > MOST_BUTTONS or None in buttons:
                return None
            told["buttons"] = tuple(buttons)
            continue
        is_text = str(component.get("format") or "TEXT").upper() == "TEXT"
        part = kind.lower()
        if part not in {"header", "body", "footer"} or not is_text:
            return None
        if not isinstance(text, str):
            return None
        told[part] = text
        samples |= _samples_in(component, part)
    if "body" not in told or category not in {"marketing", "utility"}:
        return None
    return Draft(name, language, category, samples=samples, **told)


def _draft_button(told: Any) -> ButtonDraft | None:
    if not isinstance(told, dict):
        return None
    word, text = str(told.get("type", "")).upper(), str(told.get("text") or "")
    example = told.get("example")
    if isinstance(example, list):
        example = example[0] if example else ""
    sample = example if isinstance(example, str) else ""
    match word:
        case "QUICK_REPLY":
            return ButtonDraft(ButtonWord.REPLY, text)
        case "PHONE_NUMBER":
            number = str(told.get("phone_number") or "")
            return ButtonDraft(ButtonWord.PHONE, text, number)
        case "COPY_CODE":
            return ButtonDraft(ButtonWord.CODE, text, sample)
        case "URL":
            url = str(told.get("url") or "")
            stem = url.removesuffix("{{1}}")
            return ButtonDraft(ButtonWord.URL, text, url, sample.removeprefix(stem))
    return None


def _samples_in(component: Mapping[str, Any], part: str) -> dict[str, str]:
    example = component.get("example")
    if not isinstance(example, dict):
        return {}
    named = example.get(f"{part}_text_named_params")
    if isinstance(named, list):
        return {
            f"{part}-{one.get('param_name')}": str(one.get("example") or "")
            for one in named
            if isinstance(one, dict)
        }
    told = example.get(f"{part}_text")
    while isinstance(told, list) and told and isinstance(told[0], list):
        told = told[0]
    if not isinstance(told, list):
        return {}
    return {
        f"{part}-{number}": one
        for number, one in enumerate(told, 1)
        if isinstance(one, str)
    }
