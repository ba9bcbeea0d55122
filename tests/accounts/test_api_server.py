"""What the OAuth server answers when `/api/` asks: nothing usable, or about one token alone."""

import time

import pytest

from accounts.api import server
from tests.accounts.asking import get, refused
from tests.integrations import loopback

HUGE = b'{"active": true, "sub": "7", "x": "' + b"x" * 300_000 + b'"}'


@pytest.mark.parametrize(
    "answer",
    [
        loopback.plain(status="500 Oops"),
        loopback.plain(status="401 Unauthorized"),
        loopback.plain(status="429 Too Many"),
        loopback.plain(status="403 Forbidden"),
        loopback.plain(status="404 Not Found"),
        loopback.plain(status="302 Found", headers="Location: /api/user\r\n"),
        loopback.plain(b"<html>", headers="Content-Type: text/html\r\n"),
        loopback.plain(b"[]"),
        loopback.plain(b"{}"),
        loopback.plain(b'{"active": "true", "sub": "7"}'),
        loopback.plain(b'{"active": 1, "sub": "7"}'),
        loopback.plain(b"[" * 60_000),
        loopback.plain(HUGE),
        lambda connection, _: connection.close(),
        lambda connection, _: connection.sendall(b"nonsense\r\n\r\n"),
    ],
)
def test_a_server_without_a_usable_answer_lets_nobody_in(identity, world, answer):
    identity.answer = answer

    response = refused(get(), 503, "temporarily_unavailable")

    assert int(response.headers["Retry-After"]) > 0


def test_a_server_that_is_down_lets_nobody_in(identity, world, settings):
    settings.API_BEARERS = identity.settings(
        introspection_url="http://127.0.0.1:9/introspect"
    )

    refused(get(), 503, "temporarily_unavailable")


def test_a_server_that_dawdles_is_given_up(identity, world, monkeypatch):
    monkeypatch.setattr(server, "ANSWER_SECONDS", 0.3)

    def dawdle(connection, _):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head)
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.1)

    identity.answer = dawdle
    started = time.monotonic()

    refused(get(), 503, "temporarily_unavailable")
    assert time.monotonic() - started < 5


# --- one token keeps nobody else out --------------------------------------------------
INVALID_CLIENT = loopback.plain(b'{"error": "invalid_client"}', status="400 Bad")


@pytest.mark.parametrize(
    "status", ["400 Bad", "413 Large", "414 Long", "431 Headers", "403 No", "404 No"]
)
def test_what_is_answered_of_one_token_keeps_no_other_out(identity, world, status):
    identity.answer = loopback.plain(status=status)
    get(token="odd")
    identity.answer = None

    assert get().status_code == 200


@pytest.mark.parametrize("status", ["400 Bad", "413 Large", "414 Long", "431 Headers"])
def test_a_token_that_the_server_will_not_look_at_is_no_token(identity, world, status):
    identity.answer = loopback.plain(status=status)

    refused(get(token="odd"), 401, "invalid_token")


def test_a_token_that_a_verifying_server_will_not_look_at_is_no_token(
    identity, world, settings
):
    settings.API_BEARERS = identity.settings(
        introspection_url="", verify_url=identity.url("/api/verify")
    )
    identity.answer = loopback.plain(status="431 Headers")

    refused(get(token="odd"), 401, "invalid_token")


def test_tokens_that_the_server_will_not_look_at_count_as_guesses(
    identity, world, settings
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_refused": (3, 60)}
    identity.answer = loopback.plain(status="413 Large")

    statuses = [get(token=f"odd{number}").status_code for number in range(6)]

    assert statuses == [401] * 3 + [429] * 3


@pytest.mark.parametrize(
    "answer",
    [
        loopback.plain(status="500 Oops"),
        loopback.plain(status="503 Away"),
        loopback.plain(status="429 Too Many"),
        loopback.plain(status="401 Unauthorized"),  # of our own client
        INVALID_CLIENT,
        lambda connection, _: connection.close(),
    ],
)
def test_after_a_failure_of_the_server_nobody_waits_for_the_next(
    identity, world, answer
):
    identity.answer = answer
    refused(get(token="first"), 503, "temporarily_unavailable")
    identity.answer = None

    refused(get(), 503, "temporarily_unavailable")
    assert len(identity.asked) == 1


@pytest.mark.parametrize("token", ["good===", "A" * 4096 + "=" * 6000, "A" * 4097])
def test_what_is_longer_than_a_token_never_reaches_the_server(identity, world, token):
    refused(get(token=token), 400, "invalid_request")

    assert identity.asked == []


@pytest.mark.parametrize("token", ["padded=", "padded==", "A" * 4096 + "=="])
def test_padding_of_base64_is_part_of_a_token(identity, world, token):
    identity.tokens[token] = identity.tokens["good"]

    assert get(token=token).status_code == 200
