"""What some gateways put into a webhook is in no row, on no page and in no log afterwards."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import Client

from accounts.models import User
from integrations import exhibit
from integrations.models import Integration
from integrations.providers import registry
from integrations.redaction import Redactor
from tests.conftest import World
from tests.factories import integrations as make
from tests.integrations.providers import golden
from tests.twins import evolution
from tests.walls import as_owner
from tests.webhooks.test_receiver import Gate, stored
from webhooks import processing
from webhooks.models import RawWebhook
from webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)

SEEDED = "seeded-"


@dataclass(frozen=True)
class Case:
    """What a gateway posts; every value that must not rest begins with `SEEDED`."""

    provider: str
    told: dict[str, Any]
    prove: Callable[[bytes, str], dict[str, str]]
    kept: str  # what must be left of it


def _bearer(body: bytes, secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {evolution.token(secret)}"}


def _plain_key(body: bytes, secret: str) -> dict[str, str]:
    """From a server too old to know the word."""
    return {"jwt_key": secret, "apikey": "seeded-instance-key"}


def _hmac(body: bytes, secret: str) -> dict[str, str]:
    proof = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return {"x-webhook-hmac": proof, "x-api-key": "seeded-key-of-the-server"}


def _evolution(event: str) -> dict[str, Any]:
    return {
        "event": event,
        "instance": "recado-vendas",
        "data": {
            "qrcode": {
                "instance": "recado-vendas",
                "pairingCode": "seeded-pairing-code",
                "code": "seeded-2@code",
                "base64": "data:image/png;base64,seeded-picture",
            }
        },
        "destination": "https://recado.example/webhooks/whatsapp/seeded-token/",
        "server_url": "https://admin:seeded-password@evolution.example",
        "apikey": "seeded-instance-key",
    }


def _waha(status: str) -> dict[str, Any]:
    challenge = {"publicKey": {"challenge": "seeded-challenge", "allow": [{}]}}
    points = [{"status": status, "data": {"challenge": "seeded-earlier-one"}}]
    return {
        "id": "evt_1",
        "event": "session.status",
        "session": "loja",
        "payload": {"status": status, "statuses": points, "data": challenge},
    }


CASES = [
    Case("evolution", _evolution("qrcode.updated"), _bearer, "recado-vendas"),
    Case("evolution", _evolution("QRCODE_UPDATED"), _plain_key, "recado-vendas"),
    Case("evolution", _evolution("qrcode-updated"), _bearer, "recado-vendas"),
    Case("waha", _waha("PASSKEY_REQUIRED"), _hmac, "PASSKEY_REQUIRED"),
    Case("waha", _waha("PASSKEY_CONFIRMATION_REQUIRED"), _hmac, "evt_1"),
]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.provider} {case.told['event']}"
)
async def test_a_secret_of_a_gateway_is_in_no_row_on_no_page_and_in_no_log(
    world: World,
    signed_in: Callable[[User], Client],
    caplog: pytest.LogCaptureFixture,
    case: Case,
) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = golden.credentials(case.provider)
    integration, token = await sync_to_async(_connect)(
        world, case.provider, credentials
    )
    body = json.dumps(case.told).encode()
    headers = case.prove(body, credentials["webhook_secret"])
    receiver = Receiver()

    gate = Gate(receiver, token, integration)
    answer = await gate.post(
        body, headers={"content-type": "application/json"} | headers
    )
    await sync_to_async(processing.drain)(budget_seconds=30)
    [row] = await stored()
    pages = await sync_to_async(_read_everything)(signed_in, world, row)

    assert answer.status == 200
    assert row.state in {"done", "ignored"}
    assert SEEDED.encode() in body
    for told in (bytes(row.body).decode(), json.dumps(row.headers), *pages):
        assert SEEDED not in told
    assert not headers.keys() & row.headers.keys()
    assert case.kept.encode() in bytes(row.body)
    assert any(case.kept in page for page in pages)
    assert SEEDED not in caplog.text + "".join(str(vars(r)) for r in caplog.records)
    await receiver.stop()
    await sync_to_async(connections.close_all)()


@as_owner()
def _connect(
    world: World, provider: str, credentials: dict[str, str]
) -> tuple[Integration, str]:
    integration = make.integration(
        world.workspace, provider=provider, credentials=credentials
    )
    channel = make.channel(
        world.workspace,
        provider=provider,
        phone=credentials["phone_number"],
        external_id=None,
        integration=integration,
    )
    make.session(channel, state="awaiting_user", connected_at=None, kind="qr")
    return integration, make.webhook_token(integration)


def _read_everything(
    signed_in: Callable[[User], Client], world: World, row: RawWebhook
) -> list[str]:
    """All that the explorer gives to somebody who may see everything."""
    owner = signed_in(world.owner)
    page = f"/w/padaria/webhooks/{row.key}/"
    answers = [
        owner.get("/w/padaria/webhooks/"),
        owner.get(page),
        owner.post(f"{page}content/"),
        owner.post(f"{page}raw/"),
    ]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.content.decode() for answer in answers]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.provider} {case.told['event']}"
)
def test_what_was_stored_before_it_was_left_out_is_masked_where_people_read(
    case: Case,
) -> None:
    """The log of exchanges hides the same names, should an answer repeat one of them."""
    body = json.dumps(case.told).encode()
    keys = registry.get(case.provider).redact_keys

    page, _ = exhibit.body(case.provider, body, shows_people=True)
    log = Redactor(keys=keys, secrets=()).body(body, "application/json")

    for told in (page, log):
        assert case.kept in told
        assert SEEDED not in told
