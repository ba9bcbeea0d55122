"""Tests that do several things at once: none of them waits for ever."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection

PATIENCE = 60.0


class Job:
    """What runs in a thread and on a connection of its own; it holds up no end of a run."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = run
        self._result: Any = None
        self._problem: BaseException | None = None
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def result(self) -> Any:
        """What it returned, when it is over; what it raised is raised."""
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), f"not over within {PATIENCE:g} s"
        if self._problem is not None:
            raise self._problem
        return self._result

    def _work(self) -> None:
        try:
            self._result = self._run()
        except BaseException as problem:  # noqa: BLE001  # raised by `result`
            self._problem = problem
        finally:
            connection.close()


def together(*jobs: Callable[[], object]) -> list[Any]:
    """Run each job in its own thread from one start signal; hand back what they returned."""
    start = threading.Barrier(len(jobs))

    def begin(job: Callable[[], object]) -> object:
        start.wait(PATIENCE)
        return job()

    begun = [Job(partial(begin, job)) for job in jobs]
    return [job.result() for job in begun]


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
