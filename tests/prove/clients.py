"""Providers posting webhooks: keep-alive HTTP, patient with 503 and broken connections.

What was acknowledged goes into an append-only file outside the system, line by line.
"""

import http.client
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.supervisor import HOST
from tests.factories import cloud_api

PATIENCE = 120.0
ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Post:
    """A body and the names of the events in it, as the ledger keeps them."""

    body: bytes
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One attempt. `status` 0 is a connection that broke or never was."""

    at: float
    seconds: float
    status: int
    retry_after: str | None = None


class Ledger:
    """The names of acknowledged events, written down before anything else happens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def note(self, names: Sequence[str]) -> None:
        with self._lock:
            self._file.writelines(f"{name}\n" for name in names)
            self._file.flush()

    def names(self) -> set[str]:
        return set(self._path.read_text(encoding="utf-8").split())


@dataclass
class Line:
    """One keep-alive connection to the receiver."""

    port: int
    path: str
    connection: http.client.HTTPConnection | None = None

    def post(
        self,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        path: str | None = None,
    ) -> Answer:
        """One attempt, signed unless `headers` are given."""
        started = time.monotonic()
        if headers is None:
            headers = signed(body)
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                HOST, self.port, timeout=ANSWER_SECONDS
            )
        try:
            self.connection.request("POST", path or self.path, body, headers)
            response = self.connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(started, time.monotonic() - started, 0)
        retry_after = response.getheader("retry-after")
        if response.will_close:
            self.close()
        return Answer(started, time.monotonic() - started, response.status, retry_after)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def signed(body: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-hub-signature-256": cloud_api.signature(body),
    }


@dataclass
class Clients:
    """Several senders that share a list of posts and end when all are acknowledged."""

    port: int
    path: str
    posts: Sequence[Post]
    ledger: Ledger
    rate: float | None = None  # posts a second, together; None is as fast as they can
    count: int = 8
    acknowledged: int = 0
    given_up: int = 0
    answers: list[Answer] = field(default_factory=list)

    def start(self) -> "Clients":
        self._lock = threading.Lock()
        self._next = self._deal()
        self._threads = [
            threading.Thread(target=self._send, args=(number,), daemon=True)
            for number in range(self.count)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def wait(self) -> "Clients":
        for thread in self._threads:
            thread.join()
        return self

    @property
    def is_busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    @property
    def broken(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status != 200]

    def _deal(self) -> Iterator[tuple[float, Post]]:
        started = time.monotonic()
        for number, post in enumerate(self.posts):
            yield started + (number / self.rate if self.rate else 0), post

    def _take(self) -> tuple[float, Post] | None:
        with self._lock:
            return next(self._next, None)

    def _send(self, number: int) -> None:
        chance = random.Random(number)
        line = Line(self.port, self.path)
        while (dealt := self._take()) is not None:
            due, post = dealt
            time.sleep(max(0.0, due - time.monotonic()))
            is_told = self._send_one(line, post, chance)
            with self._lock:
                self.acknowledged += is_told
                self.given_up += not is_told
        line.close()

    def _send_one(self, line: Line, post: Post, chance: random.Random) -> bool:
        """Until it is acknowledged, as a provider does, but not for ever."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            answer = line.post(post.body)
            self.answers.append(answer)
            if answer.status == 200:
                self.ledger.note(post.names)
                return True
            time.sleep(chance.uniform(0.1, 0.6))
        return False
