"""Whether a number of the Cloud API is connected: one harmless read of its node.

Pasted keys open no session at Meta, so there is nothing to close either: dropping the
account's subscription would cut off every other number of it.
"""

from typing import Final

from integrations.providers.base.adapter import Credentials
from integrations.providers.base.errors import (
    NumberElsewhere,
    NumberUnknown,
    PermissionMissing,
    Refused,
)
from integrations.providers.base.phones import digits_of, is_same_number
from integrations.providers.base.reader import Reader
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import SessionReport
from integrations.providers.meta_cloud.graph import Graph

_CORE: Final = "id,display_phone_number,verified_name,status,quality_rating"
_LIMITS: Final = "is_on_biz_app,throughput,whatsapp_business_manager_messaging_limit"
# Meta's documents disagree on these words and add to them: an unknown one is unsteady.
_STATES: Final = {
    "": "connected",  # not told, but the number answered to this token
    "CONNECTED": "connected",
    "LINKED": "connected",
    "PENDING": "verifying",
    "UNVERIFIED": "verifying",
    "DISCONNECTED": "disconnected",
    "UNLINKED": "disconnected",
    "DELETED": "disconnected",
    "MIGRATED": "disconnected",
    "BANNED": "disconnected",
}
_REASONS: Final = {
    "PENDING": _("Meta is still setting this number up."),
    "UNVERIFIED": _("Meta waits for the code that verifies this number."),
    "DISCONNECTED": _("Meta has this number disconnected: register it again there."),
    "UNLINKED": _("This number was taken out of its WhatsApp Business Account."),
    "DELETED": _("This number was deleted at Meta."),
    "MIGRATED": _("This number moved to another WhatsApp Business Account."),
    "BANNED": _("Meta banned this number. Appeal in the WhatsApp Manager."),
    "FLAGGED": _("Meta flagged this number for its quality; its limit may drop."),
    "RESTRICTED": _("Meta restricted this number: it may send less, or nothing."),
    "RATE_LIMITED": _("This number reached its limit of conversations."),
}
_UNSTEADY: Final = _("Meta says something about this number that Recado does not know.")
_ANOTHER: Final = _("The phone number ID belongs to another phone number.")
_NOT_ALLOWED: Final = "100/33"
_MOST_NUMBERS: Final = 200  # of one account, in one answer


def open_session(graph: Graph) -> SessionReport:
    """How the number stands, once it is sure that it is in the account that was given."""
    try:
        node = _read_node(graph)
    except NumberUnknown as error:
        raise _explained(graph, error) from None
    if graph.number_id not in _numbers_of(graph):
        raise NumberElsewhere("another_account", "the number is in another account")
    return _report(node, graph.credentials)


def probe(graph: Graph) -> SessionReport:
    return _report(_read_node(graph), graph.credentials)


def _read_node(graph: Graph) -> Reader:
    """The number's node. A version that lacks an ornament refuses the whole question."""
    try:
        return graph.ask("GET", graph.number_id, fields=f"{_CORE},{_LIMITS}")
    except Refused as error:
        if error.code != "100" or isinstance(error, NumberUnknown):
            raise
    return graph.ask("GET", graph.number_id, fields=_CORE)


def _explained(graph: Graph, error: NumberUnknown) -> Refused:
    """Meta says one thing for a wrong id and for a key that may not see it: ask above."""
    try:
        known = _numbers_of(graph)
    except NumberUnknown:
        return PermissionMissing(
            _NOT_ALLOWED, "the key sees neither the number nor the account"
        )
    if graph.number_id in known:
        return PermissionMissing(_NOT_ALLOWED, error.detail)
    return error


def _numbers_of(graph: Graph) -> set[str]:
    """The ids of the numbers in the account."""
    found: set[str] = set()
    edge = graph.ask(
        "GET", graph.account_id, "phone_numbers", fields="id", limit=_MOST_NUMBERS
    )
    for number in edge.find_items("data"):
        found.add(number.find_identifier("id") or "")
    return found


def _report(node: Reader, credentials: Credentials) -> SessionReport:
    word = (node.find_text("status", most=60) or "").upper()
    state, reason = _STATES.get(word, "degraded"), ""
    if state != "connected":
        reason = _REASONS.get(word, _UNSTEADY)
    phone = digits_of(node.find_text("display_phone_number"))
    ours = digits_of(credentials.get("phone_number"))
    if phone and ours and not is_same_number(phone, ours):
        state, reason = "failed", _ANOTHER
    throughput = node.find_section("throughput") or Reader({})
    return SessionReport(
        state=state,
        provider_state=word,
        external_id=node.find_identifier("id") or credentials["phone_number_id"],
        phone=phone,
        display_name=node.find_text("verified_name", most=100),
        quality=_word(node.find_text("quality_rating", most=20)),
        limit=node.find_code("whatsapp_business_manager_messaging_limit"),
        throughput=_word(throughput.find_text("level", most=20)),
        is_on_phone=node.find_flag("is_on_biz_app"),
        reason=reason,
    )


def _word(told: str | None) -> str | None:
    return told.lower() if told else None
