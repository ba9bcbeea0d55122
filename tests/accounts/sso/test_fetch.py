"""The deadline of a request holds for everything: the name, each address, each byte."""

import socket
import threading
import time

import pytest

from accounts.sso import fetch, grants
from accounts.sso.outcomes import SignInRefused


@pytest.fixture
def silent():
    """An address where nobody takes a connection, and nobody says no either."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen(0)
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(door.getsockname())
        waiting.append(one)
    yield door.getsockname()
    for one in (*waiting, door):
        one.close()


def _known_as(monkeypatch, *addresses):
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", one)
        for one in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_four_addresses_that_do_not_answer_take_the_time_of_one(monkeypatch, silent):
    _known_as(monkeypatch, *[silent] * 4)
    began = time.monotonic()

    with pytest.raises(SignInRefused) as refused:
        fetch.get("http://id.example/", deadline_seconds=1.0)

    assert refused.value.code == "too_slow"
    assert time.monotonic() - began < 3


def test_a_second_address_is_reached_although_the_first_keeps_silent(
    monkeypatch, silent, idp
):
    _known_as(monkeypatch, silent, ("127.0.0.1", idp.port))

    answer = fetch.get(f"http://id.example:{idp.port}/keys", deadline_seconds=2.0)

    assert answer.status == 200


def test_an_address_that_refuses_leads_on_to_the_next(monkeypatch, idp):
    _known_as(monkeypatch, ("127.0.0.1", 9), ("127.0.0.1", idp.port))

    assert fetch.get("http://id.example/keys").status == 200


def test_a_name_that_nobody_answers_for_is_given_up_at_the_deadline(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) or [])
    began = time.monotonic()

    with pytest.raises(SignInRefused) as refused:
        fetch.get("http://id.example/", deadline_seconds=0.5)

    over.set()
    assert refused.value.code == "too_slow"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "problem", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")]
)
def test_a_name_that_is_not_known_is_told_at_once(monkeypatch, problem):
    def fail(*_, **__):
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(SignInRefused) as refused:
        fetch.get("http://id.example/")

    assert refused.value.code == "unreachable"


def test_a_name_without_an_address_is_unreachable(monkeypatch):
    _known_as(monkeypatch)

    with pytest.raises(SignInRefused) as refused:
        fetch.get("http://id.example/")

    assert refused.value.code == "unreachable"


def test_a_renewal_may_take_all_its_requests_before_another_one_claims_it():
    assert grants.LEASE.total_seconds() > 4 * fetch.DEADLINE_SECONDS
