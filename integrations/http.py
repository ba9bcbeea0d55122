"""The only place that opens outgoing connections.

The gateway makes a `Client` for one integration and hands it to the adapter, which sees
it as `providers.base.adapter.Http`. Every exchange has a total deadline, a size cap and a
guarded destination (egress.py), ends in an answer or in a typed ProviderError, and leaves
one redacted ChannelLog row (redaction.py).

An exchange belongs outside transactions. Inside one its log row shares the caller's fate:
it is written in a savepoint, so that it can break nothing, and the mistake is logged.
"""

import contextlib
import json as json_module
import logging
import math
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import httpx
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from accounts.scoping import workspace_transaction
from integrations import egress, pools, wire
from integrations.models import ChannelLog
from integrations.providers.base.errors import (
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unreachable,
)
from integrations.redaction import ABOUT_PEOPLE, Redactor

DEADLINE = 15.0  # seconds, from the look-up of the name to the last byte
MAX_BYTES = 8 * 1024 * 1024
MOST_REDIRECTS = 5
CONNECT_SHARE = (
    5.0  # seconds for one address, so that a dead one leaves time for the next
)

logger = logging.getLogger("integrations")
# These write whole requests, headers included, once somebody turns debugging on.
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(slots=True)
class Response:
    """The whole answer, already read. Header names are lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Read the body as JSON. Anything else is a ValueError."""
        try:
            return json_module.loads(self.content)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class Client:
    """HTTP for one integration. `secrets` are values that no log may show.

    `budget` is for all of its exchanges together, in seconds from now on, where whoever asks
    holds a lease meanwhile; one exchange alone never takes longer than `deadline`.

    `failures` takes the rows of failed exchanges instead of the database, and those that
    went well leave none: for the heartbeat, which asks the same of everybody every minute
    and from threads that have no connection to the database.
    """

    def __init__(
        self,
        *,
        workspace_id: int,
        integration_id: int | None = None,
        channel_id: int | None = None,
        redact_keys: Collection[str] = (),
        secrets: Iterable[str] = (),
        deadline: float = DEADLINE,
        budget: float | None = None,
        max_bytes: int = MAX_BYTES,
        failures: list[ChannelLog] | None = None,
    ) -> None:
        self._failures = failures
        self._ids = {
            "workspace_id": workspace_id,
            "integration_id": integration_id,
            "channel_id": channel_id,
        }
        self._redactor = Redactor(keys=redact_keys, secrets=secrets)
        self._deadline = deadline
        self._ends_at = math.inf if budget is None else time.monotonic() + budget
        self._max_bytes = max_bytes

    def request(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        follow_redirects: bool = False,
        into: BinaryIO | None = None,
        most: int | None = None,
    ) -> Response:
        """Send one request and answer with what came back, whatever its status.

        The body of a success is written into `into` where that is given, piece by piece;
        the answer then holds none. `most` bytes of it are read instead of the client's own
        limit. Raises Refused (not sent, and never will be), Unreachable (not sent) or
        OutcomeUnknown (sent, at least in part). Redirects are followed for GET and HEAD
        alone; to another origin they carry none of `headers`.
        """
        ends_at = min(time.monotonic() + self._deadline, self._ends_at)
        exchange = wire.Exchange(ends_at=ends_at, turn=wire.turn.get())
        sent = _Sent(method.upper(), url, dict(headers or {}), json, content)
        room = _Room(self._max_bytes if most is None else most, into)
        for _ in range(MOST_REDIRECTS):
            response = self._exchange(sent, exchange, operation, room)
            if not follow_redirects or not sent.may_follow(response):
                return response
            sent = sent.redirected(response.headers["location"])
        raise OutcomeUnknown("too_many_redirects")

    def _exchange(
        self,
        sent: "_Sent",
        exchange: wire.Exchange,
        operation: str,
        room: "_Room",
    ) -> Response:
        started = time.monotonic()
        exchange.stage, exchange.has_written = "connect", False
        outcome = _perform(sent, exchange, room)
        elapsed_ms = round((time.monotonic() - started) * 1000)
        self._log(sent, outcome, operation, elapsed_ms)
        # Raised here, outside any handler: what the library said may quote a header, and
        # would travel along as the context of the exception.
        if isinstance(outcome, ProviderError):
            raise outcome
        return outcome

    def _log(
        self,
        sent: "_Sent",
        outcome: "Response | ProviderError",
        operation: str,
        elapsed_ms: int,
    ) -> None:
        is_fine = isinstance(outcome, Response) and outcome.status_code < 400
        if self._failures is not None and is_fine:
            return
        row = ChannelLog(**self._ids, operation=operation[:40], elapsed_ms=elapsed_ms)
        row.method = sent.method[:8]
        hides = operation in ABOUT_PEOPLE
        row.url = self._url(sent.url, hides_people=hides)
        row.request = self._written(
            sent.headers, sent.body, sent.content_type, hides_people=hides
        )
        if isinstance(outcome, Response):
            row.status_code = outcome.status_code
            row.response = self._written(
                outcome.headers,
                outcome.content,
                outcome.headers.get("content-type", ""),
                hides_people=hides,
                is_error=not is_fine,
            )
        else:
            row.error = outcome.code[:100]
        code = row.error or (row.status_code if (row.status_code or 0) >= 400 else None)
        if code is not None:
            facts = {**self._ids, "operation": row.operation, "code": code}
            logger.warning("provider call failed", extra=facts)
        if self._failures is None:
            self._save(row)
        else:
            self._failures.append(row)

    def _save(self, row: ChannelLog) -> None:
        """Keep the row. Neither a dead database nor a caller's transaction may hurt."""
        try:
            try:
                with workspace_transaction(row.workspace_id, durable=True):
                    # A crash may cost the last rows of a log; waiting for the disk would
                    # cost every exchange more than the exchange itself.
                    with connection.cursor() as cursor:
                        cursor.execute("SET LOCAL synchronous_commit TO off")
                    row.save()
            except RuntimeError:  # Django's word for "a transaction is open already"
                logger.error("provider call inside a transaction", extra=self._ids)  # noqa: TRY400  # a trace adds nothing
                with workspace_transaction(row.workspace_id):
                    row.save()
        except DatabaseError:
            logger.error("channel log not written", extra=self._ids)  # noqa: TRY400  # its text quotes the row

    def _url(self, url: str, *, hides_people: bool) -> str:
        try:
            return self._redactor.url(url, hides_people=hides_people)[:500]
        except ValueError:
            return "(not a URL)"

    def _written(
        self,
        headers: Mapping[str, str],
        body: bytes,
        content_type: str,
        **what: bool,
    ) -> str:
        parts = (
            self._redactor.headers(headers),
            self._redactor.body(body, content_type, **what),
        )
        return "\n\n".join(part for part in parts if part)


@dataclass(slots=True)
class _Sent:
    """What the caller asked for, in the form it is sent and logged."""

    method: str
    url: str
    headers: dict[str, str]
    json: Any = None
    content: bytes | None = None
    body: bytes = field(default=b"", init=False)

    @property
    def content_type(self) -> str:
        lowered = {name.lower(): value for name, value in self.headers.items()}
        return lowered.get("content-type", "")

    def build(self, exchange: wire.Exchange) -> httpx.Request:
        """Make the request, or say why it cannot be one."""
        if self.json is not None:
            self.body = json_module.dumps(
                self.json, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            ).encode()
            if not self.content_type:
                self.headers["Content-Type"] = "application/json"
        else:
            self.body = self.content or b""
        ours = {"User-Agent": "Recado", "Accept": "*/*", "Accept-Encoding": "identity"}
        return httpx.Request(
            self.method,
            httpx.URL(self.url),
            headers=httpx.Headers({**ours, **self.headers}),
            content=self.body or None,
            extensions={"timeout": {"pool": exchange.remaining()}},
        )

    def may_follow(self, response: Response) -> bool:
        return (
            self.method in {"GET", "HEAD"}
            and response.status_code in {301, 302, 303, 307, 308}
            and "location" in response.headers
        )

    def redirected(self, location: str) -> "_Sent":
        try:
            here = httpx.URL(self.url)
            there = here.join(location)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            there = None
        if there is None:
            raise OutcomeUnknown("bad_redirect")
        is_same = (here.scheme, here.host, here.port) == (
            there.scheme,
            there.host,
            there.port,
        )
        return _Sent(self.method, str(there), self.headers if is_same else {})


@dataclass(frozen=True, slots=True)
class _Room:
    """Where the body of an answer goes, and how much of it there may be."""

    most: int
    into: BinaryIO | None = None


def _perform(
    sent: _Sent, exchange: wire.Exchange, room: _Room
) -> Response | ProviderError:
    """Do the exchange; every anticipated end is a value. No text of the library is kept."""
    if exchange.remaining() <= 0:  # those before it took all the time there was
        return _failure(exchange, "timeout")
    token = wire.current.set(exchange)
    try:
        request = sent.build(exchange)
        _check_destination(request.url)
        answer = pools.transport().handle_request(request)
        with contextlib.closing(answer):
            exchange.stage = "answer"
            content = _read(answer, room)
        return Response(answer.status_code, dict(answer.headers), content)
    except ProviderError as error:
        return error
    except egress.ResolveFailed:
        return Unreachable("dns_failed")
    except httpx.TimeoutException:
        return _failure(exchange, "timeout")
    except httpx.TransportError as error:
        # A header or a URL that HTTP cannot carry: sending it again would not help.
        if isinstance(error, httpx.LocalProtocolError) and not exchange.has_written:
            return Refused("malformed_request")
        return _failure(exchange, "failed")
    except (httpx.InvalidURL, TypeError, ValueError, RecursionError):
        if exchange.has_written:
            return OutcomeUnknown("unreadable_answer")
        return Refused("malformed_request")
    finally:
        wire.current.reset(token)


def _failure(exchange: wire.Exchange, how: str) -> ProviderError:
    code = f"{exchange.stage}_{how}"
    return OutcomeUnknown(code) if exchange.has_written else Unreachable(code)


def _check_destination(url: httpx.URL) -> None:
    """Refuse what can be refused before any look-up: scheme, credentials, port."""
    if url.scheme not in {"http", "https"} or not url.host:
        raise Refused("egress_denied", "only http and https")
    if url.userinfo:
        raise Refused("egress_denied", "credentials in the URL")
    port = url.port or (443 if url.scheme == "https" else 80)
    host = url.raw_host.decode("ascii")  # as the connection will ask for it
    if egress.is_allowed(host, port, settings.EGRESS_ALLOWED_HOSTS):
        return
    if url.scheme != "https":
        raise Refused("egress_denied", "https only")
    if port != egress.DEFAULT_PORT:
        raise Refused("egress_denied", "port")


def _read(answer: httpx.Response, room: _Room) -> bytes:
    """Read the body up to the cap, packed or not: a bomb is stopped while it unpacks."""
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", "deflate"}:
        raise OutcomeUnknown("unreadable_answer", "content encoding")
    unpack = None if encoding == "identity" else zlib.decompressobj(wbits=47)
    into = room.into if 200 <= answer.status_code < 300 else None
    content, size = bytearray(), 0
    for chunk in _chunks(answer):
        try:
            piece = unpack.decompress(chunk, room.most + 1 - size) if unpack else chunk
        except zlib.error:
            raise OutcomeUnknown("unreadable_answer", "packing") from None
        size += len(piece)
        if size > room.most:
            raise OutcomeUnknown("answer_too_large")
        if into is None:
            content += piece
        else:
            into.write(piece)
    if unpack is not None and size and not unpack.eof:
        raise OutcomeUnknown("answer_truncated")
    return bytes(content)


def _chunks(answer: httpx.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()
    except httpx.RemoteProtocolError:
        raise OutcomeUnknown("answer_truncated") from None


def close() -> None:
    """Let this process's idle connections go; the next request opens new ones."""
    pools.close()
