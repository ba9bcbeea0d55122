"""How many bodies are on their way at once, how large, and for how long."""

import asyncio

import pytest

from webhooks import bodies
from webhooks.answers import Refusal
from webhooks.bodies import MOST_KNOWN, MOST_STRANGE, Bodies

KNOWN, STRANGE = (1, True), (1, False)
LARGEST = 1000


class Sender:
    """A body in pieces, each sent when it is asked to be."""

    def __init__(self, *pieces):
        self.left = list(pieces)
        self.go = asyncio.Semaphore(0)

    async def __call__(self):
        await self.go.acquire()
        piece = self.left.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.left)}

    def send(self, count=1):
        for _ in range(count):
            self.go.release()


def kept(held):
    """What would add up if it were forgotten to be counted back."""
    return (held._counts, held._bytes, held._all_bytes, held._waiting, held._late)


NOTHING: tuple[object, ...] = ({}, {}, 0, {}, set())


async def begin(held, sender, crowd=KNOWN):
    task = asyncio.create_task(held.read(sender, crowd))
    await asyncio.sleep(0)
    return task


async def test_a_body_in_pieces_is_put_together():
    held = Bodies(seconds=10, largest=LARGEST)
    sender = Sender(b"ab", b"", b"cd")
    sender.send(3)

    assert await held.read(sender, KNOWN) == b"abcd"
    assert kept(held) == NOTHING


@pytest.mark.parametrize("pieces", [[b"x" * 1001], [b"x" * 600, b"x" * 401]])
async def test_a_body_over_the_largest_size_is_refused(pieces):
    held = Bodies(seconds=10, largest=LARGEST)
    sender = Sender(*pieces)
    sender.send(2)

    with pytest.raises(Refusal) as refusal:
        await held.read(sender, KNOWN)

    assert refusal.value.status == 413
    assert kept(held) == NOTHING


async def test_a_sender_that_goes_away_is_refused():
    held = Bodies(seconds=10, largest=LARGEST)

    async def gone():
        return {"type": "http.disconnect"}

    with pytest.raises(Refusal) as refusal:
        await held.read(gone, KNOWN)

    assert refusal.value.status == 400
    assert kept(held) == NOTHING


async def test_each_body_has_its_own_deadline():
    held = Bodies(seconds=0.3, largest=LARGEST)
    quick, slow, slower = Sender(b"a"), Sender(b"a", b"b"), Sender(b"c")
    loop = asyncio.get_running_loop()
    began = loop.time()
    reading = [await begin(held, sender) for sender in (quick, slow)]
    quick.send()
    slow.send()
    await asyncio.sleep(0.15)
    reading.append(await begin(held, slower))

    ends = []
    for task in reading[1:]:
        with pytest.raises(Refusal) as refusal:
            await task
        assert refusal.value.status == 408
        ends.append(loop.time() - began)

    assert await reading[0] == b"a"
    assert 0.3 <= ends[0] < 0.45 <= ends[1]
    assert kept(held) == NOTHING


async def test_a_request_that_is_cancelled_is_not_called_slow():
    held = Bodies(seconds=10, largest=LARGEST)
    task = await begin(held, Sender(b"a"))

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert kept(held) == NOTHING


@pytest.mark.parametrize(
    ("crowd", "most"), [(KNOWN, MOST_KNOWN), (STRANGE, MOST_STRANGE)]
)
async def test_a_crowd_has_its_share_of_places_and_no_more(crowd, most):
    held = Bodies(seconds=10, largest=LARGEST)
    senders = [Sender(b"a") for _ in range(most + 1)]
    tasks = [await begin(held, sender, crowd) for sender in senders]
    other = await begin(held, Sender(b"b"), (2, crowd[1]))

    with pytest.raises(Refusal) as refusal:
        await tasks[-1]

    assert refusal.value.status == 429
    assert dict(refusal.value.headers)[b"retry-after"] == b"1"
    assert not other.done()
    other.cancel()
    for sender in senders:
        sender.send()
    assert await asyncio.gather(*tasks[:-1]) == [b"a"] * most
    assert other.cancelled()
    assert kept(held) == NOTHING


async def test_all_places_together_are_fewer_than_the_server_has():
    held = Bodies(seconds=10, largest=LARGEST)
    tasks = [
        await begin(held, Sender(b"a"), (number % 9, True))
        for number in range(bodies.MOST + 1)
    ]

    with pytest.raises(Refusal) as refusal:
        await tasks[-1]

    assert bodies.MOST < 1024
    assert refusal.value.status == 503
    assert b"retry-after" in dict(refusal.value.headers)
    for task in tasks[:-1]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert kept(held) == NOTHING


@pytest.mark.parametrize(("share", "status"), [("BYTES_STRANGE", 429), ("BYTES", 503)])
async def test_bytes_that_wait_for_the_rest_are_bounded(monkeypatch, share, status):
    monkeypatch.setattr(bodies, share, 2500)
    held = Bodies(seconds=10, largest=LARGEST)
    senders = [Sender(b"x" * 800, b"y") for _ in range(4)]
    tasks = [await begin(held, sender, STRANGE) for sender in senders]
    for sender in senders:
        sender.send()

    with pytest.raises(Refusal) as refusal:
        await tasks[-1]

    assert refusal.value.status == status
    assert held._all_bytes == 2400
    for sender in senders[:-1]:
        sender.send()
    assert await asyncio.gather(*tasks[:-1]) == [b"x" * 800 + b"y"] * 3
    assert kept(held) == NOTHING


async def test_an_operators_large_bodies_find_room(monkeypatch):
    monkeypatch.setattr(bodies, "BYTES_STRANGE", 10)
    monkeypatch.setattr(bodies, "BYTES", 10)
    held = Bodies(seconds=10, largest=LARGEST)
    sender = Sender(b"x" * 500, b"x" * 500)
    sender.send(2)

    assert len(await held.read(sender, STRANGE)) == 1000
