"""Tests that do several things at once: none of them waits for ever."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

PATIENCE = 60.0


def together(*jobs: Callable[[], object]) -> list[Any]:
    """Run each job in its own thread from one start signal; hand back what they returned."""
    results: list[Any] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def work(place: int, job: Callable[[], object]) -> None:
        try:
            start.wait(PATIENCE)
            results[place] = job()
        except BaseException as error:  # noqa: BLE001  # handed to the test below
            results[place] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=(place, job), daemon=True)
        for place, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def eventually(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Look again and again; fails when it does not come true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {condition}"
        time.sleep(0.01)


def is_waited_for() -> bool:
    """Whether somebody wants a lock that the transaction of this thread holds."""
    # Not pg_stat_activity: a transaction sees that as it was when it first looked.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        [is_waited_for] = cursor.fetchone()
        return bool(is_waited_for)
