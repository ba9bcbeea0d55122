"""Signed Cloud API posts in Meta's shape, made by the thousand.

Bodies are compact JSON of the size real ones have. Every message id, text and moment
differs; people are numbered, so that a number always is the same person.
"""

import hmac
import json
import random
import time
from dataclasses import dataclass
from typing import Any

from tests.bench import load

CREDENTIALS = {
    "phone_number": "+5511933330001",
    "phone_number_id": "106540352240001",
    "waba_id": "102290129340001",
    "access_token": "E" * 200,
    "app_secret": "0123456789abcdef0123456789abcdef",
    "verify_token": "bench-verifies",
}
_SAID = """
    bom dia queria saber se ainda tem o bolo de cenoura com cobertura para entrega hoje
    a tarde na rua das flores perto da praça quanto fica com a taxa e qual o prazo do
    pedido obrigada vou pagar no pix pode mandar a chave por favor aguardo retorno
"""
TEXT_WORDS = 20  # a sentence or two, more than most messages have


@dataclass(frozen=True)
class Sender:
    """A webhook URL with the secret that signs its bodies."""

    path: str
    secret: str

    def post(self, body: bytes) -> bytes:
        signature = hmac.new(self.secret.encode(), body, "sha256").hexdigest()
        return load.http_post(
            self.path,
            body,
            {
                "content-type": "application/json",
                "accept": "*/*",
                "user-agent": "facebookexternalua",
                "x-hub-signature-256": f"sha256={signature}",
            },
        )


def text(
    number: int,
    *,
    person: int | None = None,
    sender: str | None = None,
    extra: str = "",
    **fields: Any,
):
    """An inbound text message; `fields` join the message, a referral for instance. It comes
    from a numbered person, or from the digits of a `sender`."""
    who = number if person is None else person
    digits = sender or phone(who)
    draw = random.Random(number)
    said = " ".join(draw.choices(_SAID.split(), k=TEXT_WORDS))
    return _change(
        "messages",
        contacts=[{"profile": {"name": f"Cliente {who}"}, "wa_id": digits}],
        messages=[
            {
                "from": digits,
                "id": message_id(number),
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": f"{said} {extra}".strip()},
                **fields,
            }
        ],
    )


def referral(number: int) -> dict[str, Any]:
    """What Meta adds to the first message after a click on an ad."""
    return {
        "source_url": f"https://fb.me/ad{number}",
        "source_type": "ad",
        "source_id": str(120_210_000_000_000_000 + number % 50),
        "headline": "Bolo de pote",
        "body": "Peça pelo WhatsApp",
        "media_type": "image",
        "image_url": "https://scontent.example/ad.jpg",
        "ctwa_clid": f"ARAkLkA8rmlFeiCktEJQ-{number:040d}",
    }


def echo(number: int, *, person: int) -> bytes:
    """A message that we wrote in the WhatsApp Business app."""
    return _change(
        "smb_message_echoes",
        message_echoes=[
            {
                "from": CREDENTIALS["phone_number"][1:],
                "to": phone(person),
                "id": message_id(number),
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": "Bom dia! Temos sim, entregamos até as 18h."},
            }
        ],
    )


def status(number: int, word: str, *, person: int) -> bytes:
    """News of the message that `echo` wrote under the same number."""
    return _change(
        "messages",
        statuses=[
            {
                "id": message_id(number),
                "status": word,
                "timestamp": str(int(time.time())),
                "recipient_id": phone(person),
                "pricing": {"billable": False, "pricing_model": "PMP"},
            }
        ],
    )


def phone(person: int) -> str:
    return f"55{11 + person // 10_000_000 % 80}9{80_000_000 + person % 10_000_000}"


def message_id(number: int) -> str:
    return f"wamid.HBgNNTUxMTk4ODg4MDAwMRUCABIYFDNB{number:024d}AA=="


def _change(field: str, **value: Any) -> bytes:
    body = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": CREDENTIALS["waba_id"],
                "changes": [
                    {
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {
                                "display_phone_number": CREDENTIALS["phone_number"][1:],
                                "phone_number_id": CREDENTIALS["phone_number_id"],
                            },
                            **value,
                        },
                        "field": field,
                    }
                ],
            }
        ],
    }
    return json.dumps(body, separators=(",", ":")).encode()
