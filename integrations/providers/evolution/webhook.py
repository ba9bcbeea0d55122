"""Where an instance posts: one webhook per instance, set and read back by API."""

from typing import Final

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Json, WebhookReport
from integrations.providers.evolution.api import Server
from integrations.providers.evolution.signature import KEY_HEADER

EVENTS: Final = (
    "QRCODE_UPDATED",
    "CONNECTION_UPDATE",
    "STATUS_INSTANCE",
    "LOGOUT_INSTANCE",
    "REMOVE_INSTANCE",
    "MESSAGES_SET",
    "MESSAGES_UPSERT",
    "MESSAGES_UPDATE",
    "MESSAGES_DELETE",
    "MESSAGES_EDITED",
    "SEND_MESSAGE",
)


def settings(url: str, secret: str) -> dict[str, Json]:
    return {
        "enabled": True,
        "url": url,
        "byEvents": False,
        "base64": False,
        "headers": {KEY_HEADER: secret},
        "events": list(EVENTS),
    }


def put(server: Server, url: str) -> None:
    secret = server.credentials["webhook_secret"]
    server.ask("POST", "/webhook/set/{}", json={"webhook": settings(url, secret)})


def report(server: Server) -> WebhookReport:
    kept = server.ask("GET", "/webhook/find/{}").body
    if not kept.is_true("enabled"):
        return WebhookReport(url="")
    told = kept.plain("events")
    events = told if type(told) is list else []
    missing = [word for word in EVENTS if word not in events]
    return WebhookReport(
        url=kept.find_text("url") or "", missing=(*missing, *_broken(server, kept))
    )


def _broken(server: Server, kept: Reader) -> list[str]:
    """Settings by which every event would miss us: another address, or no proof of ours."""
    headers = kept.find_section("headers") or Reader({})
    broken = []
    if kept.is_true("webhookByEvents"):
        broken.append("webhookByEvents")
    if headers.find_text(KEY_HEADER) != server.credentials["webhook_secret"]:
        broken.append(f"headers.{KEY_HEADER}")
    return broken
