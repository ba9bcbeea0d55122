"""Are the notations of one number one person, and are others kept apart? All the way.

A person writes from one notation, later from the other; each message is a body of its own
and goes through the corridor. Then the database tells whose lead they became.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from tests.bench import bodies, corridor, shop
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.bench.shop import Shop
from tests.walls import as_app
from webhooks import processing
from whatsapp.models import Identity

SEED = 20260802
BRAZILIAN_AREAS = (
    *range(11, 20),
    *(21, 22, 24, 27, 28),
    *(31, 32, 33, 34, 35, 37, 38),
    *range(41, 50),
    *(51, 53, 54, 55),
    *range(61, 70),
    *(71, 73, 74, 75, 77, 79),
    *range(81, 90),
    *range(91, 100),
)
MEXICAN_AREAS = (55, 56, 33, 81, 222, 442, 449, 614, 656, 664, 686, 722, 777, 844, 998)
ARGENTINIAN_AREAS = (
    11,
    220,
    221,
    223,
    261,
    291,
    299,
    341,
    342,
    351,
    376,
    381,
    387,
    2901,
)
_NUMBERS = 30_000_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two numbers, and whether they are one person's."""

    country: str
    first: str
    later: str
    is_one: bool


def make_pairs(luck: random.Random) -> list[Pair]:
    """Each pair is met in both orders; no number is in two of them."""
    made = [*_brazilian(luck), *_mexican(luck), *_argentinian(luck)]
    taken: set[str] = set()
    pairs = []
    for number, pair in enumerate(made):
        if taken.isdisjoint({pair.first, pair.later}):
            taken |= {pair.first, pair.later}
            turned = Pair(pair.country, pair.later, pair.first, pair.is_one)
            pairs.append(turned if number % 2 else pair)
    return pairs


def _brazilian(luck: random.Random) -> Iterator[Pair]:
    """Mobiles of every range that gained the ninth digit, and landlines, whose eight digits
    behind a nine are the mobile of somebody else."""
    for area in BRAZILIAN_AREAS:
        for start in "66778899":
            number = f"{start}{_digits(luck, 7)}"
            yield Pair("BR", f"55{area}9{number}", f"55{area}{number}", is_one=True)
        for start in "22334455":
            number = f"{start}{_digits(luck, 7)}"
            yield Pair("BR", f"55{area}9{number}", f"55{area}{number}", is_one=False)


def _mexican(luck: random.Random) -> Iterator[Pair]:
    """Landline or mobile: ten digits are one line's, so none has to be kept apart."""
    for area in MEXICAN_AREAS * 4:
        number = _local(area, luck)
        yield Pair("MX", f"521{number}", f"52{number}", is_one=True)


def _argentinian(luck: random.Random) -> Iterator[Pair]:
    """As in Mexico, the digit says only that it is a mobile; docs/attribution.md says why."""
    for area in ARGENTINIAN_AREAS * 4:
        number = _local(area, luck)
        yield Pair("AR", f"549{number}", f"54{number}", is_one=True)


def _local(area: int, luck: random.Random) -> str:
    rest = 10 - len(str(area))
    return f"{area}{luck.randrange(2, 9)}{_digits(luck, rest - 1)}"


def _digits(luck: random.Random, count: int) -> str:
    return "".join(luck.choices("0123456789", k=count))


def variants(house: House) -> list[Row]:
    here = shop.of(house)
    pairs = make_pairs(random.Random(SEED))
    if house.is_quick:
        pairs = pairs[::20]
    leads = meet(here, pairs)
    same = [pair for pair in pairs if pair.is_one]
    other = [pair for pair in pairs if not pair.is_one]
    joined = [pair for pair in same if leads[pair.first] == leads[pair.later]]
    wrong = [pair for pair in other if leads[pair.first] == leads[pair.later]]
    counted = dict.fromkeys(("BR", "MX", "AR"), 0)
    for pair in same:
        counted[pair.country] += 1
    note = ", ".join(f"{number} {country}" for country, number in counted.items())
    return [
        Row(
            "variants",
            100 * len(joined) / len(same),
            "%",
            target=100,
            bound=Bound.VALUE_AT_LEAST,
            note=f"joined of {note}",
        ),
        Row(
            "variants_landlines",
            len(wrong),
            "joined",
            target=0,
            bound=Bound.VALUE_AT_MOST,
            note=f"of {len(other)} BR with the mobile that ends alike",
        ),
    ]


def meet(here: Shop, pairs: Sequence[Pair]) -> dict[str, int]:
    """Everybody writes from the first number, then from the later; the lead of each number."""
    for turn, numbers in enumerate(
        ([pair.first for pair in pairs], [pair.later for pair in pairs])
    ):
        first = _NUMBERS + turn * len(pairs)
        corridor.store(
            here,
            [bodies.text(first + at, sender=one) for at, one in enumerate(numbers)],
        )
        connection.ensure_connection()
        with as_app():
            tally = processing.drain(budget_seconds=corridor.PATIENCE)
        if tally.done != len(numbers):
            raise AssertionError(f"{tally} instead of {len(numbers)} done")
    wanted = [number for pair in pairs for number in (pair.first, pair.later)]
    rows = Identity.objects.for_workspace(here.workspace).filter(value__in=wanted)
    return {row.value: row.lead_id for row in rows}
