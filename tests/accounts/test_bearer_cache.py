"""What is remembered of tokens: for how long, asked how often, and never without an answer."""

import threading
import time
from functools import partial

import pytest

from accounts.api.cache import (
    ASKED_AT_ONCE,
    AWAY_SECONDS,
    NEGATIVE_SECONDS,
    POSITIVE_SECONDS,
    Checks,
    Claims,
    ServerAway,
)
from tests.threads import Job, eventually

ANA = Claims(issuer="https://id.example", subject="ana")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Server:
    def __init__(self, told):
        self.told, self.asked = told, []

    def __call__(self, token):
        self.asked.append(token)
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


@pytest.fixture
def clock():
    return Clock()


def test_a_good_token_is_asked_about_once_in_thirty_seconds(clock):
    server = Server(ANA)
    checks = Checks(server, clock=clock)

    assert checks.claims("t") == ANA
    clock.now += POSITIVE_SECONDS - 0.1
    assert checks.claims("t") == ANA
    assert len(server.asked) == 1
    clock.now += 0.1
    server.told = None  # revoked meanwhile
    assert checks.claims("t") is None
    assert POSITIVE_SECONDS == 30


def test_a_bad_token_is_asked_about_once_in_five_seconds(clock):
    server = Server(None)
    checks = Checks(server, clock=clock)

    assert checks.claims("t") is None
    clock.now += NEGATIVE_SECONDS - 0.1
    assert checks.claims("t") is None
    assert len(server.asked) == 1
    clock.now += 0.1
    server.told = ANA
    assert checks.claims("t") == ANA
    assert NEGATIVE_SECONDS == 5


def test_a_token_is_not_remembered_past_its_own_end(clock):
    server = Server(Claims(issuer="i", subject="ana", expires_at=time.time() + 10))
    checks = Checks(server, clock=clock)
    checks.claims("t")

    clock.now += 10.1
    server.told = None

    assert checks.claims("t") is None


def test_a_server_that_is_away_lets_nobody_in(clock):
    server = Server(ANA)
    checks = Checks(server, clock=clock)
    checks.claims("known")
    server.told = ServerAway("down", is_down=True)

    with pytest.raises(ServerAway):
        checks.claims("new")
    assert checks.claims("known") == ANA  # it was said seconds ago
    clock.now += POSITIVE_SECONDS
    with pytest.raises(ServerAway):
        checks.claims("known")


def test_after_a_failure_nobody_waits_for_the_next(clock):
    server = Server(ServerAway("down", is_down=True))
    checks = Checks(server, clock=clock)
    for _ in range(5):
        with pytest.raises(ServerAway):
            checks.claims("t")
    assert len(server.asked) == 1

    clock.now += AWAY_SECONDS
    server.told = ANA
    assert checks.claims("t") == ANA


def test_an_answer_that_may_be_about_one_token_keeps_no_other_out(clock):
    server = Server(ServerAway("answered 403"))
    checks = Checks(server, clock=clock)
    with pytest.raises(ServerAway):
        checks.claims("odd")
    server.told = ANA

    assert checks.claims("t") == ANA


def test_the_same_token_at_the_same_moment_is_asked_about_once():
    hold = threading.Event()

    def ask(token):
        asked.append(token)
        hold.wait(5)
        return ANA

    asked: list[str] = []
    checks = Checks(ask)
    jobs = [Job(lambda: checks.claims("t")) for _ in range(20)]
    eventually(lambda: asked)
    hold.set()

    assert [job.result() for job in jobs] == [ANA] * 20
    assert asked == ["t"]


def test_a_failure_reaches_everybody_who_waited_for_it():
    hold = threading.Event()

    def ask(token):
        hold.wait(5)
        raise ServerAway("down", is_down=True)

    checks = Checks(ask)

    jobs = [Job(lambda: checks.claims("t")) for _ in range(5)]
    hold.set()

    for job in jobs:
        with pytest.raises(ServerAway):
            job.result()


def test_a_slow_server_takes_only_some_of_our_threads(monkeypatch):
    monkeypatch.setattr("accounts.api.cache.PATIENCE_SECONDS", 0.05)
    hold = threading.Event()

    def ask(token):
        hold.wait(5)
        return ANA

    checks = Checks(ask)
    jobs = [
        Job(partial(checks.claims, f"t{number}")) for number in range(ASKED_AT_ONCE)
    ]
    time.sleep(0.05)
    with pytest.raises(ServerAway):
        checks.claims("one more")
    hold.set()
    assert [job.result() for job in jobs] == [ANA] * ASKED_AT_ONCE

    assert checks.claims("one more") == ANA  # busy is not away


def test_unknown_tokens_evict_no_good_one_and_memory_is_bounded(clock, monkeypatch):
    monkeypatch.setattr("accounts.api.cache.MOST_ENTRIES", 100)
    server = Server(ANA)
    checks = Checks(server, clock=clock)
    checks.claims("good")
    server.told = None
    for number in range(500):
        checks.claims(f"bad{number}")
    asked = len(server.asked)

    assert checks.claims("good") == ANA
    assert len(server.asked) == asked
    assert len(checks._bad) == 100


def test_no_token_rests_in_memory(clock):
    checks = Checks(Server(ANA), clock=clock)

    checks.claims("a-very-secret-token")

    assert "a-very-secret" not in repr(vars(checks._good)) + repr(vars(checks))
