"""The simulated phone's side: writes the bodies `inbound.py` reads, and signs them.

The first message of `make run` is made here, and so is all a page with a simulated
phone sends. Pure: the caller posts what comes out to the webhook like any provider.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from integrations.providers.base.types import (
    DeliveryStatus,
    Json,
    MediaRef,
    MessageKind,
    Party,
    Referral,
    TemplateNews,
)
from integrations.providers.sandbox.signature import HEADER, sign


def message(
    message_id: str,
    *,
    sender: Party,
    at: datetime,
    text: str = "",
    kind: MessageKind = MessageKind.TEXT,
    referral: Referral | None = None,
    media: MediaRef | None = None,
    reply_to: str | None = None,
    content: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """A message the person behind the simulated phone sends us now."""
    return _told(
        {
            "type": "message",
            "id": message_id,
            "from": _told(asdict(sender)),
            "timestamp": int(at.timestamp()),
            "kind": kind.value,
            "text": text,
            "referral": _told(asdict(referral)) if referral else None,
            "media": _media(media) if media else None,
            "reply_to": reply_to,
            "content": dict(content or {}),
        }
    )


def status(
    message_id: str,
    word: DeliveryStatus,
    *,
    at: datetime,
    callback_token: str | None = None,
    error_code: str | None = None,
    error_text: str | None = None,
) -> dict[str, Json]:
    """How far a message of ours got on the simulated phone."""
    return _told(
        {
            "type": "status",
            "message_id": message_id,
            "status": word.value,
            "timestamp": int(at.timestamp()),
            "callback_token": callback_token,
            "error": _told({"code": error_code, "text": error_text}),
        }
    )


def news(state: str, *, phone: str = "", detail: str = "") -> dict[str, Json]:
    """The phone of the business was linked to Recado, or is so no longer.

    `phone` are the digits of the one that was, `detail` a sentence for people.
    """
    return _told(
        {
            "type": "account",
            "kind": "session",
            "state": state,
            "phone": phone,
            "detail": detail,
        }
    )


def template(
    told: Mapping[str, Json], *, news: TemplateNews, word: str, at: datetime
) -> dict[str, Json]:
    """`told` is a template as the gateway lists it; `word` what it is now."""
    reason = str(told.get("rejected_reason") or "")
    return _told(
        {
            "type": "template",
            "news": news.value,
            "id": told["id"],
            "name": told["name"],
            "language": told["language"],
            "word": word,
            "reason": "" if reason == "NONE" else reason,
            "timestamp": at.timestamp(),
        }
    )


def webhook(
    number: str, events: Sequence[Mapping[str, Json]], *, webhook_secret: str
) -> tuple[bytes, dict[str, str]]:
    """The body of one request and its headers."""
    body = json.dumps({"number": number, "events": list(events)}).encode()
    return body, {
        "content-type": "application/json",
        HEADER: sign(body, webhook_secret),
    }


def _media(media: MediaRef) -> dict[str, Json]:
    told = asdict(media)
    told["id"] = told.pop("external_id")
    del told["kind"]
    return _told(told)


def _told(values: Mapping[str, Json]) -> dict[str, Json]:
    return {
        key: value
        for key, value in values.items()
        if value not in (None, "", {}, False)
    }
