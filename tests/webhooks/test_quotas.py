"""One flooded webhook URL gets 429 while another is served; strangers cost little."""

import asyncio
from ipaddress import ip_network

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from integrations import gateway
from integrations.models import WebhookToken
from tests.factories import accounts
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make
from tests.walls import as_owner
from tests.webhooks.test_receiver import Gate, gate, integration, stored
from webhooks.bodies import MOST_STRANGE, Bodies
from webhooks.quotas import BURST_SECONDS, Buckets, Quotas
from webhooks.receiver import Receiver

__all__ = ["gate", "integration"]

BODY = cloud.body(cloud.message())
RATES = {"requests": (2, 1), "bytes": (100_000, 1), "strangers": (3, 60)}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


# --- the buckets --------------------------------------------------------------
def test_a_bucket_is_full_at_first_and_refills_at_its_rate():
    clock = Clock()
    buckets = Buckets((10, 1), clock=clock)
    for _ in range(int(10 * BURST_SECONDS)):
        assert buckets.wait("a") == 0
        buckets.charge("a")

    assert buckets.wait("a") == 1
    assert buckets.wait("b") == 0
    clock.now += 0.1
    assert buckets.wait("a") == 0
    clock.now += 3600
    for _ in range(int(10 * BURST_SECONDS)):
        buckets.charge("a")
    assert buckets.wait("a") == 1  # an hour of silence saves up no more than a burst


def test_a_debt_is_worked_off_first():
    clock = Clock()
    buckets = Buckets((1000, 1), clock=clock)
    buckets.charge("a", 5000 + 20_000)

    assert buckets.wait("a") == 21
    clock.now += 20
    assert buckets.wait("a") == 1
    clock.now += 0.002
    assert buckets.wait("a") == 0


def test_a_rate_by_the_minute_has_its_minute_at_once():
    clock = Clock()
    buckets = Buckets((60, 60), clock=clock)
    for _ in range(60):
        assert buckets.wait("a") == 0
        buckets.charge("a")

    assert buckets.wait("a") == 1


def test_off_is_off():
    buckets = Buckets(None)
    buckets.charge("a", 10**12)

    assert buckets.wait("a") == 0


def test_what_is_given_back_was_never_charged():
    clock = Clock()
    buckets = Buckets((2, 1), clock=clock)
    buckets.charge("a", 30)
    buckets.charge("a", -30)

    for _ in range(10):
        assert buckets.wait("a") == 0
        buckets.charge("a")
    assert buckets.wait("a") == 1


def test_a_request_is_charged_where_it_is_let_in():
    clock = Clock()
    quotas = Quotas(RATES, clock=clock)

    waits = [quotas.take("a", 1) for _ in range(12)]

    assert waits == [0] * 10 + [1, 1]
    clock.now += 0.5
    assert [quotas.take("a", 1) for _ in range(2)] == [0, 1]


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr("webhooks.quotas.MOST_KEYS", 10)
    quotas = Quotas(RATES)
    for number in range(50):
        quotas.proved_nothing(number)
        quotas.prove(b"%d" % number)

    assert len(quotas._strangers._full_at) == len(quotas._proven) == 10
    assert not quotas.is_proven(b"0")
    assert quotas.is_proven(b"49")


# --- the gate -----------------------------------------------------------------
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small(settings):
    settings.WEBHOOK_RATES = RATES


async def another(receiver):
    """The gate of another workspace, in the same process."""

    @as_owner()
    def open_shop():
        number = make.meta_number(
            accounts.workspace(slug="outra", name="Outra"),
            phone="+5511922223333",
            external_id="106540352249999",
        )
        assert number.integration is not None
        return number.integration, make.webhook_token(number.integration)

    found, token = await sync_to_async(open_shop)()
    return Gate(receiver, token, found)


async def test_a_flooded_endpoint_is_told_to_wait_and_another_is_served(gate):
    neighbour = await another(gate.receiver)

    answers = await asyncio.gather(*(gate.post_signed(BODY) for _ in range(60)))
    served = await neighbour.post_signed(BODY)

    statuses = [answer.status for answer in answers]
    refused = [answer for answer in answers if answer.status == 429]
    assert statuses[:10] == [200] * 10
    assert set(statuses) == {200, 429}
    assert int(refused[-1].headers["retry-after"]) >= 1
    assert served.status == 200
    assert len(await stored()) == statuses.count(200) + 1


async def test_bytes_count_too(gate):
    large = b"x" * 300_000

    statuses = [(await gate.post_signed(large)).status for _ in range(3)]

    assert statuses == [200, 200, 429]


async def test_a_refused_body_is_not_read(gate):
    await asyncio.gather(*(gate.post_signed(BODY) for _ in range(40)))
    reads = []

    async def receive():
        reads.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    sent = []

    async def send(message):
        sent.append(message)

    await gate.receiver(
        {
            "type": "http",
            "method": "POST",
            "path": f"/webhooks/whatsapp/{gate.token}/",
            "query_string": b"",
            "headers": [],
            "client": ("192.0.2.1", 1),
        },
        receive,
        send,
    )

    assert sent[0]["status"] == 429
    assert reads == []


async def test_unknown_urls_cost_an_address_its_look_ups(gate):
    tokens = [f"{number:043d}" for number in range(8)]

    statuses = [(await gate.post(BODY, token=token)).status for token in tokens]
    elsewhere = await gate.post(BODY, token="y" * 43, peer="192.0.2.99")

    assert statuses == [404] * 3 + [429] * 5
    assert elsewhere.status == 404


async def test_a_known_url_is_served_beside_somebody_who_guesses(gate):
    assert (await gate.post_signed(BODY)).status == 200
    for number in range(8):
        await gate.post(BODY, token=f"{number:043d}")

    assert (await gate.post_signed(BODY)).status == 200


async def test_a_url_that_was_taken_away_is_a_strangers_again(gate, monkeypatch):
    monkeypatch.setattr("webhooks.endpoints.TTL_SECONDS", 0)
    assert (await gate.post_signed(BODY)).status == 200
    tokens = WebhookToken.objects.unscoped("all of the test")
    await sync_to_async(as_owner()(tokens.delete))()

    statuses = [(await gate.post_signed(BODY)).status for _ in range(5)]

    assert statuses == [404] * 3 + [429] * 2


async def test_wrong_signatures_lock_their_address_out_of_that_endpoint_alone(gate):
    neighbour = await another(gate.receiver)

    wrong = [(await gate.post(BODY)).status for _ in range(5)]

    assert wrong == [401] * 3 + [429] * 2
    assert (await gate.post_signed(BODY, peer="192.0.2.2")).status == 200
    assert (await neighbour.post_signed(BODY)).status == 200


async def test_wrong_signatures_use_up_no_quota(gate):
    for number in range(12):
        await gate.post(BODY, peer=f"192.0.2.{number}")

    statuses = [(await gate.post_signed(BODY)).status for _ in range(10)]

    assert statuses == [200] * 10


@pytest.mark.parametrize("trusted", [False, True])
async def test_forwarded_addresses_count_from_a_trusted_proxy_alone(
    integration, settings, trusted
):
    settings.TRUSTED_PROXIES = [ip_network("192.0.2.1")] if trusted else []
    token = await sync_to_async(as_owner()(make.webhook_token))(integration)
    receiver = Receiver()
    gate = Gate(receiver, token, integration)
    try:
        statuses = [
            (
                await gate.post(
                    BODY, headers={"x-forwarded-for": f"10.9.9.9, 198.51.100.{number}"}
                )
            ).status
            for number in range(5)
        ]
    finally:
        await receiver.stop()
        await sync_to_async(connections.close_all)()

    assert statuses == ([401] * 5 if trusted else [401] * 3 + [429] * 2)


# --- bodies that arrive later, and together ---------------------------------------
@pytest.fixture
def still(gate):
    """No time passes for the buckets of the gate."""
    quotas = gate.receiver._quotas
    for buckets in (quotas._requests, quotas._bytes, quotas._strangers):
        buckets._clock = Clock()
    return gate


async def together(posts, go):
    """The answers to posts whose heads were all taken before the first body came."""
    tasks = [asyncio.create_task(post) for post in posts]
    await asyncio.sleep(0.3)  # look-ups included
    go.set()
    return [answer.status for answer in await asyncio.gather(*tasks)]


async def test_bodies_that_arrive_together_do_not_slip_by_the_quota(still):
    assert (await still.post_signed(BODY)).status == 200
    go = asyncio.Event()

    statuses = await together(
        [still.post_signed(BODY, after=go) for _ in range(100)], go
    )

    assert (statuses.count(200), statuses.count(429)) == (9, 91)
    assert len(await stored()) == 10
    assert (await still.post_signed(BODY)).status == 429


async def test_large_bodies_that_arrive_together_overdraw_by_one(still):
    large = b"x" * 300_000
    go = asyncio.Event()

    statuses = await together(
        [still.post_signed(large, after=go) for _ in range(8)], go
    )

    assert (statuses.count(200), statuses.count(429)) == (2, 6)


async def test_unsigned_bodies_that_arrive_together_are_strangers_one_by_one(still):
    go = asyncio.Event()

    statuses = await together([still.post(BODY, after=go) for _ in range(300)], go)
    elsewhere = [
        (await still.post_signed(BODY, peer="192.0.2.2")).status for _ in range(10)
    ]

    assert (statuses.count(401), statuses.count(429)) == (3, 297)
    assert elsewhere == [200] * 10  # nothing of it was charged to the endpoint


async def test_slow_bodies_without_a_secret_keep_no_quota_from_their_endpoint(still):
    go = asyncio.Event()
    slow = [
        asyncio.create_task(still.post(BODY, after=go, peer=f"198.51.100.{number}"))
        for number in range(60)
    ]
    await asyncio.sleep(0.3)

    statuses = [(await still.post_signed(BODY)).status for _ in range(11)]

    assert statuses == [200] * 10 + [429]
    go.set()
    assert {answer.status for answer in await asyncio.gather(*slow)} == {401}


async def test_urls_that_are_guessed_together_cost_no_more_look_ups(still, monkeypatch):
    asked = []
    load = gateway.load_endpoint

    def listen(digest):
        asked.append(digest)
        return load(digest)

    monkeypatch.setattr(gateway, "load_endpoint", listen)
    tokens = [f"{number:043d}" for number in range(30)]

    answers = await asyncio.gather(*(still.post(BODY, token=one) for one in tokens))

    statuses = [answer.status for answer in answers]
    assert (statuses.count(404), statuses.count(429)) == (3, 27)
    assert len(asked) == 3


async def test_many_at_once_at_a_url_that_is_not_known_yet_are_no_strangers(still):
    answers = await asyncio.gather(*(still.post_signed(BODY) for _ in range(10)))

    assert [answer.status for answer in answers] == [200] * 10


# --- slow bodies ------------------------------------------------------------------
async def test_a_body_that_does_not_come_is_refused_and_nothing_is_stored(gate):
    gate.receiver._bodies = Bodies(seconds=0.2, largest=1000)

    late = await gate.post_signed(BODY, after=asyncio.Event())
    again = await gate.post_signed(BODY[:1000])

    assert late.status == 408
    assert late.headers["connection"] == "close"
    assert again.status == 200
    assert len(await stored()) == 1


async def test_slow_bodies_make_a_stranger_and_not_a_known_sender_wait(gate):
    gate.receiver._bodies = Bodies(seconds=0.2, largest=1_000_000)
    assert (await gate.post_signed(BODY)).status == 200
    never = asyncio.Event()

    known = await asyncio.gather(*(gate.post(BODY, after=never) for _ in range(5)))
    stranger = await asyncio.gather(
        *(gate.post(BODY, after=never, peer="192.0.2.7") for _ in range(5))
    )

    assert {answer.status for answer in known + stranger} == {408}
    assert (await gate.post_signed(BODY)).status == 200
    assert (await gate.post_signed(BODY, peer="192.0.2.7")).status == 429


async def test_strangers_with_slow_bodies_take_no_place_from_a_known_sender(still):
    assert (await still.post_signed(BODY)).status == 200
    go = asyncio.Event()
    slow = [
        asyncio.create_task(still.post(BODY, after=go, peer=f"2001:db8:{number:x}::1"))
        for number in range(MOST_STRANGE + 20)
    ]
    await asyncio.sleep(0.3)

    served = await still.post_signed(BODY)
    go.set()
    statuses = [answer.status for answer in await asyncio.gather(*slow)]

    assert served.status == 200
    assert (statuses.count(401), statuses.count(429)) == (MOST_STRANGE, 20)
