"""The one way out of this room: small JSON requests to the identity server.

Stricter than a library's client, and below `integrations/http.py`, whose rules it keeps: a
deadline over the whole exchange (a server that drips bytes does not stretch it), a size cap
counted on what arrives, no redirects, no proxies, no cookies, no compression.
"""

import http.client
import json
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from accounts.sso.outcomes import SignInRefused

DEADLINE_SECONDS = 5.0
MOST_BYTES = 256 * 1024
_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    kind: str  # the content type, without its parameters
    body: bytes
    told_at: datetime | None = None  # when it answered, by its own clock

    def json(self) -> dict[str, Any]:
        """The object that the answer holds; anything else is refused."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise SignInRefused("not_json")
        return value


def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    deadline_seconds: float | None = None,
) -> Answer:
    told = {"Accept": "application/json", **(headers or {})}
    return _exchange("GET", url, None, told, deadline_seconds)


def post(
    url: str,
    form: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    deadline_seconds: float | None = None,
) -> Answer:
    told = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        **(headers or {}),
    }
    return _exchange("POST", url, urlencode(form).encode(), told, deadline_seconds)


def post_json(url: str, value: object, *, headers: Mapping[str, str]) -> Answer:
    told = {"Accept": "application/json", "Content-Type": "application/json", **headers}
    return _exchange("POST", url, json.dumps(value).encode(), told)


def _exchange(
    method: str,
    url: str,
    body: bytes | None,
    headers: dict[str, str],
    deadline_seconds: float | None = None,
) -> Answer:
    deadline_seconds = deadline_seconds or DEADLINE_SECONDS
    last = time.monotonic() + deadline_seconds
    connection = _connection(url)
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    guard = threading.Timer(deadline_seconds, _hang_up, (connection,))
    guard.daemon = True
    guard.start()
    try:
        _connect(connection, https=parts.scheme == "https", last=last)
        connection.request(
            method,
            target,
            body,
            {"Accept-Encoding": "identity", "User-Agent": "Recado", **headers},
        )
        answer = _read(connection.getresponse(), last=last)
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = time.monotonic() >= last or isinstance(error, TimeoutError)
        raise SignInRefused("too_slow" if late else "unreachable") from None
    finally:
        guard.cancel()
        connection.close()
    if 300 <= answer.status < 400:
        raise SignInRefused("redirected")
    if answer.status >= 500:
        raise SignInRefused("server_error")
    return answer


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return http.client.HTTPConnection(parts.hostname or "", port)


def _connect(
    connection: http.client.HTTPConnection, *, https: bool, last: float
) -> None:
    """By hand, so that the guard holds the socket before the first byte of a handshake."""
    found = _resolve(connection.host, connection.port, last=last)
    plain = _reach(found, last=last)
    connection.sock = plain
    if not https:
        return
    wrapped = ssl.create_default_context().wrap_socket(
        plain, server_hostname=connection.host, do_handshake_on_connect=False
    )
    connection.sock = wrapped
    wrapped.do_handshake()


def _resolve(host: str, port: int, *, last: float) -> list[Any]:
    """getaddrinfo() knows no deadline, so a thread asks; one that is late is left behind.

    It ends by itself when the resolver gives up.
    """
    told: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            told.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as problem:  # also a name that no DNS can hold
            told.put(problem)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        found = told.get(timeout=_left(last))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _reach(addresses: list[Any], *, last: float) -> socket.socket:
    """The first that answers. Each has its share of what time is left, none all of it."""
    problem: OSError = OSError("the name has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(_left(last) / (len(addresses) - number))
            plain.connect(address)
            plain.settimeout(_left(last))
        except OSError as error:
            plain.close()
            problem = error
        else:
            return plain
    raise problem


def _left(last: float) -> float:
    left = last - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read(response: http.client.HTTPResponse, *, last: float) -> Answer:
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise SignInRefused("too_large")
    if time.monotonic() >= last:
        raise TimeoutError
    if response.length:  # it promised more than it sent
        raise http.client.IncompleteRead(bytes(body))
    kind = response.headers.get_content_type()
    told_at = _moment(response.headers.get("Date", ""))
    return Answer(response.status, kind, bytes(body), told_at)


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """The deadline is over: whatever waits on the socket is told that it ended."""
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
