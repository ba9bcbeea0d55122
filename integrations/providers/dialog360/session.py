"""Whether a 360dialog number is connected, by a pasted key or by a partner's link.

Reading the webhook setting proves a key and asks for nothing else. A pasted key opens no
session, so there is nothing to close: the admin deletes the key in the hub. What a link
granted is ended by deleting the key that was made for us.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from integrations.providers.base.adapter import Credentials
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.phones import digits_of, is_same_number
from integrations.providers.base.reader import Reader
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import SessionReport, SessionWish
from integrations.providers.dialog360 import onboarding, partner
from integrations.providers.dialog360.forms import is_partner
from integrations.providers.dialog360.line import Line

PASTED: Final = "credentials"
LINK: Final = "external_link"
_NO_WEBHOOK: Final = _("360dialog has no webhook URL for this number yet.")
_ANOTHER: Final = _("The API key belongs to another phone number.")


def kind_of(credentials: Credentials, settings: Mapping[str, str]) -> str:
    """By a link, when one granted the number or when nobody pasted a key for it."""
    if credentials.get("channel_id"):
        return LINK
    has_key = bool(credentials.get("api_key"))
    return LINK if is_partner(settings) and not has_key else PASTED


def check(line: Line) -> SessionReport:
    """A pasted key and the number that it opens; a link's number once it was granted."""
    if _kind(line) == PASTED:
        return _checked(line, _probe(line))
    return _with_webhook(line, partner.status(line, ""))


def open_session(line: Line, wish: SessionWish) -> SessionReport:
    if _kind(line) == PASTED:
        return check(line)
    if partner.is_granted(line):
        return _with_webhook(line, partner.renew(line))
    phone = digits_of(line.credentials.get("phone_number"))
    return SessionReport(
        state="awaiting_user",
        provider_state="link",
        payload=onboarding.link(wish, phone=phone or "", settings=line.settings),
        phone=phone,
    )


def status(line: Line, session_id: str) -> SessionReport:
    if _kind(line) == PASTED:
        return _probe(line)
    return _with_webhook(line, partner.status(line, session_id))


def close(line: Line) -> None:
    if _kind(line) == LINK:
        partner.delete_keys(line)


def _kind(line: Line) -> str:
    return kind_of(line.credentials, line.settings)


def _with_webhook(line: Line, report: SessionReport) -> SessionReport:
    """The hub's word on the number, unless its own API knows worse."""
    if report.state != "connected" or report.granted:
        return report
    told = _probe(line)
    if told.state == "connected":
        return report
    return replace(report, state=told.state, reason=told.reason)


def _probe(line: Line) -> SessionReport:
    setting = line.ask_number("GET", "/v1/configs/webhook")
    phone = digits_of(line.credentials.get("phone_number"))
    if setting.find_text("url"):
        return SessionReport(
            state="connected", provider_state="webhook set", phone=phone
        )
    return SessionReport(
        state="degraded",
        provider_state="no webhook",
        phone=phone,
        reason=_NO_WEBHOOK,
    )


def _checked(line: Line, report: SessionReport) -> SessionReport:
    """The report, failed when the key opens another number than the one that was given."""
    told = _find_phone(line)
    if told is None or is_same_number(told, report.phone):
        return report
    return replace(report, state="failed", phone=told, reason=_ANOTHER)


def _find_phone(line: Line) -> str | None:
    """The key's number where 360dialog tells it: documented for its older API alone.

    The key was proven just before, so that whatever goes wrong here is no trouble of it.
    """
    try:
        told = line.ask_number("GET", "/v1/configs/phone_number")
    except ProviderError:
        return None
    section = told.find_section("phone_number") or Reader({})
    return digits_of(
        told.find_text("phone_number") or section.find_text("phone_number")
    )
