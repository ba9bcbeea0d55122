"""The codes of the gateway: one a minute, a few of them, and nobody guesses the next."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.providers.sandbox import codes

SINCE = datetime(2026, 3, 2, 12, tzinfo=UTC)
SEED = "0123456789abcdef"


def showing(**after: float) -> codes.Code | None:
    return codes.showing(SEED, since=SINCE, now=SINCE + timedelta(**after))


def test_a_code_stays_for_a_minute_and_tells_what_is_left_of_it() -> None:
    first, later = showing(), showing(seconds=59)

    assert first is not None
    assert later is not None
    assert (first.text, first.typed) == (later.text, later.typed)
    assert (first.left, later.left) == (timedelta(seconds=60), timedelta(seconds=1))


def test_every_minute_has_a_code_of_its_own_and_after_five_there_is_none() -> None:
    found = [showing(minutes=minute) for minute in range(6)]

    assert found[5] is None
    texts = {one.text for one in found if one} | {one.typed for one in found if one}
    assert len(texts) == 10


def test_another_seed_has_other_codes_and_none_has_none() -> None:
    other = codes.showing("fedcba9876543210", since=SINCE, now=SINCE)
    first = showing()

    assert other is not None
    assert first is not None
    assert other.text != first.text
    assert codes.showing("", since=SINCE, now=SINCE) is None


def test_a_clock_that_went_back_shows_the_first_code() -> None:
    assert showing(seconds=-5) == showing()


@pytest.mark.parametrize("told", ["abcd2345", " ABCD-2345 ", "abcd 2345", "AbCd-23 45"])
def test_a_code_is_told_as_people_type(told: str) -> None:
    assert codes.is_same(told, "ABCD2345")


@pytest.mark.parametrize("told", ["", "ABCD234", "ABCD23456", "\ud800", "ÁBCD2345"])
def test_anything_else_is_another_code(told: str) -> None:
    assert not codes.is_same(told, "ABCD2345")


def test_no_code_shows_in_a_representation() -> None:
    code = showing()

    assert code is not None
    assert code.text not in repr(code)
    assert code.typed not in repr(code)
