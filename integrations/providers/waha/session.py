"""A session at WAHA: created by us, linked by a QR code or a code typed on the phone.

WAHA shows the first QR code for 60 seconds and five more for 20 each, then the session
fails. It does not tell how old a code is: one that follows our own start at once is the
first, any other is promised for 20 seconds, and it is good as long as it is told again.
https://waha.devlike.pro/docs/how-to/sessions/
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from integrations.providers.base.adapter import Credentials, Http
from integrations.providers.base.answers import body_of
from integrations.providers.base.errors import Refused
from integrations.providers.base.phones import digits_of, is_same_number
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import SessionReport, SessionWish
from integrations.providers.waha import errors, webhook
from integrations.providers.waha.api import DONE, Api
from integrations.providers.waha.people import owner_phone
from integrations.providers.waha.states import (
    ANOTHER_NUMBER,
    GONE,
    MISSING,
    NOBODY,
    STATES,
    UNKNOWN_STATE,
)

FIRST_CODE: Final = timedelta(seconds=60)
LATER_CODE: Final = timedelta(seconds=20)
_NAME_TAKEN: Final = frozenset({409, 422})
_NOTHING_TO_DO: Final = frozenset({404, 422})  # no such session; not in that state
_LINKED: Final = frozenset({"STARTING", "WORKING"})  # while `me` says who
_NO_LIST: Final = frozenset({403, 404, 405})
_CODE = re.compile(r"[\x21-\x7e]{8,1000}")  # what a QR code of a readable size holds


@errors.soon_again()
def create(
    credentials: Credentials, http: Http, wish: SessionWish, *, now: datetime
) -> SessionReport:
    """Create the session, or continue with the one that has its name; start it if needed."""
    api = Api(credentials["session_name"], "create_session", credentials, http)
    asked = {
        "name": api.name,
        "start": True,
        "config": webhook.new_config(wish.webhook_url, credentials),
    }
    made = api.do("POST", "/api/sessions", asked, also=_NAME_TAKEN)
    if made.status_code in DONE:
        told, is_fresh = errors.answer_of(made), True
    else:
        found = api.do("GET", api.path, also={404})
        if found.status_code == 404:  # what it refused was not the name
            raise api.error_of(made)
        told, is_fresh = _woken(api, errors.answer_of(found), wish.webhook_url)
    return _report(api, told, phone=wish.phone, is_fresh=is_fresh, now=now)


def check(credentials: Credentials, http: Http, *, now: datetime) -> SessionReport:
    """As status; where the session is still to be made, the server has to be a WAHA."""
    report = _status(credentials, http, now=now)
    if report.provider_state == MISSING:
        api = Api(credentials["session_name"], "check_credentials", credentials, http)
        listed = api.do("GET", "/api/sessions", also=_NO_LIST)
        # A key for one session may not list them: then it was a WAHA that said so.
        if listed.status_code != 403 and not listed.content.lstrip().startswith(b"["):
            raise Refused("not_waha", errors.NOT_WAHA)
    return report


@errors.soon_again()
def status(credentials: Credentials, http: Http, *, now: datetime) -> SessionReport:
    return _status(credentials, http, now=now)


def _status(credentials: Credentials, http: Http, *, now: datetime) -> SessionReport:
    api = Api(credentials["session_name"], "session_status", credentials, http)
    response = api.do("GET", api.path, also={404})
    told = errors.answer_of(response)
    if response.status_code == 404:
        return SessionReport("disconnected", MISSING, external_id=api.name, reason=GONE)
    return _report(api, told, phone="", is_fresh=False, now=now)


@errors.soon_again()
def close(credentials: Credentials, http: Http) -> None:
    api = Api(credentials["session_name"], "close_session", credentials, http)
    if not _serves_another(api):
        _unlink(api)


@errors.soon_again()
def evict(credentials: Credentials, http: Http) -> None:
    _unlink(Api(credentials["session_name"], "close_session", credentials, http))


def _unlink(api: Api) -> None:
    """Unlink the phone; stopped as well, or WAHA would offer codes to nobody until it fails."""
    for step in ("logout", "stop"):
        api.do("POST", f"{api.path}/{step}", also=_NOTHING_TO_DO)


@errors.soon_again()
def remove(credentials: Credentials, http: Http) -> None:
    api = Api(credentials["session_name"], "remove_session", credentials, http)
    if _serves_another(api):
        return
    api.do("POST", f"{api.path}/logout", also=_NOTHING_TO_DO)
    api.do("DELETE", api.path, also={404})


# --- what an existing session needs -------------------------------------------
def _woken(api: Api, told: Reader, webhook_url: str) -> tuple[Reader, bool]:
    """The session on its way, and whether it was this call that started it."""
    phone = owner_phone(told.find_section("me") or Reader({}))
    if told.find_text("status") in _LINKED and phone and not _is_ours(api, phone):
        return told, False  # it goes on posting to whoever it posts to
    if webhook_url and not webhook.is_set(told, webhook_url, api.credentials):
        webhook.put(api, told, webhook_url)
        told = api.session()
    word = told.find_text("status")
    if word == "STOPPED":
        return _started(api, "start"), True
    if word != "FAILED":
        return told, False
    told = _started(api, "restart")
    if told.find_text("status") == "FAILED":  # its link is dead: only a new one helps
        api.do("POST", f"{api.path}/logout", also=_NOTHING_TO_DO)
        told = _started(api, "start")
    return told, True


def _started(api: Api, step: str) -> Reader:
    api.do("POST", f"{api.path}/{step}", also={422})  # 422: it runs already
    return api.session()


# --- what WAHA tells ----------------------------------------------------------
def _report(
    api: Api, told: Reader, *, phone: str, is_fresh: bool, now: datetime
) -> SessionReport:
    word = told.find_text("status", most=40) or ""
    state, reason = STATES.get(word, ("degraded", UNKNOWN_STATE))
    report = SessionReport(state, word, external_id=api.name, reason=reason)
    if word == "SCAN_QR_CODE":
        return _with_code(api, report, phone=phone, is_fresh=is_fresh, now=now)
    if word == "WORKING":
        return _with_owner(api, report, told)
    if word == "STARTING" and _owner_of(told) is not None:
        return replace(report, state="verifying")  # a phone is linked, no code follows
    return report


def _with_code(
    api: Api, report: SessionReport, *, phone: str, is_fresh: bool, now: datetime
) -> SessionReport:
    code = _read_code(api)
    return replace(
        report,
        payload=code,
        expires_at=now + (FIRST_CODE if is_fresh else LATER_CODE) if code else None,
        pairing_code=_ask_pairing_code(api, phone) if phone else "",
    )


def _read_code(api: Api) -> str:
    """The text of the QR code; nothing while there is none, or when half of it came."""
    response = api.do("GET", f"{api.auth_path}/qr?format=raw", also=_NOTHING_TO_DO)
    code = body_of(response).find_text("value") or ""
    return code if _CODE.fullmatch(code) else ""


def _ask_pairing_code(api: Api, phone: str) -> str:
    """A code to type on the phone; whatever refuses it, the QR code is there."""
    response = api.ask(
        "POST", f"{api.auth_path}/request-code", {"phoneNumber": digits_of(phone)}
    )
    if response.status_code not in DONE:
        return ""
    return body_of(response).find_text("code", most=20) or ""


def _serves_another(api: Api) -> bool:
    """Whether a phone that is not ours is linked: then the session is none of our business."""
    response = api.do("GET", api.path, also={404})
    if response.status_code == 404:
        return False
    told = errors.answer_of(response)
    is_linked = told.find_text("status") == "WORKING"
    owner = _ask_owner(api, told) if is_linked else _owner_of(told)
    phone = owner_phone(owner) if owner is not None else None
    return phone is not None and not _is_ours(api, phone)


def _is_ours(api: Api, phone: str) -> bool:
    return is_same_number(phone, digits_of(api.credentials.get("phone_number")))


def _ask_owner(api: Api, told: Reader) -> Reader:
    return _owner_of(told) or body_of(api.ask("GET", f"{api.path}/me"))


def _with_owner(api: Api, report: SessionReport, told: Reader) -> SessionReport:
    owner = _ask_owner(api, told)
    phone = owner_phone(owner)
    report = replace(
        report, phone=phone, display_name=owner.find_text("pushName", most=100)
    )
    if phone is None:
        return replace(report, state="verifying", reason=NOBODY)
    if not _is_ours(api, phone):
        return replace(report, state="failed", reason=ANOTHER_NUMBER)
    return report


def _owner_of(told: Reader) -> Reader | None:
    owner = told.find_section("me")
    return owner if owner is not None and owner_phone(owner) else None
