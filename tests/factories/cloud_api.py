"""Bodies as Meta posts them, built small; golden cases hold the full ones."""

import hmac
import itertools
import json
from typing import Any

from tests.factories.integrations import META_CREDENTIALS, META_SECRET

METADATA = {
    "display_phone_number": "5511933334444",
    "phone_number_id": META_CREDENTIALS["phone_number_id"],
}

_ids = itertools.count(1)


def message(
    text: str = "Oi",
    *,
    sender: str = "5511987654321",
    name: str = "Ana",
    at: int = 1_760_000_000,
    id_: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    return {
        "_name": name,
        "from": sender,
        "id": id_ or f"wamid.{next(_ids)}",
        "timestamp": str(at),
        "type": "text",
        "text": {"body": text},
    } | fields


def status(
    id_: str, word: str, *, at: int = 1_760_000_100, **fields: Any
) -> dict[str, Any]:
    return {
        "id": id_,
        "status": word,
        "timestamp": str(at),
        "recipient_id": "5511987654321",
    } | fields


def body(
    *messages: dict[str, Any],
    statuses: tuple[dict[str, Any], ...] = (),
    number: str = META_CREDENTIALS["phone_number_id"],
    phone: str = "5511933334444",
) -> bytes:
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": phone, "phone_number_id": number},
    }
    if messages:
        value["contacts"] = [
            {"profile": {"name": one["_name"]}, "wa_id": one["from"]}
            for one in messages
        ]
        value["messages"] = [
            {key: item for key, item in one.items() if key != "_name"}
            for one in messages
        ]
    if statuses:
        value["statuses"] = list(statuses)
    return envelope({"field": "messages", "value": value})


def echo(
    text: str,
    *,
    to: str = "5511987654321",
    id_: str | None = None,
    at: int = 1_760_000_050,
) -> bytes:
    return envelope(
        {
            "field": "smb_message_echoes",
            "value": {
                "messaging_product": "whatsapp",
                "metadata": METADATA,
                "message_echoes": [
                    {
                        "from": "5511933334444",
                        "to": to,
                        "id": id_ or f"wamid.{next(_ids)}",
                        "timestamp": str(at),
                        "type": "text",
                        "text": {"body": text},
                    }
                ],
            },
        }
    )


def history(*messages: dict[str, Any], thread: str = "5511987654321") -> bytes:
    return envelope(
        {
            "field": "history",
            "value": {
                "messaging_product": "whatsapp",
                "metadata": METADATA,
                "history": [
                    {
                        "metadata": {"phase": 0, "chunk_order": 1, "progress": 50},
                        "threads": [
                            {
                                "id": thread,
                                "messages": [
                                    {k: v for k, v in one.items() if k != "_name"}
                                    for one in messages
                                ],
                            }
                        ],
                    }
                ],
            },
        }
    )


def envelope(change: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": META_CREDENTIALS["waba_id"], "changes": [change]}],
        }
    ).encode()


def signature(payload: bytes, *, secret: str = META_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), payload, "sha256").hexdigest()
