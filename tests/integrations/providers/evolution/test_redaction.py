"""Keys and codes leave a body before it rests; every other byte stays where it was."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.evolution.redaction import without_secrets
from tests.integrations.providers.redacting import bodies, check_the_rest_stays


def test_key_and_our_own_url_are_taken_out_and_nothing_else() -> None:
    body = (
        b'{"event":"messages.upsert","data":{ "message" :{"conversation":"Oi \\"apikey\\":'
        b'\\"x\\" \xc3\xa9"}},\n"destination" : "https://inbox.example/t/" ,'
        b'"sender":null,"apikey":"3A1B\\"-\\\\"}'
    )

    assert without_secrets(body) == (
        b'{"event":"messages.upsert","data":{ "message" :{"conversation":"Oi \\"apikey\\":'
        b'\\"x\\" \xc3\xa9"}},\n"destination" : null ,'
        b'"sender":null,"apikey":null}'
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"apikey":null,"destination":null,"server_url":null}',
        b'{"data":{"a \\"apikey":"x"}}',
        b'{"data":{"apikeys":"x","my_apikey":"y","text":"apikey"}}',
        b'{"event":"messages.upsert","data":{"message":{"base64":"AAAA","code":"c"}}}',
        # A message whose whole text is the word of the event.
        b'{"event":"messages.upsert","data":{"t":"qrcode.updated","base64":"AAAA"}}',
        b'{"data":{"t":"\\"event\\":\\"qrcode.updated\\"","base64":"AAAA"}}',
        b"",
        b"<html>",
        b"\xff\xfe\x00",
    ],
)
def test_body_without_secrets_stays_byte_for_byte(body: bytes) -> None:
    assert without_secrets(body) == body


@pytest.mark.parametrize(
    "word", ["qrcode.updated", "QRCODE_UPDATED", "qrcode-updated", "Qrcode.Updated"]
)
def test_codes_that_pair_a_phone_do_not_rest(word: str) -> None:
    told = {
        "event": word,
        "data": {
            "qrcode": {
                "instance": "ws12",
                "pairingCode": "WZYEH1YY",
                "code": "2@abc,def",
                "base64": "data:image/png;base64,iVBOR",
            },
            "count": 3,
        },
        "server_url": "https://admin:pass-word@evolution.example",
        "apikey": "3A1B",
    }

    kept = json.loads(without_secrets(json.dumps(told).encode()))

    assert kept["data"] == {
        "qrcode": {
            "instance": "ws12",
            "pairingCode": None,
            "code": None,
            "base64": None,
        },
        "count": 3,
    }
    assert (kept["apikey"], kept["server_url"]) == (None, None)


def test_key_of_a_body_that_was_cut_off_does_not_rest_either() -> None:
    assert without_secrets(b'{"apikey":"3A1B-4C') == b'{"apikey":null'
    assert without_secrets(b'{"apikey":"3A1B\\') == b'{"apikey":null\\'


_HIDDEN = ("apikey", "server_url", "code")
_WORDS = ["apikey", "server_url", "event", "qrcode.updated", "code"]


@given(value=bodies(_WORDS), is_ascii=st.booleans())
def test_whatever_is_said_the_body_stays_json_with_its_other_values(
    value: dict[str, object], *, is_ascii: bool
) -> None:
    check_the_rest_stays(without_secrets, value, _HIDDEN, is_ascii=is_ascii)


@pytest.mark.parametrize(
    "body",
    [
        b'{"apikey":"' + b"\\\\" * 2_000_000,
        b'"apikey"' * 500_000,
        b'"apikey"' + b" " * 4_000_000,
        b'{"event"' + b" " * 4_000_000,
        b'{"data":"' + b"x" * 4_000_000 + b'","apikey":"3A1B"}',
    ],
    ids=["escapes", "names", "blanks", "event blanks", "a large one"],
)
def test_one_pass_is_enough_for_the_largest_body(body: bytes) -> None:
    started = time.thread_time()
    kept = without_secrets(body)
    elapsed = time.thread_time() - started

    assert b"3A1B" not in kept
    assert elapsed < 2  # quadratic would take minutes
