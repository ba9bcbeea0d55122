"""What the webhook pages say about a row, in the reader's language: its outcome, its state,
what to do about it. `inbox_pages` hands over the facts; views come after.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.providers.base.types import (
    AccountEvent,
    ContactEvent,
    Event,
    Ignored,
    MessageEvent,
    PreferenceEvent,
    StatusEvent,
    TemplateEvent,
    Unrecognized,
)
from webhooks.models import RawState

LEVELS = {
    RawState.RECEIVED: "info",
    RawState.LEASED: "info",
    RawState.DONE: "good",
    RawState.PARKED: "bad",
    RawState.IGNORED: "quiet",
    RawState.UNROUTED: "warning",
}


def outcome(told: object) -> list[str]:
    """What a row led to; empty where nothing is written down."""
    counts = told if isinstance(told, dict) else {}
    return [_counted(name, n) for name, n in counts.items() if _is_count(n)]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _counted(name: str, n: int) -> str:
    sentences = {
        "messages": ngettext("%(n)d message stored", "%(n)d messages stored", n),
        "statuses": ngettext(
            "%(n)d delivery status noted", "%(n)d delivery statuses noted", n
        ),
        "contacts": ngettext("%(n)d contact updated", "%(n)d contacts updated", n),
        "preferences": ngettext(
            "%(n)d opt-out noted or taken back",
            "%(n)d opt-outs noted or taken back",
            n,
        ),
        "account_events": ngettext(
            "%(n)d notice about the account", "%(n)d notices about the account", n
        ),
        "duplicates": ngettext(
            "%(n)d message was here already", "%(n)d messages were here already", n
        ),
        "ignored": ngettext("%(n)d item not needed", "%(n)d items not needed", n),
    }
    return sentences.get(name, f"{name}: %(n)d") % {"n": n}


def difference(new: Mapping[str, int]) -> list[str]:
    """What a replay would add, as a rehearsal counted it."""
    sentences = {
        "leads": lambda n: ngettext("%(n)d new lead", "%(n)d new leads", n),
        "conversations": lambda n: ngettext(
            "%(n)d new conversation", "%(n)d new conversations", n
        ),
        "messages": lambda n: ngettext("%(n)d new message", "%(n)d new messages", n),
        "statuses": lambda n: ngettext(
            "%(n)d new delivery status", "%(n)d new delivery statuses", n
        ),
        "waiting_statuses": lambda n: ngettext(
            "%(n)d delivery status without its message",
            "%(n)d delivery statuses without their message",
            n,
        ),
        "attributions": lambda n: ngettext(
            "%(n)d new origin decided", "%(n)d new origins decided", n
        ),
        "touches": lambda n: ngettext(
            "%(n)d new click or ad", "%(n)d new clicks or ads", n
        ),
    }
    return [
        sentences[name](n) % {"n": n}
        for name, n in new.items()
        if n and name in sentences
    ]


_NOT_CONNECTED = re.compile(r"names number (\S+), which is not connected here")
_NOT_JSON = re.compile(r"not JSON at character (\d+): .*")
_SILENT = re.compile(r"(\d+) workers took it and never came back")
BY_HAND = "by hand: "


def reason(error: str) -> str:
    """Why a row waits. What is written down is for logs; the usual ones have a sentence."""
    if found := _NOT_CONNECTED.fullmatch(error):
        return _("The number %(number)s is not connected here") % {"number": found[1]}
    if found := _NOT_JSON.fullmatch(error):
        return _("Not JSON from character %(place)s on") % {"place": found[1]}
    if found := _SILENT.fullmatch(error):
        return _("%(count)s workers took it and never came back") % {"count": found[1]}
    if error.startswith(BY_HAND):
        return _("Set aside by a person: %(reason)s") % {
            "reason": error.removeprefix(BY_HAND)
        }
    return error


def advice(state: str, error: str) -> str:
    """What a person can do about a row that waits."""
    if state == RawState.UNROUTED or "is not connected here" in error:
        return _(
            "Connect that number, or correct its id under Numbers, then replay these requests."
        )
    if error.startswith(BY_HAND):
        return _("Somebody set it aside. Read the reason, then replay it or leave it.")
    if "never came back" in error:
        return _(
            "Work on it never came to an end. Show it to whoever runs Recado before you replay it, one at a time."
        )
    if state == RawState.PARKED:
        return _(
            "Recado could not make sense of it. Nothing is lost: replay it after the next update, or after the cause is mended."
        )
    return ""


def event_kind(event: Event) -> str:
    names: dict[type, str] = {
        MessageEvent: _("Message"),
        StatusEvent: _("Delivery status"),
        ContactEvent: _("Contact"),
        PreferenceEvent: _("Opt-out"),
        AccountEvent: _("Account"),
        TemplateEvent: _("Template"),
        Ignored: _("Not needed"),
        Unrecognized: _("Not understood"),
    }
    return names[type(event)]


def verdict(*, is_shared: bool) -> str:
    """Rows exist only after their sender was proven; say how that is known."""
    if is_shared:
        return _(
            "The sender was proven on the shared address before the request was stored. Requests that fail this test are refused and never kept."
        )
    return _(
        "The sender was proven for this connection before the request was stored. Requests that fail this test are refused and never kept."
    )


def state_counts(states: Mapping[str, int]) -> list[dict[str, Any]]:
    labels = {str(one): str(one.label) for one in RawState}
    labels["failing"] = _("Would fail again")
    return [{"label": labels.get(name, name), "rows": n} for name, n in states.items()]
