"""What is wrong with a number, and what to do about it, in plain words. For pages and mails.

`Problem.label` says what happened. Here stands what it means for the business and which act
of the number page mends it. While the credentials are entered nothing is kept yet, so the
same problem has another cure.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from integrations.models import Problem, SessionState

Text = str | Promise
_CODE: Final = re.compile(r"[a-z0-9_./-]*")  # http_503, connect_failed, 100/33


class Act(StrEnum):
    """What the number page offers first."""

    NONE = ""  # it passes by itself, or is mended elsewhere
    CHECK = "check"
    RECONNECT = "reconnect"
    START_CLEAN = "start_clean"
    CREDENTIALS = "credentials"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Advice:
    """`brief` says what to do, for lists and alerts; `text` says why as well."""

    brief: Text
    text: Text
    act: Act = Act.NONE


# While somebody enters credentials.
_ENTERED: Final[dict[str, Text]] = {
    Problem.KEY_WRONG: _(
        "%(provider)s does not accept this key. Copy it there once more, whole and without "
        "spaces: one that was renewed or deleted there opens nothing."
    ),
    Problem.PERMISSION_MISSING: _(
        "The key is right, but it may not do this. Allow it at %(provider)s what the help of "
        "the field says, then try again."
    ),
    Problem.NUMBER_WRONG: _(
        "The key is right, but it belongs to another number than the one given. Check the "
        "number and, where they are asked for, its ids."
    ),
    Problem.UNREACHABLE: _(
        "%(provider)s cannot be reached. Check the address, that the server runs, and that "
        "this installation may connect to it."
    ),
    Problem.UNAVAILABLE: _(
        "%(provider)s has trouble of its own at the moment. Try again in a few minutes."
    ),
    Problem.BUSY: _("%(provider)s asks us to slow down. Try again in a minute."),
    Problem.UNREADABLE: _(
        "Something answered, but not as %(provider)s does: a web page, or another system. "
        "Check the address; if it is right, the server may be in maintenance."
    ),
    Problem.REFUSED: _("%(provider)s says no to this."),
}
# A number that is being connected, or was.
_ADVICE: Final[dict[str, Advice]] = {
    Problem.KEY_WRONG: Advice(
        _("Put in a new key."),
        _(
            "%(provider)s no longer accepts the key: it was renewed, deleted or mistyped. Enter "
            "the new one."
        ),
        Act.CREDENTIALS,
    ),
    Problem.PERMISSION_MISSING: Advice(
        _("Grant the permission, or put in another key."),
        _(
            "The key is known but lacks a permission. Grant it at %(provider)s, or put in a "
            "key that has it."
        ),
        Act.CREDENTIALS,
    ),
    Problem.CREDENTIALS_UNREADABLE: Advice(
        _("Put the credentials in anew."),
        _(
            "The credentials cannot be opened with this installation's key. Whoever looks after "
            "it must check INTEGRATIONS_KEY; or enter the credentials anew."
        ),
        Act.CREDENTIALS,
    ),
    Problem.NUMBER_WRONG: Advice(
        _("Start clean with this number's own phone or key."),
        _(
            "The phone that scanned the code, or the key, belongs to another number. Connect "
            "with this number's own phone or key."
        ),
        Act.START_CLEAN,
    ),
    Problem.NUMBER_TAKEN: Advice(
        _("Remove it where it is connected now."),
        _(
            "This number is connected in another place of this installation already. It must be "
            "removed there before it can be connected here."
        ),
    ),
    Problem.UNREACHABLE: Advice(
        _("See whether the server is on; we go on asking."),
        _(
            "%(provider)s cannot be reached at the moment. If you run its server yourself, see "
            "whether it is switched on and its address still right; otherwise this usually "
            "passes, and we go on asking."
        ),
        Act.CHECK,
    ),
    Problem.UNAVAILABLE: Advice(
        _("The provider has trouble; we go on asking."),
        _(
            "%(provider)s has trouble of its own. Look at its status page; we go on asking "
            "and connect by ourselves when it is back."
        ),
        Act.CHECK,
    ),
    Problem.BUSY: Advice(
        _("Nothing to do; we go on asking."),
        _("%(provider)s asks us to wait. We go on in a moment."),
    ),
    Problem.UNREADABLE: Advice(
        _("See whether the address of the server is right."),
        _(
            "What answers is not what %(provider)s says: a web page, or half an answer. We go on "
            "trying; check its address and whether it is in maintenance."
        ),
        Act.CREDENTIALS,
    ),
    Problem.REFUSED: Advice(
        _("Look at your account with the provider."),
        _(
            "%(provider)s refused the request. Often the number was removed, restricted or "
            "moved there: look at your account with it."
        ),
        Act.CHECK,
    ),
    Problem.UNSUPPORTED: Advice(
        _("Look at its last message."),
        _(
            "%(provider)s cannot be asked how a number is. It is as well as its last word "
            "and its messages say."
        ),
    ),
    Problem.LOGGED_OUT: Advice(
        _("Connect again, with the phone at hand."),
        _(
            "Somebody removed the linked device on the phone, the phone was away for too long, "
            "or %(provider)s ended the connection. Messages do not reach us: connect again, "
            "with the phone at hand."
        ),
        Act.RECONNECT,
    ),
    Problem.UNSTEADY: Advice(
        _("See that the phone is charged and online."),
        _(
            "The connection comes and goes. See that the phone is charged and online; if it "
            "lasts, connect again."
        ),
        Act.CHECK,
    ),
    Problem.SILENT: Advice(
        _("Write to it from another phone, to see whether that arrives."),
        _(
            "Everything looks connected, and yet nothing comes in at a time when there are "
            "always messages. Write to the number from another phone: if that does not "
            "appear here, see where %(provider)s posts to, then start clean."
        ),
        Act.WEBHOOK,
    ),
    Problem.TOO_LATE: Advice(
        _("Begin again."),
        _(
            "Nobody finished in 15 minutes, so the code was withdrawn. Start again when the "
            "phone is at hand."
        ),
        Act.RECONNECT,
    ),
}
# Of a number whose key came with a link: nobody has one to enter.
_NOT_ENTERED: Final = Advice(
    _("Connect it again."),
    _(
        "%(provider)s does not let us in with the key that was made for this number. Connect "
        "again: a new one is made."
    ),
    Act.RECONNECT,
)
_NOT_OPENED: Final = Advice(
    _("Remove it, then connect it anew."),
    _(
        "The credentials cannot be opened with this installation's key. Whoever looks after "
        "it must check INTEGRATIONS_KEY; or remove the number and connect it anew."
    ),
)
_DOWN: Final = Advice(
    _("Connect it again."),
    _("The number is not connected. Connect it again to receive messages here."),
    Act.RECONNECT,
)
_PENDING: Final = Advice(
    _("Go on connecting it."),
    _("Connecting was begun and waits for its last step. Go on with it."),
    Act.RECONNECT,
)
_OPERATIONS: Final[dict[str, Text]] = {
    "create_session": _("Opened a session"),
    "session_status": _("Asked how the number is"),
    "close_session": _("Ended the session"),
    "remove_session": _("Removed the session"),
    "set_webhook": _("Set the webhook address"),
    "webhook_report": _("Read the webhook address back"),
    "create_message_link": _("Made a message link"),
    "list_message_links": _("Listed message links"),
    "delete_message_link": _("Deleted a message link"),
    "send": _("Sent a message"),
}


# How an exchange ended without an answer to go by: what `integrations.http` calls it.
_FAILURES: Final[dict[str, Text]] = {
    "dns_failed": _("Address not found"),
    "dns_timeout": _("Address not found"),
    "connect_failed": _("Not reachable"),
    "connect_timeout": _("Not reachable"),
    "tls_failed": _("No secure connection"),
    "tls_timeout": _("No secure connection"),
    "request_failed": _("Broken off"),
    "request_timeout": _("Broken off"),
    "answer_failed": _("Broken off"),
    "answer_timeout": _("No answer in time"),
    "answer_too_large": _("Answer too large"),
    "answer_truncated": _("Broken off"),
    "unreadable_answer": _("Answer not readable"),
    "bad_redirect": _("Sent elsewhere"),
    "too_many_redirects": _("Sent elsewhere"),
    "egress_denied": _("Address not allowed"),
}


def failure(code: str) -> Text:
    """Why an exchange gave no answer; a code we have no word for as it is."""
    return _FAILURES.get(code, code)


_TIER: Final = re.compile(r"TIER_(\d+)(K?)")


def limit(code: str) -> str:
    """To how many people one may write first: Meta's name of the tier as a sentence."""
    if code == "TIER_UNLIMITED":
        return gettext("no limit")
    tier = _TIER.fullmatch(code)
    if tier is None:
        return code
    people = int(tier[1]) * (1000 if tier[2] else 1)
    return ngettext(
        "%(people)s person in 24 hours", "%(people)s people in 24 hours", people
    ) % {"people": number_format(people, force_grouping=True)}


def advice(
    problem: str, state: str = "", *, provider: str, may_enter: bool = True
) -> Advice | None:
    """What to do about a problem; without one, what a state asks for.

    `may_enter` is whether there are credentials that a person could enter anew.
    """
    found = _ADVICE.get(problem)
    if found is not None and found.act == Act.CREDENTIALS and not may_enter:
        is_open = problem != Problem.CREDENTIALS_UNREADABLE
        found = _NOT_ENTERED if is_open else _NOT_OPENED
    if found is not None:
        return replace(found, text=str(found.text) % {"provider": provider})
    if state in {SessionState.CREATED, SessionState.AWAITING_USER}:
        return _PENDING
    if state in {
        SessionState.DISCONNECTED,
        SessionState.EXPIRED,
        SessionState.FAILED,
    }:
        return _DOWN
    return None


def why(problem: str, *, provider: str, may_enter: bool = True) -> str:
    """The sentence alone."""
    found = advice(problem, provider=provider, may_enter=may_enter)
    return str(found.text) if found is not None else _label(problem)


def on_entering(problem: str, *, provider: str) -> str:
    """For the form that the credentials are entered in; nothing was kept."""
    text = _ENTERED.get(problem)
    if text is None:
        return why(problem, provider=provider)
    return str(text) % {"provider": provider}


def reason(told: str) -> str:
    """The provider's own words: translated where an adapter wrote them, codes left out."""
    is_code = _CODE.fullmatch(told) is not None
    return "" if is_code or not told.strip() else gettext(told)


def failed(problem: str, told: str = "") -> str:
    """Why a provider did not do what a person ordered, with its own words where it has some."""
    said = reason(told)
    return f"{_label(problem)}: {said}" if said else f"{_label(problem)}."


def _label(problem: str) -> str:
    known = problem in Problem.values
    return str(Problem(problem).label) if known else gettext("Something is wrong")


def operation(name: str) -> Text:
    """What an exchange with a provider was for; one we have no word for as it is called."""
    return _OPERATIONS.get(name, name)
