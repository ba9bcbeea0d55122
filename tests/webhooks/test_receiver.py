"""The gate, called as an ASGI server calls it, on a database that really commits."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from integrations.models import Integration, WebhookToken
from tests.factories import accounts
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make
from tests.walls import as_owner
from webhooks import append
from webhooks.models import RawWebhook
from webhooks.receiver import PREFIX, Receiver

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Gate:
    receiver: Receiver
    token: str
    integration: Integration

    async def post(
        self,
        body: bytes,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        method: str = "POST",
        query: str = "",
        chunks: list[bytes] | None = None,
        peer: str = "192.0.2.1",
        after: asyncio.Event | None = None,
    ) -> Answer:
        """`after`: the body arrives when this is set, and the head at once."""
        answer = Answer()
        sent = iter(chunks or [body])
        left = len(chunks or [body])

        async def receive() -> dict[str, object]:
            nonlocal left
            if after is not None:
                await after.wait()
            left -= 1
            return {"type": "http.request", "body": next(sent), "more_body": left > 0}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {
                    name.decode(): value.decode() for name, value in message["headers"]
                }
            else:
                answer.body += message["body"]

        path = PREFIX + (self.token if token is None else token)
        await self.receiver(
            {
                "type": "http",
                "method": method,
                "path": path + "/" if path != PREFIX else path,
                "client": (peer, 40000),
                "query_string": query.encode(),
                "headers": [
                    (name.encode(), value.encode())
                    for name, value in (headers or {}).items()
                ],
            },
            receive,
            send,
        )
        return answer

    async def post_signed(self, body: bytes, **options: Any) -> Answer:
        headers = {
            "content-type": "application/json",
            "x-hub-signature-256": cloud.signature(body),
        }
        return await self.post(body, headers=headers, **options)


@pytest.fixture
def integration() -> Integration:
    number = make.meta_number(accounts.workspace())
    assert number.integration is not None
    return number.integration


@pytest.fixture
async def gate(integration: Integration) -> AsyncIterator[Gate]:
    token = await sync_to_async(as_owner()(make.webhook_token))(integration)
    receiver = Receiver()
    yield Gate(receiver, token, integration)
    await receiver.stop()
    await sync_to_async(connections.close_all)()


async def stored() -> list[RawWebhook]:
    @sync_to_async
    @as_owner()
    def look() -> list[RawWebhook]:
        return list(RawWebhook.objects.order_by("pk"))

    return await look()


async def test_a_signed_body_is_on_disk_before_the_answer(gate):
    body = cloud.body(cloud.message("Olá"))

    answer = await gate.post_signed(body)

    (row,) = await stored()
    assert answer.status == 200
    assert bytes(row.body) == body
    assert row.workspace_id == gate.integration.workspace_id
    assert (row.state, row.provider) == ("received", "meta_cloud")


async def test_many_at_once_are_each_stored_once(gate):
    bodies = [cloud.body(cloud.message(str(number))) for number in range(300)]

    answers = await asyncio.gather(*(gate.post_signed(body) for body in bodies))

    assert {answer.status for answer in answers} == {200}
    assert sorted(bytes(row.body) for row in await stored()) == sorted(bodies)


async def test_an_unknown_token_is_not_found(gate):
    body = cloud.body(cloud.message())

    unknown = await gate.post_signed(body, token="x" * 43)
    malformed = await gate.post_signed(body, token="short")

    assert (unknown.status, malformed.status) == (404, 404)
    assert unknown.body == malformed.body
    assert not await stored()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha1=abc"},
        {"x-hub-signature-256": ""},
    ],
)
async def test_a_wrong_or_missing_signature_stores_nothing(gate, headers):
    answer = await gate.post(cloud.body(cloud.message()), headers=headers)

    assert answer.status == 401
    assert not await stored()


async def test_a_declared_length_over_the_limit_is_refused(gate):
    answer = await gate.post(b"", headers={"content-length": str(4 * 1024 * 1024 + 1)})

    assert answer.status == 413


async def test_a_running_length_over_the_limit_is_refused(gate):
    answer = await gate.post(b"", chunks=[b"x" * 1024 * 1024] * 5)

    assert answer.status == 413
    assert not await stored()


async def test_a_body_of_the_largest_size_is_stored(gate):
    body = b"x" * (4 * 1024 * 1024)

    answer = await gate.post_signed(body)

    assert answer.status == 200
    assert len((await stored())[0].body) == len(body)


async def test_a_content_encoding_is_refused(gate):
    answer = await gate.post(b"x", headers={"content-encoding": "gzip"})

    assert answer.status == 415


async def test_broken_json_of_a_genuine_sender_is_kept(gate):
    answer = await gate.post_signed(b'{"entry": [\x00')

    assert answer.status == 200
    assert bytes((await stored())[0].body) == b'{"entry": [\x00'


async def test_the_handshake_echoes_the_challenge(gate):
    query = "hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444"

    answer = await gate.post(b"", method="GET", query=query)
    wrong = await gate.post(b"", method="GET", query=query.replace("verify-me", "no"))

    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert wrong.status == 403


async def test_the_shared_url_finds_the_number_and_its_secret(gate):
    body = cloud.body(cloud.message())

    answer = await gate.post_signed(body, token="")

    (row,) = await stored()
    assert answer.status == 200
    assert row.integration_id == gate.integration.pk


async def test_the_shared_url_refuses_a_number_of_nobody(gate):
    answer = await gate.post_signed(cloud.body(cloud.message(), number="999"), token="")

    assert answer.status == 401
    assert not await stored()


async def test_an_app_level_signature_keeps_a_number_of_nobody(gate, settings):
    settings.INSTALLATION_SECRETS = {"meta_cloud": {"app_secret": "whole-app"}}
    body = cloud.body(cloud.message(), number="999")

    answer = await gate.post(
        body,
        token="",
        headers={"x-hub-signature-256": cloud.signature(body, secret="whole-app")},
    )

    (row,) = await stored()
    assert answer.status == 200
    assert (row.workspace_id, row.integration_id) == (None, None)


async def test_one_owner_cannot_speak_for_the_number_of_another(gate):
    @sync_to_async
    @as_owner()
    def add_rival() -> None:
        make.meta_number(
            accounts.workspace(slug="rival"),
            credentials=make.META_CREDENTIALS | {"app_secret": "rival"},
            external_id="555",
            phone="+5511944445555",
        )

    await add_rival()
    ours = json.loads(cloud.body(cloud.message()))
    theirs = json.loads(cloud.body(cloud.message(), number="555"))
    ours["entry"] += theirs["entry"]
    body = json.dumps(ours).encode()

    answer = await gate.post(
        body,
        token="",
        headers={"x-hub-signature-256": cloud.signature(body, secret="rival")},
    )

    assert answer.status == 401
    assert not await stored()


async def test_other_methods_are_refused(gate):
    answer = await gate.post(b"", method="PUT")

    assert answer.status == 405


async def test_a_database_that_is_away_gives_503_and_comes_back(gate, monkeypatch):
    body = cloud.body(cloud.message())
    assert (await gate.post_signed(body)).status == 200

    async def refuse() -> None:
        raise OSError("connection refused")

    with monkeypatch.context() as wire:
        wire.setattr(append, "connect", refuse)
        gate.receiver._inbox._disconnect()
        answer = await gate.post_signed(body)
    again = await gate.post_signed(body)

    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert again.status == 200
    assert len(await stored()) == 2


async def test_a_frozen_database_gives_503_within_three_seconds(gate, monkeypatch):
    body = cloud.body(cloud.message())
    assert (await gate.post_signed(body)).status == 200
    monkeypatch.setattr(
        append, "_INSERT", "SELECT pg_sleep(30) -- %b %b %b %b %b %b %b %b"
    )

    started = asyncio.get_running_loop().time()
    answer = await gate.post_signed(body)

    assert answer.status == 503
    assert asyncio.get_running_loop().time() - started < 3


async def test_a_full_queue_answers_at_once(gate, monkeypatch):
    monkeypatch.setattr(append, "QUEUE_BYTES", 10)

    answer = await gate.post_signed(cloud.body(cloud.message()))

    assert answer.status == 503


async def test_a_url_is_in_use_once_somebody_proven_posts_to_it(gate):
    @sync_to_async
    @as_owner()
    def confirmed_at() -> object:
        return WebhookToken.objects.unscoped("test").get().confirmed_at

    await gate.post(
        cloud.body(cloud.message()), headers={"x-hub-signature-256": "sha256=0"}
    )
    assert await confirmed_at() is None

    assert (await gate.post_signed(cloud.body(cloud.message()))).status == 200

    assert await confirmed_at() is not None
