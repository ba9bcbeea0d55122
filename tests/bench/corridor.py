"""How fast posted webhooks become messages: the corridor from the inbox to the thread."""

import http.client
import random
import statistics
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from tests.bench import bodies, ingest, shop
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.bench.shop import Shop
from tests.walls import as_app
from webhooks import inbox, queue
from webhooks import processing as corridor
from webhooks.models import RawWebhook
from whatsapp.services import links

LEAST_RATIO = 0.5
MESSAGES = 20_000
MESSAGES_DIRECT = 5_000
KNOWN_PEOPLE = 5_000
ECHOES = 500
SMALL_BATCH = 20
VISIBLE_MILLIS = 2000
PATIENCE = 600.0
# People and messages of each measure have numbers of their own.
_KNOWN, _ECHO, _POSTED, _DIRECT, _BATCHES, _SINGLE, _OF_A_DAY = (
    number * 1_000_000 for number in range(10, 17)
)
_MESSAGES = "SELECT count(*) FROM whatsapp_message"
_UNDONE = (
    "SELECT count(*) FROM webhooks_rawwebhook WHERE state IN ('received', 'leased')"
)

_is_settled = False


def processing(house: House) -> list[Row]:
    here = _settled(house)
    count = MESSAGES if not house.is_quick else 400
    mixed = _mixed_bodies(here, _POSTED, count)
    with house.running("web") as address:
        posting = ingest.post_all(
            house, address, [here.sender.post(body) for body in mixed]
        )
    rate = _work_off(house, count)
    taken_in = house.figures.get("ingest", posting.rate)
    return [
        Row(
            "processing",
            rate,
            "messages/s",
            ratio=rate / taken_in,
            target=LEAST_RATIO,
            bound=Bound.RATIO_AT_LEAST,
            note=f"{count} messages and {len(mixed) - count} statuses; "
            f"ingest {taken_in:.0f}/s",
        ),
        _direct(house, here, taken_in),
    ]


def _work_off(house: House, count: int) -> float:
    """Messages per second of one worker, from the hint to the last row."""
    before = house.count(_MESSAGES)
    with house.running("worker"), house.connect() as watching:
        started = time.perf_counter()
        # As many as a busy receiver has sent meanwhile: every child of the worker has work.
        for _ in range(4):
            queue.send_hint()
        undone = watching.execute(_UNDONE.encode())
        while undone.fetchone() != (0,):
            if time.perf_counter() - started > PATIENCE:
                raise AssertionError("the worker did not finish")
            time.sleep(0.05)
            undone = watching.execute(_UNDONE.encode())
        seconds = time.perf_counter() - started
    _require_messages(house, before + count)
    return count / seconds


def _direct(house: House, here: Shop, taken_in: float) -> Row:
    count = MESSAGES_DIRECT if not house.is_quick else 200
    before = house.count(_MESSAGES)
    store(here, _mixed_bodies(here, _DIRECT, count))
    started = time.perf_counter()
    connection.ensure_connection()
    with as_app():
        corridor.drain(budget_seconds=PATIENCE)
    rate = count / (time.perf_counter() - started)
    _require_messages(house, before + count)
    return Row("processing_direct", rate, "messages/s", ratio=rate / taken_in)


def _require_messages(house: House, count: int) -> None:
    """Every post is a message now, and no row has ended otherwise than done."""
    visible = house.count(_MESSAGES)
    stuck = house.count(
        "SELECT count(*) FROM webhooks_rawwebhook WHERE state <> 'done'"
    )
    if (visible, stuck) != (count, 0):
        raise AssertionError(f"{visible} messages of {count}, {stuck} rows not done")


def queries(house: House) -> list[Row]:
    here = _settled(house)
    counted = {}
    for size in (SMALL_BATCH, inbox.BATCH):
        start = _BATCHES + size * 1000
        store(here, _mixed_bodies(here, start, size)[:size])
        claim = inbox.claim()
        statements: list[str] = []

        def note(execute, sql, params, many, context, said=statements):
            said.append(sql)
            return execute(sql, params, many, context)

        with as_app(), connection.execute_wrapper(note):
            tally = corridor.process(claim)
        if tally.done != size:
            raise AssertionError(f"{tally} instead of {size} done")
        counted[size] = len(statements)
    few, many = counted[SMALL_BATCH], counted[inbox.BATCH]
    return [
        Row(
            "processing_queries",
            many,
            "queries",
            ratio=many / few,
            target=1.0,
            bound=Bound.RATIO_AT_MOST,
            note=f"{few} for a batch of {SMALL_BATCH}",
        )
    ]


def visible(house: House) -> list[Row]:
    here = _settled(house)
    millis = []
    with (
        house.running("web", "worker", "beat") as (host, port),
        house.connect() as watching,
    ):
        line = http.client.HTTPConnection(host, port, timeout=5)
        for number in range(5 if house.is_quick else 40):
            body = bodies.text(_SINGLE + number, person=_KNOWN + number)
            started = time.perf_counter()
            _post(line, here, body)
            while not _is_there(watching, here, _SINGLE + number):
                if time.perf_counter() - started > 30:
                    raise AssertionError("the message did not appear within 30 s")
                time.sleep(0.001)
            millis.append((time.perf_counter() - started) * 1e3)
            time.sleep(0.2)
    p95 = sorted(millis)[int(len(millis) * 0.95)]
    return [
        Row("visible", statistics.median(millis), "ms", note="median"),
        Row(
            "visible_p95",
            p95,
            "ms",
            target=VISIBLE_MILLIS,
            bound=Bound.VALUE_AT_MOST,
            note=f"longest {max(millis):.0f} ms",
        ),
    ]


def _post(line: http.client.HTTPConnection, here: Shop, body: bytes) -> None:
    head, _, _ = here.sender.post(body).partition(b"\r\n\r\n")
    headers = dict(
        item.split(": ", 1)
        for item in head.decode().split("\r\n")[1:]
        if not item.startswith(("host", "content-length"))
    )
    line.request("POST", here.sender.path, body, headers)
    answer = line.getresponse()
    answer.read()
    if answer.status != 200:
        raise AssertionError(f"answered {answer.status}")


def _is_there(watching: psycopg.Connection[Any], here: Shop, number: int) -> bool:
    found = watching.execute(
        "SELECT FROM whatsapp_message"
        " WHERE workspace_id = %s AND channel_id = %s AND external_id = %s",
        [here.workspace.pk, here.channel.pk, bodies.message_id(number)],
    )
    return found.rowcount == 1


def _settled(house: House) -> Shop:
    """A shop with people who have written before, and with messages of our own."""
    global _is_settled  # noqa: PLW0603  # one house, one shop, once
    here = shop.of(house)
    house.execute(ingest.EMPTY)
    if not _is_settled:
        before = house.count(_MESSAGES)
        store(here, [bodies.text(_KNOWN + who) for who in range(KNOWN_PEOPLE)])
        store(here, [_echo(number) for number in range(ECHOES)])
        connection.ensure_connection()
        with as_app():
            corridor.drain(budget_seconds=PATIENCE)
        _require_messages(house, before + KNOWN_PEOPLE + ECHOES)
        house.execute(ingest.EMPTY)
        house.execute("ANALYZE")
        _is_settled = True
    return here


def stored_for_a_day(house: House, count: int) -> Shop:
    """Messages that wait for the corridor, in a shop that knows people."""
    here = _settled(house)
    store(here, _mixed_bodies(here, _OF_A_DAY, count))
    return here


def _echo(number: int) -> bytes:
    return bodies.echo(_ECHO + number, person=_KNOWN + number)


def store(here: Shop, made: Sequence[bytes]) -> None:
    """Rows as the receiver leaves them."""
    now = timezone.now()
    RawWebhook.objects.bulk_create(
        [
            RawWebhook(
                workspace=here.workspace,
                integration=here.channel.integration,
                provider="meta_cloud",
                headers={"content-type": "application/json"},
                body=body,
                digest=sha256(body).digest(),
                received_at=now,
                next_at=now,
            )
            for body in made
        ],
        batch_size=1000,
    )


def _mixed_bodies(here: Shop, first: int, count: int) -> list[bytes]:
    """`count` messages and a tenth as many statuses, in one order for every run."""
    draw = random.Random(first)
    numbers = range(first, first + count)
    new = set(draw.sample(numbers, count // 4))
    with_origin = draw.sample(numbers, count // 10)
    clicked = set(with_origin[::2])
    from_ad = set(with_origin[1::2])
    link = _link(here)
    made = []
    for number in numbers:
        who = number if number in new else _KNOWN + draw.randrange(KNOWN_PEOPLE)
        if number in from_ad:
            body = bodies.text(number, person=who, referral=bodies.referral(number))
        elif number in clicked:
            token = _click(link)
            body = bodies.text(number, person=who, extra=f"vm_token:{token}")
        else:
            body = bodies.text(number, person=who)
        made.append(body)
    words = ("sent", "delivered", "read")
    for turn in range(count // 10):
        number = turn % ECHOES
        word = words[turn // ECHOES % 3]
        told = bodies.status(_ECHO + number, word, person=_KNOWN + number)
        made.insert(draw.randrange(len(made)), told)
    return made


def _link(here: Shop):
    """A link of our own for each set of bodies."""
    return links.add_tracked_link(
        workspace=here.workspace,
        channel=here.channel,
        slug=f"bench-{time.monotonic_ns()}",
        prefilled_text="Oi!",
        now=timezone.now(),
    )


def _click(link) -> str:
    return links.record_click(
        link,
        query={"utm_source": "bench"},
        referrer="",
        user_agent="",
        ip=None,
        now=timezone.now(),
    )
