"""What went wrong with a message, for people: the one reader of the error catalogues.

Pages and the API come before; every provider's `catalogue.py` after. A code that nobody has
listed is told as it is, with a sentence that claims no more than is known.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from integrations.providers import registry
from integrations.providers.base.catalogue import (
    LOOK_FIRST,
    OURS,
    Entry,
    ErrorClass,
    NextAction,
)
from integrations.providers.base.texts import gettext_noop as _

_MAYBE: Final = _("The provider answered %(code)s. The message may have been sent.")
_REFUSED: Final = _("The provider did not accept the message (%(code)s).")
_BY_STATUS: Final = (
    (400, 500, ErrorClass.FAIL, _REFUSED),
    (300, 600, ErrorClass.UNKNOWN, _MAYBE),
)
_UNLISTED: Final = _(
    "The provider reports the error %(code)s, which Recado does not know yet."
)
_NO_CODE: Final = _("The provider says that it failed, and does not say why.")
_ASK: Final = _("What it means stands in the provider's documentation.")


@dataclass(frozen=True, slots=True)
class Explanation:
    """In the language of whoever reads. `said` are the provider's own words, if any."""

    code: str
    kind: ErrorClass
    sentence: str
    action: NextAction
    advice: str = ""
    link: str = ""
    said: str = ""


def explain(
    provider: str, code: str, *, said: str = "", is_uncertain: bool = False
) -> Explanation:
    """What an error code of a send or of a status means, and what to do next.

    `is_uncertain` is for a send whose outcome is unknown: then no sentence says that it
    failed, whatever the code means elsewhere.
    """
    found = find_entry(provider, code)
    if is_uncertain and (found is None or found.kind is not ErrorClass.UNKNOWN):
        return Explanation(
            code=code,
            kind=ErrorClass.UNKNOWN,
            sentence=gettext(_MAYBE) % {"code": code},
            action=NextAction.SEND_AGAIN,
            advice=gettext(LOOK_FIRST),
            said=said,
        )
    if found is not None:
        return Explanation(
            code=code,
            kind=found.kind,
            sentence=gettext(found.sentence),
            action=found.action,
            advice=gettext(found.advice) if found.advice else "",
            link=found.link,
            said=said,
        )
    kind, sentence = _general(code)
    action = NextAction.SEND_AGAIN if kind is ErrorClass.UNKNOWN else NextAction.NONE
    advice = LOOK_FIRST if kind is ErrorClass.UNKNOWN else _ASK
    return Explanation(
        code=code,
        kind=kind,
        sentence=gettext(sentence) % {"code": code},
        action=action,
        advice=gettext(advice),
        said=said,
    )


def class_of(provider: str, code: str) -> ErrorClass:
    """What follows by itself; `fail` where nobody knows better."""
    found = find_entry(provider, code)
    return found.kind if found is not None else _general(code)[0]


def asks_for_silence(provider: str, code: str | None) -> bool:
    """Whether a send failed because the person wants no marketing from us."""
    found = find_entry(provider, code) if code else None
    return found is not None and found.action is NextAction.OPT_OUT


def find_entry(provider: str, code: str) -> Entry | None:
    """The provider's own entry, else ours; a subcode's, else its code's."""
    try:
        theirs = registry.get(provider).errors
    except registry.UnknownProvider:  # a number whose provider was switched off
        theirs = {}
    whole = code.partition("/")[0]
    return theirs.get(code) or OURS.get(code) or theirs.get(whole)


def _general(code: str) -> tuple[ErrorClass, str]:
    word, _found, number = code.partition("_")
    status = int(number) if word == "http" and number.isdecimal() else 0
    for first, end, kind, sentence in _BY_STATUS:
        if first <= status < end:
            return kind, sentence
    return ErrorClass.FAIL, _UNLISTED if code else _NO_CODE
