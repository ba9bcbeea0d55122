"""What the daily check can find at a link: how bad it is, in a sentence, and what to do.

Rows keep the code and its values; the words are chosen when somebody reads them. Room 2;
`services.link_checks` writes them down, the pages of links show them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from whatsapp.models import CheckState

Text = str | Promise


@dataclass(frozen=True, slots=True)
class _Words:
    level: CheckState
    sentence: Text
    cure: Text


@dataclass(frozen=True, slots=True)
class Finding:
    """As a page shows it."""

    code: str
    level: str
    sentence: str
    cure: str


_BROKEN, _WARNING = CheckState.BROKEN, CheckState.WARNING
_WORDS: dict[str, _Words] = {
    # --- the number ---------------------------------------------------------------
    "paused": _Words(
        _WARNING,
        _("The link is paused: whoever opens it reads that it is not in use."),
        _("Resume it when people shall reach you through it again."),
    ),
    "number_off": _Words(
        _BROKEN,
        _("The number of this link is switched off, so the link leads nowhere."),
        _("Edit the link and choose a number that is in use."),
    ),
    "number_disconnected": _Words(
        _BROKEN,
        _(
            "The number is disconnected: what people write through this link does not arrive."
        ),
        _("Connect the number again on the page of numbers."),
    ),
    "number_unsteady": _Words(
        _WARNING,
        _("The connection of the number is unsteady."),
        _("Look at the number on the page of numbers."),
    ),
    "number_new": _Words(
        _WARNING,
        _(
            "The number has never received a message, so nobody knows yet whether it does."
        ),
        _("Send a test, or write to the number from a phone."),
    ),
    # --- the public address -------------------------------------------------------
    "unreachable": _Words(
        _BROKEN,
        _("The public address of the link does not answer (%(code)s)."),
        _(
            "Whoever runs Recado should check PUBLIC_URL, its certificate and the proxy."
        ),
    ),
    "public_denied": _Words(
        _BROKEN,
        _("Recado may not open its own public address, which is a private one."),
        _("Whoever runs Recado should add its host to EGRESS_ALLOWED_HOSTS."),
    ),
    "no_redirect": _Words(
        _BROKEN,
        _(
            "The public address answers with status %(status)s instead of leading to WhatsApp."
        ),
        _("Whoever runs Recado should check that PUBLIC_URL leads to Recado itself."),
    ),
    "wrong_target": _Words(
        _BROKEN,
        _("The public address leads to %(target)s, not to the number of this link."),
        _(
            "Something between visitors and Recado changes the address: ask whoever runs it."
        ),
    ),
    "token_missing": _Words(
        _BROKEN,
        _(
            "WhatsApp would open without a token, so no lead would show where it came from."
        ),
        _(
            "Something between visitors and Recado cuts the address: ask whoever runs it."
        ),
    ),
    # --- the page where it stands -------------------------------------------------
    "landing_denied": _Words(
        _BROKEN,
        _("%(url)s is an address that Recado does not open."),
        _("Give the public address of the page, beginning with https://."),
    ),
    "landing_unreachable": _Words(
        _BROKEN,
        _("The page %(url)s does not answer (%(code)s)."),
        _("Open it in a browser. If it works there, try the check again later."),
    ),
    "landing_status": _Words(
        _BROKEN,
        _("The page %(url)s answers with status %(status)s."),
        _("Correct the address of the page, or put the page online again."),
    ),
    "landing_loop": _Words(
        _BROKEN,
        _("The page sends visitors in circles: %(url)s leads back to itself."),
        _("Correct the redirects of the page, or give the address they should end at."),
    ),
    "landing_too_far": _Words(
        _BROKEN,
        _("The page sends visitors on more than %(most)s times."),
        _("Give the address where the redirects end."),
    ),
    "landing_too_large": _Words(
        _WARNING,
        _(
            "The page is larger than %(size)s, so Recado did not look for the link in it."
        ),
        _("A lighter page also opens sooner on a phone. The link itself works."),
    ),
    "landing_no_page": _Words(
        _WARNING,
        _("What stands at %(url)s is no web page (%(kind)s)."),
        _("Give the address of the page where people find the link."),
    ),
    "landing_loses": _Words(
        _WARNING,
        _("On the way to the page these parameters get lost: %(names)s."),
        _(
            "Let the redirects keep what stands behind the question mark, or give ads the"
            " address where the redirects end."
        ),
    ),
    "landing_without_link": _Words(
        _WARNING,
        _("The page does not contain this link."),
        _(
            "Put the link's address into the page. If a script of the page writes it,"
            " Recado cannot see it: then this is no fault."
        ),
    ),
    # --- a test ---------------------------------------------------------------------
    "not_linked": _Words(
        _BROKEN,
        _("The number is not connected, so what people write does not reach Recado."),
        _("Connect the number again; then send another test."),
    ),
    "offline": _Words(
        _BROKEN,
        _("The phone of the number has no internet, so nothing reaches Recado."),
        _("Give the phone its internet back; then send another test."),
    ),
    "post_refused": _Words(
        _BROKEN,
        _("Our own webhook did not take the message (%(code)s)."),
        _("Whoever runs Recado should check that PUBLIC_URL reaches its webhooks."),
    ),
    "not_processed": _Words(
        _WARNING,
        _("The message waits to be processed, for longer than usual."),
        _("Whoever runs Recado should check that the worker runs."),
    ),
    "no_origin": _Words(
        _BROKEN,
        _("The message arrived, and the lead does not show the click as its origin."),
        _("Open the lead: it explains what was looked for and what was found."),
    ),
    # --- the check itself ---------------------------------------------------------
    "check_failed": _Words(
        _WARNING,
        _("The check itself failed."),
        _("Check again. If it fails again, tell whoever runs Recado."),
    ),
}
CODES = frozenset(_WORDS)
_DENIED = "egress_denied"


def told(code: str, /, **values: Any) -> dict[str, Any]:
    """As a row keeps it."""
    if code not in _WORDS:
        raise KeyError(code)
    return {"code": code, **({"values": values} if values else {})}


def unreachable(code: str) -> dict[str, Any]:
    """Our own public address did not answer, for a reason of `integrations.http`."""
    return told("public_denied") if code == _DENIED else told("unreachable", code=code)


def state_of(findings: Iterable[Mapping[str, Any]]) -> CheckState:
    """The worst of them; without any, all is in order."""
    levels = {_WORDS[one["code"]].level for one in findings}
    return next((one for one in (_BROKEN, _WARNING) if one in levels), CheckState.GOOD)


def read(findings: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """In the reader's language; a code that no version knows any more is left out."""
    return [
        Finding(
            code=one["code"],
            level=_WORDS[one["code"]].level.value,
            sentence=str(_WORDS[one["code"]].sentence) % one.get("values", {}),
            cure=str(_WORDS[one["code"]].cure),
        )
        for one in findings
        if one.get("code") in _WORDS
    ]
