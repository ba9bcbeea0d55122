"""Where a session posts: part of its settings at WAHA, beside the webhooks of others.

Changing the settings makes WAHA start the session anew, so they are left alone when they
are right. Webhooks that the server's own environment sets are not among them.
"""

from typing import Any, Final

from integrations.providers.base.adapter import Credentials, Http
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import WebhookReport
from integrations.providers.waha.api import Api

EVENTS: Final = (
    "message.any",
    "message.ack",
    "message.reaction",
    "message.edited",
    "message.revoked",
    "session.status",
)
_RETRIES: Final = {"policy": "exponential", "delaySeconds": 2, "attempts": 15}


def new_config(url: str, credentials: Credentials) -> dict[str, Any]:
    """The settings of a session that is created: groups, channels and statuses stay out."""
    return {
        "webhooks": [_entry(url, credentials)] if url else [],
        "ignore": {"status": True, "groups": True, "channels": True},
        "noweb": {"store": {"enabled": True, "fullSync": False}},
    }


def set_url(url: str, credentials: Credentials, http: Http) -> WebhookReport:
    api = Api(credentials["session_name"], "set_webhook", credentials, http)
    told = api.session()
    if not is_set(told, url, credentials):
        put(api, told, url)
        told = api.session()
    return _report([one for one in _entries(told) if one.find_text("url") == url])


def report(credentials: Credentials, http: Http) -> WebhookReport:
    """Where it posts with our signature: a post without it would be refused here."""
    api = Api(credentials["session_name"], "webhook_report", credentials, http)
    entries = _entries(api.session())
    return _report([one for one in entries if _is_signed(one, credentials)])


def is_set(told: Reader, url: str, credentials: Credentials) -> bool:
    return any(
        one.find_text("url") == url
        and _is_signed(one, credentials)
        and not _missing(one)
        for one in _entries(told)
    )


def put(api: Api, told: Reader, url: str) -> None:
    """Set our webhook in the place of an earlier one of ours; keep all else as it is."""
    config = told.find_section("config")
    kept = [
        one.value
        for one in _entries(told)
        if _stem(one.find_text("url") or "") != _stem(url)
    ]
    changed = {
        **(config.value if config else {}),
        "webhooks": [*kept, _entry(url, api.credentials)],
    }
    api.do("PUT", api.path, {"config": changed})


def _entry(url: str, credentials: Credentials) -> dict[str, Any]:
    return {
        "url": url,
        "events": list(EVENTS),
        "hmac": {"key": credentials["webhook_secret"]},
        "retries": _RETRIES,
    }


def _entries(told: Reader) -> list[Reader]:
    config = told.find_section("config")
    return config.find_items("webhooks") if config else []


def _is_signed(entry: Reader, credentials: Credentials) -> bool:
    """Whether our key is set; one that is told in asterisks can only be believed."""
    hmac = entry.find_section("hmac")
    key = hmac.find_text("key") if hmac else None
    return bool(key) and (
        key == credentials["webhook_secret"] or set(key or "") == {"*"}
    )


def _missing(entry: Reader) -> tuple[str, ...]:
    told = entry.plain("events")
    events = told if type(told) is list else []
    return () if "*" in events else tuple(one for one in EVENTS if one not in events)


def _report(entries: list[Reader]) -> WebhookReport:
    if not entries:
        return WebhookReport(url="", missing=EVENTS)
    return WebhookReport(entries[0].find_text("url") or "", _missing(entries[0]))


def _stem(url: str) -> str:
    """The address without its last part, which is the token of one connection."""
    return url.rstrip("/").rpartition("/")[0]
