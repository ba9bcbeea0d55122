"""The corpus and the pairs of the bench, a small part of each, through the corridor."""

import random
from collections.abc import Callable

import pytest

from tests.bench import accuracy, bodies, texts, variants
from tests.bench import shop as bench_shop
from tests.bench.accuracy import Score
from tests.bench.texts import Clicks, Kind, Waiting
from tests.conftest import World
from tests.factories import integrations as make
from tests.webhooks.conftest import Shop
from whatsapp.models import Attribution, Touch

MESSAGES = 400


@pytest.fixture
def here(world: World, make_shop_for: Callable[..., Shop]) -> bench_shop.Shop:
    """A shop whose number is the one that the bench's bodies name."""
    shop = make_shop_for(
        world.workspace,
        phone=bodies.CREDENTIALS["phone_number"],
        external_id=bodies.CREDENTIALS["phone_number_id"],
    )
    return bench_shop.Shop(shop.workspace, shop.channel, bodies.Sender("/", "unused"))


def drawn(seed: int, count: int = MESSAGES) -> list[texts.Case]:
    luck = random.Random(seed)
    fresh = [accuracy.random_token(luck) for _ in range(count)]
    old = [accuracy.random_token(luck) for _ in range(count)]
    waiting = [
        Waiting(accuracy.random_token(luck), at, is_clicked=at % 2 == 0)
        for at in range(count)
    ]
    clicks = Clicks(fresh, old, old, [], waiting=waiting)
    return texts.make_cases(clicks, count, luck)


def test_a_seed_always_draws_the_same_messages():
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_the_corpus_has_every_kind_decoration_and_damage():
    cases = drawn(3, count=4000)

    assert {case.kind for case in cases} == set(Kind)
    decorations = {case.how for case in cases if case.kind is Kind.DECORATED}
    assert set(texts.DECORATIONS) <= decorations
    for kind in (Kind.DAMAGED, Kind.MARK):
        assert {case.how for case in cases if case.kind is kind} == set(texts.DAMAGES)
    assert all(case.token is None for case in cases if case.kind is Kind.ABSENT)
    traps = {case.how for case in cases if case.kind is Kind.TRAP}
    assert traps == set(texts.TRAPS)
    seen: set[str | None] = set()
    for case in cases:
        assert (case.token in seen) is (case.kind is Kind.FORWARDED)
        seen |= {case.token} - {None}


def test_the_corpus_is_attributed_as_promised(here, world):
    score = Score()

    accuracy.score_messages(
        here,
        score,
        count=MESSAGES,
        recent=MESSAGES // 2,
        elsewhere=make.channel(world.workspace),
    )

    rows = {row.name: row for row in accuracy.rows(score)}
    assert score.messages == MESSAGES
    assert [name for name, row in rows.items() if not row.ok] == [], score.odd


def test_a_wrong_verdict_costs_the_score(here, world):
    score = Score()
    case = texts.Case(Kind.ABSENT, "", "", None)
    touch = Touch(token="0123456789")

    for confidence in ("certain", "probable"):
        score.add(
            case,
            Attribution(touch=touch, rule="token", confidence=confidence),
            is_own=True,
        )

    assert (score.wrong_certain, score.wrong_probable) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "confidence"),
    [
        (Kind.INTACT, "certain"),
        (Kind.FORWARDED, "probable"),
        (Kind.WAITING, "certain"),
        (Kind.ABSENT, "none"),
    ],
)
def test_the_right_click_with_somebody_elses_lead_costs_the_score(kind, confidence):
    token = None if kind is Kind.ABSENT else "0123456789"
    case = texts.Case(kind, "", "", token)
    touch = Touch(token=token) if token else None
    verdict = Attribution(touch=touch, rule="token", confidence=confidence)
    score = Score()

    score.add(case, verdict, is_own=True)
    score.add(case, verdict, is_own=False)

    guessed = confidence == "probable"
    assert (score.wrong_certain, score.wrong_probable) == (not guessed, guessed)
    assert score.right[kind] == (token is not None)


def test_a_forwarded_token_called_certain_costs_the_score():
    case = texts.Case(Kind.FORWARDED, "", "", "0123456789")
    verdict = Attribution(
        touch=Touch(token="0123456789"), rule="token", confidence="certain"
    )
    score = Score()

    score.add(case, verdict, is_own=True)

    assert score.share(Kind.FORWARDED) == 0


def test_a_token_missed_or_called_otherwise_costs_the_score():
    score = Score()
    case = texts.Case(Kind.DAMAGED, "wrong", "", "0123456789")
    touch = Touch(token="0123456789")
    for verdict in (
        Attribution(rule="anonymous", confidence="none"),
        Attribution(touch=touch, rule="token", confidence="certain"),
        Attribution(touch=touch, rule="token_rescue", confidence="probable"),
    ):
        score.add(case, verdict, is_own=True)

    assert score.share(Kind.DAMAGED) == pytest.approx(100 / 3)
    assert score.share(Kind.DAMAGED, among=score.found) == pytest.approx(200 / 3)


def test_notations_are_joined_and_landlines_are_not(here):
    pairs = variants.make_pairs(random.Random(variants.SEED))[::30]

    leads = variants.meet(here, pairs)

    assert {pair.country for pair in pairs} == {"BR", "MX", "AR"}
    for pair in pairs:
        assert (leads[pair.first] == leads[pair.later]) is pair.is_one, pair
