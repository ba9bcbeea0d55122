"""A sender that floods one webhook URL, run in a process of its own."""

import time
from collections import Counter

from tests.prove import traffic
from tests.prove.clients import Line, Post

CONNECTIONS = 4


def posts(name: str, count: int) -> list[Post]:
    return [
        traffic.message(f"wamid.{name}.{number}", person=number % 50, at=number)
        for number in range(count)
    ]


def flood(
    port: int, path: str, number: int, per_second: int, seconds: int
) -> dict[int, int]:
    """Never faster than its rate, and deaf to 429. Counts the answers by status."""
    told: Counter[int] = Counter()
    lines = [Line(port, path) for _ in range(CONNECTIONS)]
    made = posts(f"flood{number}", per_second * seconds)
    started = time.monotonic()
    for turn, post in enumerate(made):
        time.sleep(max(0.0, started + turn / per_second - time.monotonic()))
        if time.monotonic() - started > seconds:
            break
        told[lines[turn % CONNECTIONS].post(post.body).status] += 1
    for line in lines:
        line.close()
    return dict(told)
