"""The reader: nothing it returns surprises, and every refusal names its path."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import (
    MOST_LEVELS,
    Reader,
    decode,
    find_header,
    moment,
    read,
)
from tests.contract import strategies

SEND_AT = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)


@given(strategies.values)
def test_any_json_is_decoded_as_python_does_or_refused(value: object) -> None:
    text = json.dumps(value)

    try:
        decoded = decode(text.encode())
    except Unreadable:
        assert (
            "NaN" in text or "Infinity" in text or "9" * 300 in text or len(text) > 64
        )
    else:
        _check_storable(decoded)
        if text.isascii() and "\\u" not in text:
            assert decoded == value


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    try:
        _check_storable(decode(body))
    except Unreadable as exc:
        assert str(exc)  # noqa: PT017 -- a refusal is one of the two right outcomes


def _check_storable(value: object) -> None:
    told = json.dumps(value, allow_nan=False, ensure_ascii=False)
    told.encode()
    assert "\\u0000" not in told.replace("\\\\", "")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\uD83D\uDE00"', "\U0001f600"),
        (rb'"a\ud83d"', "a\ufffd"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\u0000b"', "\ufffdb"),
        (rb'"\\ud83d\ude00"', "\\ud83d\ufffd"),
        (rb'{"a\u0000": [{"b": "\ud800"}]}', {"a\ufffd": [{"b": "\ufffd"}]}),
        (b'\xef\xbb\xbf"mark"', "mark"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"1e999", None),
        (b"-1e999", None),
        (b"1.5e3", 1500.0),
    ],
)
def test_value_comes_out_as_it_can_be_stored(sent: bytes, stored: object) -> None:
    assert decode(sent) == stored


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON at character 0: Expecting value"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b'"a\x00b"', "not JSON at character 2: Invalid control character at"),
        (b"NaN", "not JSON: NaN"),
        (b"[-Infinity]", "not JSON: -Infinity"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 5000, "a number has too many digits"),
    ],
)
def test_body_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(body)

    assert str(caught.value) == reason


def test_nesting_is_bounded_well_below_the_limits_of_python() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"1" + b"}" * levels

    assert decode(nested(MOST_LEVELS))
    assert decode(b"[" + b"[]," * 5000 + b"1]")
    with pytest.raises(Unreadable):
        decode(nested(MOST_LEVELS + 1))


def test_body_must_be_an_object() -> None:
    with pytest.raises(Unreadable, match="the body is a list, not an object"):
        read(b"[]")


def test_refusal_names_the_path_and_never_the_value() -> None:
    root = read(b'{"entry":[{"changes":[{"value":{"id":"s3cret-\\u00e9"}}]}]}')
    [entry] = root.items("entry")
    [change] = entry.items("changes")

    with pytest.raises(Unreadable) as caught:
        change.section("value").section("id")

    assert str(caught.value) == (
        "entry[0].changes[0].value.id: expected an object, found text"
    )


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda root: root.text("number"), "number: expected text, found a number"),
        (lambda root: root.text("absent"), "absent: expected text, found nothing"),
        (lambda root: root.identifier("empty"), "empty: expected an id, found text"),
        (
            lambda root: root.identifier("wide"),
            "wide: expected an id of at most 200 characters, found text",
        ),
        (
            lambda root: root.section("list"),
            "list: expected an object, found a list",
        ),
        (lambda root: root.items("yes"), "yes: expected a list, found true or false"),
        (
            lambda root: next(iter(root.items("list"))).text("x"),
            "list[0]: expected an object, found a number",
        ),
    ],
)
def test_what_must_be_there_is_insisted_on(call, told: str) -> None:
    root = Reader(
        {"number": 7, "empty": "", "wide": "x" * 201, "list": [1], "yes": True}
    )

    with pytest.raises(Unreadable) as caught:
        call(root)

    assert str(caught.value) == told


def test_what_may_be_there_is_none_when_it_is_something_else() -> None:
    root = Reader({"a": 7, "b": "", "c": [1, {"d": 2}], "e": "word", "f": {"g": 1}})

    assert root.find_text("a") is None
    assert root.find_text("b") is None
    assert root.find_text("e", most=2) == "wo"
    assert root.find_identifier("e") == "word"
    assert root.find_identifier("a") is None
    assert root.find_section("e") is None
    assert [item.path() for item in root.find_items("c")] == ["c[1]"]
    assert root.find_items("e") == []
    assert list(root.items("absent")) == []
    assert root.is_true("a") is False
    assert root.path() == "body"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (131047, "131047"),
        ("470", "470"),
        ("x" * 90, "x" * 40),
        (10**50, None),
        (True, None),
        (1.5, None),
        ("", None),
        (None, None),
    ],
)
def test_code_may_be_a_number_or_text(value: object, code: str | None) -> None:
    assert Reader({"code": value}).find_code("code") == code


@pytest.mark.parametrize(
    ("value", "size"), [(0, 0), (7, 7), (-1, None), (2**63, None), (True, None)]
)
def test_size_fits_its_column(value: object, size: int | None) -> None:
    assert Reader({"size": value}).find_size("size") == size


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("1760000000", SEND_AT),
        (1760000000, SEND_AT),
        (1760000000.0, SEND_AT),
        ("1760000000000", SEND_AT),
        (1760000000000, SEND_AT),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("\u0661\u0667", None),
        ("1" * 30, None),
        (10**400, None),
        (-1, None),
        (0, None),
        (True, None),
        (4_102_444_800, None),
        ([1760000000], None),
    ],
)
def test_moment_is_read_in_every_notation_or_not_at_all(
    told: object, meant: datetime | None
) -> None:
    assert moment(told) == meant


def test_header_comes_without_blanks_and_empty_when_absent() -> None:
    assert find_header({"x-a": "  b "}, "x-a") == "b"
    assert find_header({}, "x-a") == ""
