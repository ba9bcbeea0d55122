"""The URL without a token: anybody may post there, and nobody slows the others by it."""

import asyncio
import json
import logging

import pytest

from integrations import shared_url
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make
from tests.webhooks.test_quotas import still, together
from tests.webhooks.test_receiver import gate, integration, stored
from webhooks import endpoints
from webhooks.shared import LARGE_BODY, MOST_NUMBERS

__all__ = ["gate", "integration", "still"]

pytestmark = pytest.mark.django_db(transaction=True)
BODY = cloud.body(cloud.message())
WRONG = {"x-hub-signature-256": "sha256=" + "0" * 64}


@pytest.fixture(autouse=True)
def _small(settings):
    settings.WEBHOOK_RATES = {
        "requests": (2, 1),
        "bytes": (1_000_000, 1),
        "strangers": (3, 60),
    }


@pytest.fixture
def asked(monkeypatch):
    """The numbers that were looked up, one list for each time."""
    told = []
    load = shared_url.load_endpoints

    def listen(possible):
        told.append([number for numbers in possible.values() for number in numbers])
        return load(possible)

    monkeypatch.setattr(shared_url, "load_endpoints", listen)
    return told


@pytest.fixture
def read(monkeypatch):
    """The sizes of the bodies that were looked into."""
    sizes = []
    numbers_in = shared_url.numbers_in

    def listen(body, providers):
        sizes.append(len(body))
        return numbers_in(body, providers)

    monkeypatch.setattr(shared_url, "numbers_in", listen)
    return sizes


def naming(count, *, first=10**14):
    """A body that names so many numbers."""
    body = json.loads(BODY)
    entry = json.dumps(body["entry"][0])
    body["entry"] = []
    for number in range(first, first + count):
        one = json.loads(entry)
        one["changes"][0]["value"]["metadata"]["phone_number_id"] = str(number)
        body["entry"].append(one)
    return json.dumps(body).encode()


def signed(body, secret=make.META_CREDENTIALS["app_secret"]):
    return {"x-hub-signature-256": cloud.signature(body, secret=secret)}


async def post_all(gate, bodies, headers=WRONG, **options):
    return [
        (await gate.post(body, token="", headers=headers, **options)).status
        for body in bodies
    ]


# --- strangers --------------------------------------------------------------------
@pytest.mark.parametrize("headers", [{}, WRONG])
async def test_strangers_are_told_to_wait(still, asked, headers):
    bodies = [cloud.body(cloud.message(), number=str(n)) for n in range(30)]

    statuses = await post_all(still, bodies, headers)

    assert statuses == [401] * 3 + [429] * 27
    assert len(asked) == (3 if headers else 0)


@pytest.mark.parametrize("headers", [{}, WRONG])
async def test_strangers_that_come_together_are_counted_one_by_one(
    still, asked, headers
):
    go = asyncio.Event()
    posts = [
        still.post(
            cloud.body(cloud.message(), number=str(number)),
            token="",
            headers=headers,
            after=go,
        )
        for number in range(60)
    ]

    statuses = await together(posts, go)

    assert (statuses.count(401), statuses.count(429)) == (3, 57)
    assert len(asked) == (3 if headers else 0)


async def test_a_stranger_elsewhere_is_heard(gate):
    await post_all(gate, [BODY] * 5)

    assert await post_all(gate, [BODY], signed(BODY), peer="192.0.2.9") == [200]
    assert (await gate.post_signed(BODY)).status == 200  # at the number's own URL


async def test_nothing_is_read_of_a_body_without_any_proof(gate, read, asked):
    assert await post_all(gate, [naming(50)], {}) == [401]
    assert (read, asked) == ([], [])


async def test_a_large_body_costs_a_stranger_more(still, read):
    large = naming(MOST_NUMBERS) + b" " * 200_000

    statuses = await post_all(still, [large, BODY])

    assert statuses == [401, 429]
    assert read == [len(large)]


async def test_a_body_that_names_too_many_numbers_is_not_looked_up(gate, asked, caplog):
    caplog.set_level(logging.WARNING, "integrations")
    many = naming(MOST_NUMBERS + 1)

    statuses = await post_all(gate, [many], signed(many))

    assert statuses == [413]
    assert asked == []
    assert [record.__dict__["reason"] for record in caplog.records] == [
        "too many numbers"
    ]


async def test_large_bodies_of_strangers_wait_in_a_short_queue(
    gate, settings, monkeypatch
):
    busy = gate.receiver._shared._strange_lane
    await busy._free.acquire()
    monkeypatch.setattr("webhooks.shared._PATIENCE_SECONDS", 0.2)
    large = BODY + b" " * LARGE_BODY

    answers = await asyncio.gather(
        *(
            gate.post(large, token="", headers=signed(large), peer=f"192.0.2.{number}")
            for number in range(12)
        )
    )
    busy._free.release()

    assert {answer.status for answer in answers} == {503}
    assert all("retry-after" in answer.headers for answer in answers)
    assert busy._waiting == 0
    # Refused by us, so that nobody was charged for it.
    assert await post_all(gate, [large], signed(large)) == [200]


# --- senders that prove themselves ------------------------------------------------
async def test_a_sender_with_a_numbers_own_secret_pays_nothing_in_the_end(still):
    statuses = await post_all(still, [BODY] * 11, signed(BODY))

    assert statuses == [200] * 10 + [429]


async def test_the_quota_of_the_number_counts_bodies_that_arrive_together(still):
    go = asyncio.Event()
    posts = [
        still.post(BODY, token="", headers=signed(BODY), after=go) for _ in range(3)
    ]
    assert await together(posts, go) == [200] * 3
    go = asyncio.Event()
    posts = [
        still.post(BODY, token="", headers=signed(BODY), after=go) for _ in range(40)
    ]

    statuses = await together(posts, go)

    assert (statuses.count(200), statuses.count(429)) == (7, 33)
    assert len(await stored()) == 10


async def test_a_body_that_the_app_secret_proves_may_name_any_number(
    gate, settings, asked
):
    settings.INSTALLATION_SECRETS = {"meta_cloud": {"app_secret": "whole-app"}}
    many = naming(MOST_NUMBERS + 1)

    statuses = await post_all(gate, [many], signed(many, "whole-app"))

    (row,) = await stored()
    assert statuses == [200]
    assert bytes(row.body) == many
    assert (row.provider, row.integration_id) == ("meta_cloud", None)
    assert asked == [[]]


async def test_a_body_that_the_app_secret_proves_finds_its_number(gate, settings):
    settings.INSTALLATION_SECRETS = {"meta_cloud": {"app_secret": "whole-app"}}

    statuses = await post_all(gate, [BODY] * 5, signed(BODY, "whole-app"))

    assert statuses == [200] * 5
    assert {row.integration_id for row in await stored()} == {gate.integration.pk}


async def test_a_secret_of_the_app_does_not_excuse_a_wrong_one(gate, settings):
    settings.INSTALLATION_SECRETS = {"meta_cloud": {"app_secret": "whole-app"}}

    assert await post_all(gate, [BODY], signed(BODY, "another")) == [401]


# --- what is kept -----------------------------------------------------------------
async def test_what_strangers_name_does_not_stay_in_memory(gate, monkeypatch):
    monkeypatch.setattr(endpoints, "TTL_SECONDS", 0.5)
    for number in range(3):
        many = naming(MOST_NUMBERS, first=10**14 + 1000 * number)
        await post_all(gate, [many], peer=f"192.0.2.{number}")
    lookups = gate.receiver._shared._lookups

    assert len(lookups._answers) == 3
    assert {len(key) for key in lookups._answers} == {32}
    assert lookups._weight == 3
    await asyncio.sleep(0.7)
    assert not lookups._answers


async def test_the_order_of_the_numbers_asks_nothing_anew(gate, asked):
    there = json.loads(naming(3))
    back = {**there, "entry": there["entry"][::-1]}

    await post_all(gate, [json.dumps(one).encode() for one in (there, back)])

    assert len(asked) == 1
