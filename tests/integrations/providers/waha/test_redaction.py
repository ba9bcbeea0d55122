"""A passkey's challenge leaves a body before it rests; every other byte stays where it was."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.waha.redaction import without_secrets
from tests.integrations.providers.redacting import bodies, check_the_rest_stays


def test_a_challenge_is_taken_out_and_nothing_else() -> None:
    body = (
        b'{"event" : "session.status","payload":{ "status":"PASSKEY_REQUIRED",\n'
        b'"data" :{"challenge":{"a":["x","}"]},"data":"y"} ,"statuses":[{"data":"q\\"w"}],'
        b'"note":"Oi \\"data\\":\\"x\\" \xc3\xa9"}}'
    )

    assert without_secrets(body) == (
        b'{"event" : "session.status","payload":{ "status":"PASSKEY_REQUIRED",\n'
        b'"data" :null ,"statuses":[{"data":null}],'
        b'"note":"Oi \\"data\\":\\"x\\" \xc3\xa9"}}'
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"session.status","payload":{"status":"WORKING","data":null}}',
        b'{"event":"message.any","payload":{"media":{"data":"AAAA"}}}',
        b'{"event":"message.any","payload":{"body":"session.status","data":"AAAA"}}',
        b'{"payload":{"body":"\\"event\\":\\"session.status\\"","data":"AAAA"}}',
        b"",
        b"<html>",
        b"\xff\xfe\x00",
    ],
)
def test_a_body_without_one_stays_byte_for_byte(body: bytes) -> None:
    assert without_secrets(body) == body


@pytest.mark.parametrize("cut", ['{"challenge":"seed', '"seed', "[[[", "[" * 100_000])
def test_a_challenge_that_was_cut_off_does_not_rest_either(cut: str) -> None:
    head = '{"event":"session.status","payload":{"data":'

    assert without_secrets((head + cut).encode()) == (head + "null").encode()


_HIDDEN = ("data",)
_WORDS = ["data", "event", "session.status"]


@given(value=bodies(_WORDS), is_ascii=st.booleans())
def test_whatever_is_said_the_body_stays_json_with_its_other_values(
    value: dict[str, object], *, is_ascii: bool
) -> None:
    check_the_rest_stays(without_secrets, value, _HIDDEN, is_ascii=is_ascii)


@pytest.mark.parametrize(
    "rest",
    [
        b'"data":"' + b"\\\\" * 2_000_000,
        b'"data":1,' * 400_000,
        b'"data"' + b" " * 4_000_000,
        b'"data":{"a":' * 300_000,
    ],
    ids=["escapes", "many", "blanks", "nested"],
)
def test_one_pass_is_enough_for_the_largest_body(rest: bytes) -> None:
    started = time.thread_time()
    without_secrets(b'{"event":"session.status",' + rest)
    elapsed = time.thread_time() - started

    assert elapsed < 4  # quadratic would take minutes
