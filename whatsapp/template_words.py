"""Templates in words: what a state means and what to do, reasons, contracts, changes.

A room of sentences between selectors and pages; nothing here reads or writes rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy, pgettext, pgettext_lazy

from integrations import explanations
from integrations.providers.base.templates import STATUSES
from whatsapp.models import Template, TemplateChange, TemplateChangeKind, TemplateState
from whatsapp.services.template_desk import NotTaken
from whatsapp.template_rules import Problem

_ = gettext_lazy
Text = Any  # lazy, in the language of whoever reads

LEVELS: Final[Mapping[str, str]] = {
    TemplateState.APPROVED: "good",
    TemplateState.PENDING: "warning",
    TemplateState.REJECTED: "bad",
    TemplateState.PAUSED: "bad",
    TemplateState.DISABLED: "bad",
}
CATEGORIES: Final[Mapping[str, Text]] = {
    "marketing": pgettext_lazy("template", "Marketing"),
    "utility": pgettext_lazy("template", "Utility"),
    "authentication": pgettext_lazy("template", "Authentication"),
}
# The languages that WhatsApp knows and this product's customers write in, theirs first.
LANGUAGES: Final[Mapping[str, Text]] = {
    "pt_BR": _("Portuguese (Brazil)"),
    "en": _("English"),
    "en_US": _("English (US)"),
    "en_GB": _("English (UK)"),
    "es": _("Spanish"),
    "es_AR": _("Spanish (Argentina)"),
    "es_ES": _("Spanish (Spain)"),
    "es_MX": _("Spanish (Mexico)"),
    "pt_PT": _("Portuguese (Portugal)"),
    "fr": _("French"),
    "de": _("German"),
    "it": _("Italian"),
}
_QUALITIES: Final[Mapping[str, Text]] = {
    "green": pgettext_lazy("template quality", "High"),
    "yellow": pgettext_lazy("template quality", "Medium"),
    "red": pgettext_lazy("template quality", "Low"),
    "unknown": pgettext_lazy("template quality", "Not rated yet"),
}
_ADVICE: Final[Mapping[str, Text]] = {
    TemplateState.DRAFT: _(
        "It was made at the provider and not submitted: submit it there."
    ),
    TemplateState.PENDING: _(
        "WhatsApp reviews it, usually within minutes, at most a day. The state changes here by itself."
    ),
    TemplateState.APPROVED: _("It can be sent."),
    TemplateState.REJECTED: _(
        "WhatsApp did not accept it. Change what the reason says and submit it again."
    ),
    TemplateState.PAUSED: _(
        "Too many people blocked or reported it, so WhatsApp stops it for a while. Send it to fewer people, who wait for it, or write a better one."
    ),
    TemplateState.DISABLED: _(
        "WhatsApp has switched it off for good. Write a new one under another name."
    ),
    TemplateState.DELETED: _("It is being deleted and can no longer be sent."),
    TemplateState.UNKNOWN: _(
        "The provider uses a word for it that Recado does not know, so it is not sent."
    ),
}
_GONE: Final = _(
    "The provider no longer lists it, so it cannot be sent. It stays here for the messages that went out with it."
)
# Meta's words for why a template was refused or stopped.
_REASONS: Final[Mapping[str, Text]] = {
    "ABUSIVE_CONTENT": _("The text threatens or abuses somebody."),
    "INVALID_FORMAT": _(
        "The text or its gaps have a wrong form: look for braces, gaps at the edges, or mistakes in spelling."
    ),
    "PROMOTIONAL": _("It is advertising, which this category does not allow."),
    "TAG_CONTENT_MISMATCH": _(
        "The text does not fit its language or category: advertising belongs to marketing."
    ),
    "INCORRECT_CATEGORY": _("The text belongs to another category."),
    "SCAM": _("It looks like a fraud to WhatsApp, such as a link that is shortened."),
    "NON_TRANSIENT_ERROR": _("Something went wrong at WhatsApp. Submit it again."),
    "FIRST_PAUSE": _("Paused for 3 hours, for the first time."),
    "SECOND_PAUSE": _("Paused for 6 hours, for the second time; next it is disabled."),
    "RATE_LIMITING_PAUSE": _("Sent too much at once for its quality."),
}
_SYNC: Final[Mapping[str, tuple[Text, Text]]] = {
    "credentials": (
        _("The credentials of this number cannot be opened."),
        _("Put the credentials in anew on the number's page."),
    ),
    "permission": (
        _("The key may not read templates."),
        _(
            "Give it whatsapp_business_management at the provider, or put in another key."
        ),
    ),
    "key": (
        _("The provider does not accept the key."),
        _("Put a new key in on the number's page."),
    ),
    "busy": (
        _("The provider is asked too often at the moment."),
        _("Recado asks again by itself in a few minutes."),
    ),
    "unreachable": (
        _("The provider could not be reached, or took too long."),
        _(
            "Recado asks again by itself in a few minutes; if it stays so, check the number's page."
        ),
    ),
    "unavailable": (
        _("The provider has trouble of its own."),
        _("Recado asks again by itself in a few minutes."),
    ),
    "unreadable": (
        _("The provider's answer could not be understood."),
        _(
            "Recado asks again by itself; if it stays so, see the exchanges on the number's page."
        ),
    ),
    "refused": (
        _("The provider refuses to list templates."),
        _(
            "See the exchanges on the number's page, and whether the account id is right."
        ),
    ),
    "broken": (
        _("Recado could not read the list."),
        _("This is a fault of Recado's: tell whoever looks after it."),
    ),
}
_PROBLEMS: Final[Mapping[Problem, Text]] = {
    Problem.MISSING: _("This cannot be empty."),
    Problem.TOO_LONG: _("At most %(most)s characters."),
    Problem.NAME_CHARACTERS: _(
        "Only small letters without accents, digits and underscores."
    ),
    Problem.GAP_BRACES: _("A gap is written with two braces on each side: {{1}}."),
    Problem.GAP_NAME: _(
        "A gap holds a number, or a name in small letters without accents: {{1}} or {{first_name}}."
    ),
    Problem.GAPS_MIXED: _("Use either numbers or names for the gaps, not both."),
    Problem.GAPS_NOT_CONSECUTIVE: _("Number the gaps from 1 on, leaving none out."),
    Problem.GAP_AT_EDGE: _(
        "WhatsApp wants words before the first gap and after the last one."
    ),
    Problem.GAPS_ADJACENT: _("WhatsApp wants words between two gaps."),
    Problem.TOO_MANY_GAPS: _("There are more gaps than WhatsApp accepts."),
    Problem.ONE_GAP_AT_MOST: _("At most one gap is allowed here."),
    Problem.NO_GAPS_HERE: _("No gap is allowed here."),
    Problem.TOO_LITTLE_TEXT: _(
        "There is too little text for so many gaps; WhatsApp refuses that. Write more around them."
    ),
    Problem.LINE_BREAK: _("Keep this on one line."),
    Problem.URL: _("Give the whole address, with https://."),
    Problem.URL_GAP_AT_END: _(
        "An address has one gap at most, {{1}}, at its very end."
    ),
    Problem.PHONE: _("Give the number with its country code."),
    Problem.BUTTONS_ALIKE: _("Another button has the same text."),
    Problem.BUTTONS_MIXED: _(
        "Put the quick replies together, before or after the others."
    ),
    Problem.ONE_OF_A_KIND: _("Only one button of this kind is allowed."),
    Problem.SAMPLE_MISSING: _(
        "Give an example: the reviewers see the template filled with it."
    ),
}


@dataclass(frozen=True, slots=True)
class StateView:
    """A state as pages show it. `reason` is the provider's, in words where they are known."""

    label: str
    level: str
    advice: str
    reason: str = ""
    reason_word: str = ""


def state_of(template: Template) -> StateView:
    if template.gone_at is not None:
        label = pgettext("template", "Gone")
        return StateView(label, "quiet", str(_GONE))
    known = template.status in TemplateState.values
    state = TemplateState(template.status) if known else TemplateState.UNKNOWN
    return StateView(
        label=str(state.label),
        level=LEVELS.get(state, "quiet"),
        advice=str(_ADVICE[state]),
        reason=reason(template.reason),
        reason_word=template.reason,
    )


def reason(told: str) -> str:
    """The sentence for a reason; one that nobody has listed is told as it is."""
    word, _found, rest = told.partition(":")
    sentence = _REASONS.get(word.strip().upper())
    if sentence is None:
        return told
    return f"{sentence} {rest.strip()}".strip()


def category(word: str) -> str:
    return str(CATEGORIES.get(word, word))


def language(code: str) -> str:
    """`Portuguese (Brazil)`; a code that is not listed stays as it is."""
    return str(LANGUAGES.get(code, code))


def quality(word: str) -> str:
    return str(_QUALITIES.get(word, word))


def sync_problem(word: str) -> tuple[str, str]:
    """What went wrong, and what to do."""
    sentence, advice = _SYNC.get(word, _SYNC["broken"])
    return str(sentence), str(advice)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a provider did not take a template. `said` are the provider's own words."""

    sentence: str
    advice: str = ""
    said: str = ""


def failure(provider: str, error: NotTaken) -> Failure:
    if error.is_unclear:
        return Failure(
            gettext("Nobody knows whether the provider has taken it."),
            gettext(
                "Recado reads the list of templates now: look there in a minute, before you submit it again."
            ),
            error.said,
        )
    if error.problem != "refused":
        return Failure(*sync_problem(error.problem), error.said)
    told = explanations.explain(provider, error.code, said=error.said)
    return Failure(told.sentence, told.advice, told.said)


def rule(problem: Problem, most: int | None) -> str:
    told = str(_PROBLEMS[problem])
    return told % {"most": most} if most is not None else told


# --- what has to be filled in -------------------------------------------------------
def gap(told: Mapping[str, Any]) -> str:
    """One gap, for people: `The text: {{1}}, such as “Ana”`."""
    name, example = str(told.get("name", "")), str(told.get("example", ""))
    values = {"gap": f"{{{{{name}}}}}", "number": int(told.get("index", 0)) + 1}
    kind, part = told.get("kind"), told.get("part")
    if kind == "media":
        return {
            "image": gettext("A picture on top"),
            "video": gettext("A video on top"),
            "document": gettext("A document on top"),
        }.get(str(told.get("media")), gettext("A file on top"))
    if kind == "location":
        return gettext("A place on top")
    if kind == "code":
        return gettext("The code that button %(number)s copies") % values
    if part == "button":
        return gettext("The end of the address of button %(number)s") % values
    if part == "header":
        found = gettext("%(gap)s in the heading") % values
    else:
        found = gettext("%(gap)s in the text") % values
    if example:
        found = gettext("%(what)s, such as “%(example)s”") % {
            "what": found,
            "example": example,
        }
    return found


def contract(gaps: Sequence[Mapping[str, Any]]) -> list[str]:
    return [gap(one) for one in gaps]


# --- history ------------------------------------------------------------------------
_HISTORY: Final[Mapping[str, Text]] = {
    TemplateChangeKind.SUBMITTED: _("Submitted for review"),
    TemplateChangeKind.GONE: _("Gone from the provider's list"),
    TemplateChangeKind.BACK: _("Back in the provider's list"),
    TemplateChangeKind.CONTRACT: _("Asks for other values than before"),
}


def change(told: TemplateChange) -> str:
    """What happened, in one line."""
    if told.kind == TemplateChangeKind.GONE and told.source == "person":
        return gettext("Deleted")
    if told.kind in _HISTORY:
        return str(_HISTORY[TemplateChangeKind(told.kind)])
    if told.kind == TemplateChangeKind.CATEGORY:
        before, after = category(told.before), category(told.word)
        name = gettext("Category")
    elif told.kind == TemplateChangeKind.QUALITY:
        before, after = quality(told.before), quality(told.word)
        name = gettext("Quality")
    else:
        before, after = provider_state(told.before), provider_state(told.word)
        name = gettext("State")
    values = {"name": name, "before": before, "after": after}
    if not told.before:
        return gettext("%(name)s: %(after)s") % values
    return gettext("%(name)s: %(after)s, before that %(before)s") % values


def provider_state(word: str) -> str:
    """The provider's word for a state, as ours; in review after an appeal says so."""
    if word.upper() == "IN_APPEAL":
        return gettext("In review after your appeal")
    if word.upper() == "FLAGGED":
        return gettext("Approved, with a warning: it may soon be disabled")
    status = STATUSES.get(word.upper())
    if status is not None:
        return str(TemplateState(status.value).label)
    return str(TemplateState(word).label) if word in TemplateState.values else word


def difference(told: TemplateChange) -> tuple[list[str], list[str]]:
    """What a changed contract asked for before and asks for now, where they differ."""
    before = contract(_gaps(told.details.get("before")))
    after = contract(_gaps(told.details.get("after")))
    return (
        [one for one in before if one not in after],
        [one for one in after if one not in before],
    )


def _gaps(told: Any) -> list[dict[str, Any]]:
    """Without examples: they promise nothing, so no difference is one of them."""
    items = told if isinstance(told, list) else []
    return [
        {key: value for key, value in one.items() if key != "example"}
        for one in items
        if isinstance(one, dict)
    ]
