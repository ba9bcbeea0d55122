"""A load generator lean enough to leave the machine to what it measures.

Keep-alive HTTP/1.1 over loopback TCP, requests made beforehand, one thread, epoll. Answers
are counted by their status line; bodies of answers must be short and have a length.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_ANSWER_BYTES = 64 * 1024


@dataclass
class Result:
    """`latencies` in seconds, in the order of the answers; `seconds` of wall clock."""

    seconds: float
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.statuses.get(200, 0)

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class _Line:
    connection: socket.socket
    sent_at: float = 0.0


def http_post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def full_speed(
    address: tuple[str, int], requests: Sequence[bytes], *, connections: int
) -> Result:
    """Send every request once, as fast as `connections` keep-alive connections allow."""
    waiting = iter(requests)
    result = Result(seconds=0.0)
    chooser = selectors.EpollSelector()
    started = time.perf_counter()
    open_lines = 0
    for _ in range(connections):
        request = next(waiting, None)
        if request is None:
            break
        line = _Line(_connect(address))
        chooser.register(line.connection, selectors.EVENT_READ, line)
        _send(line, request)
        open_lines += 1
    while open_lines:
        for key, _ in chooser.select(timeout=10):
            line = key.data
            _count(result, line)
            request = next(waiting, None)
            if request is None:
                chooser.unregister(line.connection)
                line.connection.close()
                open_lines -= 1
            else:
                _send(line, request)
    result.seconds = time.perf_counter() - started
    return result


def steady(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    per_second: float,
    connections: int,
) -> Result:
    """Send at a fixed rate whether or not answers come: latency counts from the due time."""
    result = Result(seconds=0.0)
    chooser = selectors.EpollSelector()
    idle = [_Line(_connect(address)) for _ in range(connections)]
    busy = 0
    started = time.perf_counter()
    due: Iterator[tuple[float, bytes]] = (
        (started + number / per_second, request)
        for number, request in enumerate(requests)
    )
    upcoming = next(due, None)
    while upcoming is not None or busy:
        now = time.perf_counter()
        while upcoming is not None and upcoming[0] <= now and idle:
            line = idle.pop()
            chooser.register(line.connection, selectors.EVENT_READ, line)
            _send(line, upcoming[1])
            line.sent_at = upcoming[0]
            busy += 1
            upcoming = next(due, None)
        pause = max(0.0, upcoming[0] - now) if upcoming is not None and idle else 0.1
        for key, _ in chooser.select(timeout=pause):
            line = key.data
            _count(result, line)
            chooser.unregister(line.connection)
            idle.append(line)
            busy -= 1
    result.seconds = time.perf_counter() - started
    for line in idle:
        line.connection.close()
    return result


def _connect(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _send(line: _Line, request: bytes) -> None:
    line.sent_at = time.perf_counter()
    line.connection.sendall(request)


def _is_whole(answer: bytes) -> bool:
    """Whether the head and as much body as it announces have come."""
    head, mark, body = answer.partition(b"\r\n\r\n")
    if not mark:
        return False
    _, named, rest = head.lower().partition(b"content-length:")
    return len(body) >= (int(rest.split(b"\r\n", 1)[0]) if named else 0)


def _count(result: Result, line: _Line) -> None:
    answer = _received(line.connection)
    status = int(answer[9:12])
    result.statuses[status] = result.statuses.get(status, 0) + 1
    result.latencies.append(time.perf_counter() - line.sent_at)


def _received(connection: socket.socket) -> bytes:
    """A whole answer: some servers send head and body apart."""
    answer = b""
    missing = 1
    while missing > 0:
        block = connection.recv(_ANSWER_BYTES)
        if not block:
            raise ConnectionError("the server closed a connection under load")
        answer += block
        missing = _missing(answer)
    return answer


def _missing(answer: bytes) -> int:
    """How many bytes are still to come, at least one where the head is not whole."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return 1
    _, found, rest = head.lower().partition(b"content-length:")
    length = int(rest.split(b"\r\n", 1)[0]) if found else 0
    return length - len(body)
