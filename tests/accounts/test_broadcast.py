"""News: told once it is committed, by nobody who has to wait, kept while Redis is away."""

import json
import socket
import time

import pytest
import redis
from django.db import transaction

from accounts import broadcast
from accounts.broadcast import EVERY_KEY, MOST_KEYS, Kind
from tests import news

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def topic(world):
    return broadcast.workspace_topic(world.workspace.key)


def test_what_is_rolled_back_is_not_told(world, topic):
    with transaction.atomic():
        broadcast.tell(topic, Kind.TICKET, ["never"])
        transaction.set_rollback(True)
    with transaction.atomic():
        broadcast.tell(topic, Kind.TICKET, ["a"])
        broadcast.tell(topic, Kind.TICKET, [])
        assert news.told(world.workspace) == {}

    assert news.told(world.workspace) == {"ticket": {"a"}}


def test_more_keys_than_are_worth_naming_are_any(world, topic):
    with transaction.atomic():
        broadcast.tell(topic, Kind.TICKET, range(MOST_KEYS + 1))
        broadcast.tell(topic, Kind.DELIVERY, ["a"])

    assert news.told(world.workspace) == {"ticket": {EVERY_KEY}, "delivery": {"a"}}


def test_listeners_on_redis_hear_kinds_and_keys(settings, world, topic):
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as ear:
        ear.psubscribe(topic, "client.usr_1")
        for _ in range(2):
            assert ear.get_message(timeout=5)["type"] == "psubscribe"
        broadcast.tell(topic, Kind.TICKET, ["a"])
        broadcast.tell(broadcast.client_topic("usr_1"), Kind.PUBLIC_TICKET, ["a"])
        heard = [ear.get_message(timeout=5) for _ in range(2)]

    said = {one["channel"].decode(): json.loads(one["data"]) for one in heard}
    id_ = said[topic].pop("id")
    assert said == {
        topic: {"ticket": ["a"]},
        "client.usr_1": {"public_ticket": ["a"]},
    }
    assert abs(int(id_.partition("-")[0]) / 1000 - time.time()) < 60


def test_nobody_waits_for_a_redis_that_says_nothing(settings, monkeypatch):
    monkeypatch.setattr(broadcast, "_teller", broadcast.Teller())
    monkeypatch.setattr(broadcast, "_SECONDS", 8.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()

        broadcast.tell(broadcast.client_topic("usr_1"), Kind.PUBLIC_TICKET, ["a"])

        assert time.monotonic() - began < 4
    assert broadcast.flush(4)  # nothing of this test is told in another


def test_what_is_told_while_redis_is_away_is_kept(settings, monkeypatch, topic):
    teller = broadcast.Teller()
    monkeypatch.setattr(broadcast, "_teller", teller)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    broadcast.tell(topic, Kind.TICKET, ["a"])
    broadcast.tell(broadcast.client_topic("usr_1"), Kind.PUBLIC_TICKET, ["a"])

    assert not broadcast.flush(0.5)
    assert list(teller._news) == [topic]  # whoever missed the other asks anyway
    teller._news.clear()
    teller._news.clear()  # its thread has nothing left to try


def test_a_forked_child_tells_by_itself(monkeypatch):
    parent = broadcast._teller
    monkeypatch.setattr(broadcast, "_teller", parent)

    broadcast._begin_anew()

    assert broadcast._teller is not parent
