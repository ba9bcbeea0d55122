"""An instance from its first QR code to its end.

The live state comes from one request, who is connected and why it ended from another.
A status is asked without side effects; only creating begins a new round of codes.
"""

from datetime import datetime, timedelta
from typing import Final

from integrations.providers.base.adapter import Credentials, Http
from integrations.providers.base.errors import Refused, Unavailable
from integrations.providers.base.phones import digits_of, is_same_number
from integrations.providers.base.reader import Reader
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import (
    Json,
    SessionReport,
    SessionWish,
    WebhookReport,
)
from integrations.providers.evolution import webhook
from integrations.providers.evolution.api import (
    CONNECTING,
    OPEN,
    Answer,
    Record,
    Server,
)

# WhatsApp changes the code after this long, and the server gives up after 30 of them. How
# old a code is nobody says: one that is told again lives no longer for it.
CODE_LIVES: Final = timedelta(seconds=45)
_LONGEST_CODE: Final = 1000  # characters; a longer text would make no scannable picture
_NOT_OURS: Final = _(
    "Another number scanned the code. Disconnect it, then scan with the right phone."
)
_WHO: Final = _("The server does not tell yet which number is connected.")
_NO_INSTANCE: Final = _("The server has no instance of this name.")
_NAME_TAKEN: Final = _("The name belongs to an instance that this key may not touch.")
_NOBODY: Final = _("Nobody scanned the code in time; ask for a new one.")
_SIGNED_OUT: Final = _("Disconnected here; scan a new code to connect.")
_RECONNECTING: Final = _("The server is reconnecting by itself.")
_NOT_TOLD: Final = _("The server does not say whether it is connected.")
_NOT_CLOSED: Final = _("The number is still being disconnected.")
# Codes after which the server does not come back by itself: a new code must be scanned.
GONE: Final = {
    "401": _("Logged out, here or on the phone; scan a new code to connect."),
    "403": _("WhatsApp has blocked this number."),
    "402": _("WhatsApp ended the connection; scan a new code to connect."),
    "406": _("WhatsApp has blocked this number for some time."),
}


def create(
    credentials: Credentials, http: Http, wish: SessionWish, *, now: datetime
) -> SessionReport:
    server = Server(credentials, http, "create_session")
    answer = server.ask(
        "POST",
        "/instance/create",
        json=_creation(server, wish),
        understood=frozenset({401, 403}),
    )
    # 403: the name is taken, perhaps by us. 401: the key of one instance cannot create.
    if answer.status in (401, 403):
        return _resume(server, wish, answer, now=now)
    code = answer.body.find_section("qrcode") or Reader({})
    return _pairing(server, code, now=now)


def check(credentials: Credentials, http: Http, *, now: datetime) -> SessionReport:
    """As status; where the instance is still to be made, the server has to be one of ours."""
    server = Server(credentials, http, "check_credentials")
    try:
        state = server.state()
    except Unavailable as error:
        if error.code == "unreadable_answer":
            server.prove()
        raise
    if state is None:
        server.prove()
    return _status(server, state, now=now)


def status(credentials: Credentials, http: Http, *, now: datetime) -> SessionReport:
    server = Server(credentials, http, "session_status")
    return _status(server, server.state(), now=now)


def _status(server: Server, state: str | None, *, now: datetime) -> SessionReport:
    if state is None:
        return _report(server, "disconnected", "", reason=_NO_INSTANCE)
    if state == CONNECTING:
        code = server.connect()  # a reading while connecting, and nothing more
        if _has_code(code):
            return _pairing(server, code, now=now)
        told = code.find_section("instance")  # in place of a code: it was scanned
        state = (told and told.find_text("state", most=60)) or state
    return _standing(server, state, server.record())


def close(credentials: Credentials, http: Http) -> None:
    server = Server(credentials, http, "close_session")
    if not _serves_another(server):
        _log_out(server)


def evict(credentials: Credentials, http: Http) -> None:
    _log_out(Server(credentials, http, "close_session"))


def remove(credentials: Credentials, http: Http) -> None:
    server = Server(credentials, http, "remove_session")
    if _serves_another(server):
        return
    _log_out(server)
    answer = server.ask(
        "DELETE", "/instance/delete/{}", understood=frozenset({400, 404})
    )
    if answer.status == 400:  # it logs out behind its own answer
        raise Unavailable("not_closed_yet", _NOT_CLOSED)


def set_webhook(url: str, credentials: Credentials, http: Http) -> WebhookReport:
    server = Server(credentials, http, "set_webhook")
    webhook.put(server, url)
    return webhook.report(server)


def webhook_report(credentials: Credentials, http: Http) -> WebhookReport:
    return webhook.report(Server(credentials, http, "webhook_report"))


def _serves_another(server: Server) -> bool:
    """Whether a phone that is not ours lives on the instance: it is none of our business."""
    record = server.record()
    if record is None or not _is_foreign(server, record):
        return False
    # Unless it is linked, its owner is of an earlier time.
    return record.state == OPEN or server.state() == OPEN


def _log_out(server: Server) -> None:
    """400: no phone is connected; 404: there is no such instance. Both are what we want."""
    server.ask("DELETE", "/instance/logout/{}", understood=frozenset({400, 404}))


def _creation(server: Server, wish: SessionWish) -> dict[str, Json]:
    creation: dict[str, Json] = {
        "instanceName": server.instance,
        "integration": "WHATSAPP-BAILEYS",
        "qrcode": True,
        "groupsIgnore": True,
        "readMessages": False,
        "syncFullHistory": False,
    }
    if wish.phone:  # only then does a pairing code come too
        creation["number"] = wish.phone
    if wish.webhook_url:
        secret = server.credentials["webhook_secret"]
        creation["webhook"] = webhook.settings(wish.webhook_url, secret)
    return creation


def _resume(
    server: Server, wish: SessionWish, refusal: Answer, *, now: datetime
) -> SessionReport:
    """Go on with the instance there is; one that serves another number is left alone."""
    record = server.record()
    if record is None and refusal.status == 401:
        raise server.error(refusal.response)
    if record is None:
        raise Refused("name_taken", _NAME_TAKEN)
    state = server.state()
    is_linked = OPEN in (state, record.state)  # else its owner is of an earlier time
    if is_linked and _is_foreign(server, record):
        return _standing(server, OPEN, record)
    if wish.webhook_url:
        webhook.put(server, wish.webhook_url)
    if state == OPEN:
        return _standing(server, OPEN, record)
    code = server.connect(wish.phone)
    if state == CONNECTING and is_linked and not _has_code(code):
        code = server.restart()  # it has been on its way for as long as somebody waits
    if not _has_code(code) and is_linked:
        return _standing(server, CONNECTING, record)
    return _pairing(server, code, now=now)


def _has_code(code: Reader) -> bool:
    return bool(code.find_text("code") or code.find_text("pairingCode"))


def _pairing(server: Server, code: Reader, *, now: datetime) -> SessionReport:
    """Waiting for a phone; the code itself may take the server another moment."""
    payload = code.find_text("code") or ""
    if len(payload) > _LONGEST_CODE:
        payload = ""
    pairing_code = code.find_text("pairingCode", most=20) or ""
    shown = payload or pairing_code
    return SessionReport(
        state="awaiting_user" if shown else "created",
        provider_state=CONNECTING,
        external_id=server.instance,
        payload=payload,
        pairing_code=pairing_code,
        expires_at=now + CODE_LIVES if shown else None,
    )


def _standing(server: Server, state: str, record: Record | None) -> SessionReport:
    """Where an instance stands that shows no code."""
    record = record or Record("", None, None, None)
    if state == OPEN and _is_foreign(server, record):
        return _report(server, "failed", state, record, _NOT_OURS)
    if state == OPEN and record.owner is None:
        return _report(server, "verifying", state, record, _WHO)
    if state == OPEN:
        return _report(server, "connected", state, record)
    if state == CONNECTING and record.state != OPEN:
        return _report(server, "created", state)
    if state == CONNECTING:
        return _report(server, "degraded", state, record, _RECONNECTING)
    if state in ("close", "refused"):
        return _closed(server, state, record)
    return _report(server, "degraded", state, record, _NOT_TOLD)


def _closed(server: Server, state: str, record: Record) -> SessionReport:
    """Closed for good, or on its way back: only a lasting end is written down as one."""
    if state == "close" and record.state == OPEN:
        return _report(server, "degraded", state, record, _RECONNECTING)
    if record.reason_code in GONE:
        reason = GONE[record.reason_code]
        return _report(server, "disconnected", _word(state, record), record, reason)
    if record.reason_code is not None and state == "close":
        told = _word(state, record)
        return _report(server, "degraded", told, record, _RECONNECTING)
    reason = _SIGNED_OUT if record.owner else _NOBODY
    return _report(server, "disconnected", state, record, reason)


def _word(state: str, record: Record) -> str:
    return f"{state} {record.reason_code}"


def _is_foreign(server: Server, record: Record) -> bool:
    ours = digits_of(server.credentials.get("phone_number"))
    return record.owner is not None and not is_same_number(record.owner, ours)


def _report(
    server: Server,
    state: str,
    provider_state: str,
    record: Record | None = None,
    reason: str = "",
) -> SessionReport:
    return SessionReport(
        state=state,
        provider_state=provider_state,
        external_id=server.instance,
        phone=record.owner if record else None,
        display_name=record.profile_name if record else None,
        reason=reason,
    )
