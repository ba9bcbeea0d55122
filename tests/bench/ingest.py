"""How fast the receiver acknowledges, beside what `pgbench` gets out of the same table."""

import json
import statistics
from collections.abc import Sequence

from tests.bench import bodies, load, pgbench, shop
from tests.bench.bodies import Sender
from tests.bench.house import House
from tests.bench.report import Bound, Row

CONNECTIONS = 64
ROUNDS = 3
ROUND_SECONDS = 5.0
LEAST_RATIO = 0.5
PER_SECOND = 300
P99_MILLIS = 100
TABLE = "webhooks_rawwebhook"
EMPTY = f"TRUNCATE {TABLE}"
COUNT = "SELECT count(*) FROM webhooks_rawwebhook"

Address = tuple[str, int]


def ingest(house: House) -> list[Row]:
    sender = shop.of(house).sender
    seconds = ROUND_SECONDS if not house.is_quick else 1.0
    with house.running("web") as address:
        statement = _row_as_insert(house, sender, address)
        posts = _enough_posts(house, sender, address, seconds)
        rates: dict[str, list[float]] = {"posts": [], "simple": [], "prepared": []}
        for _ in range(ROUNDS if not house.is_quick else 1):
            house.execute(EMPTY)
            rates["posts"].append(post_all(house, address, posts).rate)
            if not pgbench.find():
                continue
            for mode in ("simple", "prepared"):
                house.execute(EMPTY)
                rates[mode].append(
                    pgbench.run(house, statement, seconds=seconds, mode=mode)
                )
        house.execute(EMPTY)
    house.figures["ingest"] = ours = statistics.median(rates["posts"])
    return [
        _beside(Row("ingest", ours, "posts/s", target=LEAST_RATIO), rates, "simple"),
        _beside(Row("ingest_vs_prepared", ours, "posts/s"), rates, "prepared"),
    ]


def _beside(row: Row, rates: dict[str, list[float]], mode: str) -> Row:
    bound = Bound.NONE if row.target is None else Bound.RATIO_AT_LEAST
    ratio, note = None, pgbench.MISSING
    if rates[mode]:
        # Of neighbouring rounds, so that a machine whose load drifts is not judged by it.
        pairs = zip(rates["posts"], rates[mode], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        spread = " ".join(f"{rate:.0f}" for rate in rates["posts"])
        other = " ".join(f"{rate:.0f}" for rate in rates[mode])
        note = f"posts {spread}; pgbench -M {mode} {other}"
    return Row(row.name, row.value, row.unit, ratio, row.target, bound, note)


def ingest_p99(house: House) -> list[Row]:
    sender = shop.of(house).sender
    seconds = 3 if house.is_quick else 30
    first = 900_000_000
    posts = [
        sender.post(bodies.text(first + number, person=number % 500))
        for number in range(PER_SECOND * seconds)
    ]
    with house.running("web", "worker", "beat") as address:
        load.full_speed(address, posts[:CONNECTIONS], connections=CONNECTIONS)
        result = load.steady(
            address, posts, per_second=PER_SECOND, connections=CONNECTIONS
        )
    if result.accepted != len(posts):
        raise AssertionError(f"not everything was acknowledged: {result.statuses}")
    return [
        Row(
            "ingest_p99",
            result.percentile(0.99) * 1e3,
            "ms",
            target=P99_MILLIS,
            bound=Bound.VALUE_AT_MOST,
            note=f"median {result.percentile(0.5) * 1e3:.1f} ms, "
            f"longest {max(result.latencies) * 1e3:.0f} ms, {result.rate:.0f}/s",
        )
    ]


def post_all(house: House, address: Address, posts: Sequence[bytes]) -> load.Result:
    """Everything at full speed; every answer must be 200, and every row must be there."""
    before = house.count(COUNT)
    result = load.full_speed(address, posts, connections=CONNECTIONS)
    stored = house.count(COUNT) - before
    if not result.accepted == stored == len(posts):
        raise AssertionError(f"{result.statuses}, {stored} rows of {len(posts)}")
    return result


def _enough_posts(
    house: House, sender: Sender, address: Address, seconds: float
) -> list[bytes]:
    """As many distinct posts as a round takes, told by a short one that also warms up."""
    made = [sender.post(bodies.text(number)) for number in range(4000)]
    load.full_speed(address, made[:1000], connections=CONNECTIONS)
    rate = load.full_speed(address, made, connections=CONNECTIONS).rate
    more = range(len(made), max(len(made), int(rate * seconds)))
    return made + [sender.post(bodies.text(number)) for number in more]


def _row_as_insert(house: House, sender: Sender, address: Address) -> str:
    """The very row that the receiver writes, for pgbench to write."""
    house.execute(EMPTY)
    load.full_speed(address, [sender.post(bodies.text(1))], connections=1)
    with house.connect() as connection:
        cursor = connection.execute(f"TABLE {TABLE}".encode())
        columns = [column.name for column in cursor.description or []]
        row = cursor.fetchone() or ()
    written = {
        name: json.dumps(value) if isinstance(value, dict) else value
        for name, value in zip(columns, row, strict=True)
        if name != "id"
    }
    return pgbench.insert_statement(TABLE, list(written), list(written.values()))
