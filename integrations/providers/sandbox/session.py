"""Whether Recado is linked to a simulated phone, as the sandbox's gateway tells.

The gateway is a part of Recado (services/sandbox_gateway.py) and is spoken to over HTTP all
the same, so that everything between us and a provider is in use here too.
"""

from datetime import datetime, timedelta
from typing import Final

from integrations.providers.base.phones import digits_of
from integrations.providers.base.reader import Reader
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import (
    Json,
    SessionReport,
    SessionWish,
    WebhookReport,
)
from integrations.providers.sandbox.api import (
    ABSENT,
    LINKED,
    UNLINKED,
    UNSTEADY,
    USED_UP,
    WAITING,
    Gateway,
)

_LONGEST_CODE: Final = 1000  # characters; a longer text would make no scannable picture
_LONGEST_WAIT: Final = 3600  # seconds
_STATES: Final = {
    WAITING: "awaiting_user",
    LINKED: "connected",
    UNSTEADY: "degraded",
    ABSENT: "disconnected",
    UNLINKED: "disconnected",
    USED_UP: "disconnected",
}
# By the gateway's word, and for some by who is behind it.
_REASONS: Final = {
    ABSENT: _("No simulated phone has this number yet."),
    USED_UP: _("Nobody scanned the code in time; ask for a new one."),
    UNSTEADY: _("The simulated phone comes and goes."),
    f"{UNLINKED} phone": _(
        "The phone has unlinked Recado; scan a new code to connect."
    ),
    f"{UNLINKED} recado": _("Disconnected here; scan a new code to connect."),
}
_NOT_TOLD: Final = _("The sandbox does not say whether it is connected.")


def create(gateway: Gateway, wish: SessionWish, *, now: datetime) -> SessionReport:
    wanted: dict[str, Json] = {"wants_pairing_code": bool(wish.phone)}
    if wish.webhook_url:
        wanted["webhook_url"] = wish.webhook_url
    return _report(gateway, gateway.ask("POST", "session", json=wanted), now=now)


def status(gateway: Gateway, *, now: datetime) -> SessionReport:
    return _report(gateway, gateway.ask("GET", "session"), now=now)


def close(gateway: Gateway) -> None:
    gateway.ask("DELETE", "session")


def set_webhook(gateway: Gateway, url: str) -> WebhookReport:
    return _webhook(gateway.ask("POST", "webhook", json={"url": url}))


def webhook_report(gateway: Gateway) -> WebhookReport:
    return _webhook(gateway.ask("GET", "webhook"))


def _webhook(told: Reader) -> WebhookReport:
    """It posts all there is, or nothing."""
    return WebhookReport(url=told.find_text("url") or "")


def _report(gateway: Gateway, told: Reader, *, now: datetime) -> SessionReport:
    word = told.find_text("state", most=60) or ""
    if word == WAITING:
        return _waiting(gateway, told, now=now)
    why = told.find_text("why", most=60)
    reason = _REASONS.get(f"{word} {why}", _REASONS.get(word, ""))
    return SessionReport(
        state=_STATES.get(word, "degraded"),
        provider_state=word,
        external_id=gateway.number,
        phone=digits_of(told.find_text("phone", most=20)),
        reason=reason if word in _STATES else _NOT_TOLD,
    )


def _waiting(gateway: Gateway, told: Reader, *, now: datetime) -> SessionReport:
    """A code to scan, and one to type where we asked for it; both end together."""
    payload = told.find_text("code") or ""
    if len(payload) > _LONGEST_CODE:
        payload = ""
    typed = told.find_text("pairing_code", most=20) or ""
    left = min(told.find_size("expires_in") or 0, _LONGEST_WAIT)
    ends = now + timedelta(seconds=left)
    return SessionReport(
        state=_STATES[WAITING],
        provider_state=WAITING,
        external_id=gateway.number,
        payload=payload,
        pairing_code=typed,
        expires_at=ends if payload or typed else None,
    )
