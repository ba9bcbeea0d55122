"""Events between systems in words: what became of one, and why another one did not pass."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from integrations import words
from tickets.models import DeliveryState, IncomingEvent, Verdict
from tickets.services.delivering import GONE

_LEVELS: Final = {
    Verdict.APPLIED: "good",
    Verdict.UNCHANGED: "quiet",
    Verdict.LATE: "info",
    Verdict.IGNORED: "quiet",
    Verdict.REFUSED: "bad",
}
_STATE_LEVELS: Final = {
    DeliveryState.DUE: "info",
    DeliveryState.DELIVERED: "good",
    DeliveryState.FAILED: "bad",
}
# Why an event proved nothing.
_UNPROVEN: Final[dict[str, Promise]] = {
    "missing": gettext_lazy("It was not signed."),
    "wrong": gettext_lazy(
        "The signature did not match: another secret, or a changed body."
    ),
    "old": gettext_lazy("It was signed more than five minutes ago."),
    "future": gettext_lazy(
        "It was signed by a clock more than five minutes ahead of ours."
    ),
}
_REASONS: Final[dict[str, Promise]] = {
    "not_json": gettext_lazy("The body is no JSON object."),
    "invalid": gettext_lazy("A part of it cannot be understood:"),
    "unknown_type": gettext_lazy("There is no such type of event about tickets."),
    "unknown_client": gettext_lazy("There is no client with this oauth_id."),
    "unknown_ticket": gettext_lazy(
        "There is no such ticket, and no title to open one with."
    ),
    "unknown_assignee": gettext_lazy("Nobody with this e-mail may work on tickets."),
}
_FAILED: Final[dict[str, Promise]] = {
    "stopped_person": gettext_lazy("The subscription was switched off"),
    "stopped_gone": gettext_lazy("The receiver asked for no more"),
    "expired": gettext_lazy("Too old by the time its turn came"),
    "request_timeout": gettext_lazy("No answer in time"),
    "unreadable_secret": gettext_lazy("The secret cannot be opened: make a new one"),
}


def verdict_level(verdict: str) -> str:
    return _LEVELS.get(Verdict(verdict), "quiet") if verdict in Verdict.values else ""


def state_level(state: str) -> str:
    known = state in DeliveryState.values
    return _STATE_LEVELS[DeliveryState(state)] if known else "quiet"


def unproven(why: str) -> str:
    return str(_UNPROVEN.get(why, why))


def refused(event: IncomingEvent) -> str:
    """Why a proven event was not taken."""
    return str(_REASONS.get(event.reason, event.reason))


def failure(reason: str) -> str:
    """What was wrong with an attempt; empty where nothing was."""
    if not reason:
        return ""
    if reason in _FAILED:
        return str(_FAILED[reason])
    status = reason.removeprefix("http_")
    if status != reason and status.isdigit():
        code = int(status)
        if code == GONE:
            return gettext("Answered 410: wants no more events")
        if 300 <= code < 400:
            return gettext(
                "Answered %(status)s: sent elsewhere, which is not followed"
            ) % {"status": code}
        return gettext("Answered %(status)s") % {"status": code}
    return str(words.failure(reason))
