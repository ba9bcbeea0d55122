"""The receiver's cache of answers: short-lived, bounded, and holding nothing of a request."""

import asyncio
from typing import Any

import pytest

from webhooks import endpoints
from webhooks.endpoints import Lookups


class Unknown(LookupError):
    pass


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(endpoints, "TTL_SECONDS", 0.2)


def answer(value, asked=None):
    def load():
        if asked is not None:
            asked.append(value)
        if isinstance(value, Exception):
            raise value
        return value

    return load


async def test_an_answer_is_asked_for_once_while_it_is_kept():
    lookups: Lookups[int] = Lookups((Unknown,))
    asked: list[int] = []

    together = await asyncio.gather(
        *(lookups.get("a", answer(1, asked)) for _ in "abc")
    )

    assert together == [1, 1, 1]
    assert await lookups.get("a", answer(1, asked)) == 1
    assert asked == [1]


@pytest.mark.parametrize("value", [["secret"], Unknown("nobody")])
async def test_what_was_answered_is_gone_after_its_time_though_nobody_asks(value):
    lookups: Lookups[Any] = Lookups((Unknown,))
    await asyncio.gather(lookups.get("a", answer(value)), return_exceptions=True)
    assert lookups.is_near("a")

    await asyncio.sleep(0.3)

    assert not lookups._answers
    assert lookups._weight == 0
    assert not lookups._running


async def test_an_answer_that_came_anew_has_a_time_of_its_own():
    lookups: Lookups[Any] = Lookups((Unknown,))
    await lookups.get("a", answer(1))
    await asyncio.sleep(0.12)
    lookups._keep("a", 2)
    await asyncio.sleep(0.12)

    assert await lookups.get("a", answer(3)) == 2


async def test_the_weight_of_all_answers_is_bounded(monkeypatch):
    monkeypatch.setattr(endpoints, "TTL_SECONDS", 60)
    monkeypatch.setattr(endpoints, "MOST_WEIGHT", 100)
    lookups: Lookups[Any] = Lookups((Unknown,), weigh=len)
    for number in range(30):
        await lookups.get(number, answer(["secret"] * 20))
    assert list(lookups._answers) == [25, 26, 27, 28, 29]

    for number in range(200):
        await lookups.get(-number, answer([]))
    assert len(lookups._answers) == 100
    assert lookups._weight == 100


async def test_a_refusal_is_kept_without_the_frames_that_raised_it():
    lookups: Lookups[Any] = Lookups((Unknown,))
    for _ in range(3):
        with pytest.raises(Unknown, match="nobody"):
            await lookups.get("a", answer(Unknown("nobody")))

    _, kept, _ = lookups._answers["a"]
    assert kept.__traceback__ is None
    assert kept.__context__ is None
