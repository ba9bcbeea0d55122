"""Figures of pieces that need no load: the vault and the reader of bodies."""

import statistics
import time

from tests.bench import bodies
from tests.bench import vault as vault_bench
from tests.bench.house import House
from tests.bench.report import Bound, Row

VAULT_MICROS = 200


def vault(house: House) -> list[Row]:
    house.ready()
    micros = vault_bench.seal_and_unseal()
    return [
        Row("vault", micros, "µs", target=VAULT_MICROS, bound=Bound.VALUE_AT_MOST),
    ]


def parse(house: House) -> list[Row]:
    from integrations import gateway

    made = [bodies.text(number) for number in range(200 if house.is_quick else 3000)]
    taken = []
    for body in made:
        started = time.perf_counter()
        events = gateway.parse("meta_cloud", body, {})
        taken.append(time.perf_counter() - started)
        if len(events) != 1:
            raise AssertionError("one message in, one event out")
    size = round(statistics.mean(map(len, made)))
    return [
        Row("parse", statistics.median(taken) * 1e6, "µs", note=f"{size} bytes a body")
    ]
