"""A sender that floods one webhook URL, run in a process of its own."""

import threading
import time
from collections import Counter

from tests.prove import traffic
from tests.prove.clients import Line, Post

CONNECTIONS = 16


def posts(name: str, count: int) -> list[Post]:
    return [
        traffic.message(f"wamid.{name}.{number}", person=number % 50, at=number)
        for number in range(count)
    ]


def flood(
    port: int, path: str, number: int, per_second: int, seconds: int
) -> dict[int, int]:
    """Never faster than its rate, and deaf to 429. Counts the answers by status."""
    told: list[int] = []
    made = posts(f"flood{number}", per_second * seconds)
    started = time.monotonic()

    def send(first: int) -> None:
        line = Line(port, path)
        for turn in range(first, len(made), CONNECTIONS):
            time.sleep(max(0.0, started + turn / per_second - time.monotonic()))
            if time.monotonic() - started > seconds:
                break
            told.append(line.post(made[turn].body).status)
        line.close()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(Counter(told))
