"""THE GATE: an ASGI application in front of Django, for webhooks and nothing else.

A request ends at the stored row. Order of work, cheapest first: path and method, length,
endpoint and its quota, signature over the raw bytes, group commit, the provider's own
acknowledgement, a hint. 200 is said only after the commit returned. `processing` takes it
from there.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings

from accounts import addresses
from integrations import gateway
from integrations.gateway import (
    CredentialsUnreadable,
    Endpoint,
    EndpointNotFound,
)
from integrations.providers.base.errors import SignatureInvalid, Unsupported
from integrations.providers.base.types import Acknowledgement, RawRequest
from webhooks import metrics
from webhooks.append import GroupCommit, NotStored
from webhooks.endpoints import LookupFailed, Lookups
from webhooks.queue import Hinter
from webhooks.quotas import Quotas
from webhooks.refusals import Refusals

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)
events = logging.getLogger("integrations")

PREFIX = "/webhooks/whatsapp/"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
# Above this, reading a body to find its number leaves the event loop for a thread.
_LARGE_BODY = 64 * 1024
_LARGE_BODIES_AT_ONCE = 2  # their sender is not known yet: strangers get no more of us


class Refusal(Exception):
    """An answer other than 200, with nothing stored."""

    def __init__(
        self, status: int, text: str, *, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


class Receiver:
    """The application. One group commit, one hint thread and one cache for each process."""

    def __init__(self) -> None:
        self._hinter = Hinter()
        self._inbox = GroupCommit(on_flush=self._hinter.hint)
        self._endpoints: Lookups[Endpoint] = Lookups(
            (EndpointNotFound, CredentialsUnreadable)
        )
        self._shared: Lookups[list[Endpoint]] = Lookups((CredentialsUnreadable,))
        self._quotas = Quotas(settings.WEBHOOK_RATES)
        self._refusals = Refusals()
        self._proxies = tuple(settings.TRUSTED_PROXIES)
        self._reading = asyncio.Semaphore(_LARGE_BODIES_AT_ONCE)
        self._is_started = False

    def start(self) -> None:
        """Begin on the running event loop; safe to call again."""
        if not self._is_started:
            self._is_started = True
            self._inbox.start()
            self._hinter.start()

    async def stop(self) -> None:
        if self._is_started:
            await self._inbox.stop()
            await self._refusals.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.start()  # servers without lifespan events exist
        try:
            answer = await self._answer(scope, receive)
            extra: tuple[tuple[bytes, bytes], ...] = ()
        except Refusal as refusal:
            metrics.refused(refusal.status)
            answer = Acknowledgement(
                refusal.status,
                "application/json",
                b'{"error":"%s"}' % refusal.text.encode(),
            )
            extra = refusal.headers
        await _respond(send, answer, extra, with_body=scope["method"] != "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Acknowledgement:
        token = scope["path"][len(PREFIX) :].rstrip("/")
        method = scope["method"]
        if token and _TOKEN.fullmatch(token) is None:
            raise Refusal(404, "not found")
        if method not in {"POST", "GET", "HEAD"}:
            raise Refusal(
                405, "method not allowed", headers=((b"allow", b"GET, POST"),)
            )
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if method != "POST":
            return await self._handshake(token, scope, headers)
        _check_length(headers)
        if token:
            endpoint = await self._endpoint(token, scope, headers)
            # Wrong signatures count by endpoint and address: a provider serves many of us
            # from one address, and one wrong secret is not the others' fault.
            stranger = (endpoint.integration_id, self._address(scope, headers))
            self._admit(endpoint, stranger)
            raw = _raw(scope, headers, await _read_body(receive))
            try:
                gateway.authenticate(endpoint, raw)
            except SignatureInvalid as invalid:
                self._quotas.proved_nothing(stranger)
                self._refusals.note(endpoint, invalid)
                raise _unauthenticated(endpoint, invalid) from None
        else:
            raw = _raw(scope, headers, await _read_body(receive))
            endpoint = await self._shared_endpoint(raw)
            self._admit(endpoint)
        self._quotas.stored(_quota_key(endpoint), len(raw.body))
        await self._store(endpoint, raw)
        return gateway.acknowledge(endpoint, raw)

    def _address(self, scope: Scope, headers: dict[str, str]) -> str:
        peer = scope.get("client")
        told = headers.get("x-forwarded-for", "") if self._proxies else ""
        return _neighbourhood(peer[0] if peer else None, told, self._proxies)

    def _admit(self, endpoint: Endpoint, stranger: object = None) -> None:
        """Before the body is read, where the endpoint is known from the address."""
        wait = self._quotas.wait_of_endpoint(_quota_key(endpoint))
        if stranger is not None:
            wait = max(wait, self._quotas.wait_of_stranger(stranger))
        if wait:
            raise _too_many(wait)

    async def _endpoint(
        self, token: str, scope: Scope, headers: dict[str, str]
    ) -> Endpoint:
        digest = sha256(token.encode()).digest()
        address = None
        if not self._quotas.is_proven(digest):
            address = self._address(scope, headers)
            wait = self._quotas.wait_of_stranger(address)
            if wait:
                raise _too_many(wait)
        try:
            endpoint = await self._endpoints.get(
                digest, lambda: gateway.load_endpoint(digest)
            )
        except EndpointNotFound:
            self._quotas.disprove(digest)
            self._quotas.proved_nothing(address or self._address(scope, headers))
            raise Refusal(404, "not found") from None
        except (LookupFailed, CredentialsUnreadable) as error:
            raise _unavailable(type(error).__name__) from None
        self._quotas.prove(digest)
        return endpoint

    async def _shared_endpoint(self, raw: RawRequest) -> Endpoint:
        if len(raw.body) > _LARGE_BODY:
            async with self._reading:
                possible = await asyncio.to_thread(gateway.numbers_in, raw.body)
        else:
            possible = gateway.numbers_in(raw.body)
        key = tuple(possible.items())
        try:
            endpoints = await self._shared.get(
                key, lambda: gateway.load_shared_endpoints(possible)
            )
            return gateway.authenticate_shared(endpoints, raw)
        except SignatureInvalid as invalid:
            raise _unauthenticated(None, invalid) from None
        except (LookupFailed, CredentialsUnreadable) as error:
            raise _unavailable(type(error).__name__) from None

    async def _store(self, endpoint: Endpoint, raw: RawRequest) -> None:
        try:
            await self._inbox.append(
                workspace_id=endpoint.workspace_id,
                integration_id=endpoint.integration_id,
                provider=endpoint.provider,
                headers=gateway.kept_headers(endpoint.provider, raw.headers),
                body=gateway.storable(endpoint.provider, raw.body),
                received_at=raw.received_at,
            )
        except NotStored as error:
            raise _unavailable(str(error)) from None
        metrics.stored(endpoint.provider, len(raw.body))

    async def _handshake(
        self, token: str, scope: Scope, headers: dict[str, str]
    ) -> Acknowledgement:
        endpoint = await self._endpoint(token, scope, headers) if token else None
        try:
            return gateway.handshake(endpoint, _raw(scope, headers, b""))
        except (EndpointNotFound, Unsupported):
            raise Refusal(404, "not found") from None
        except SignatureInvalid:
            raise Refusal(403, "verify token does not match") from None


def _raw(scope: Scope, headers: dict[str, str], body: bytes) -> RawRequest:
    query = scope["query_string"].decode("latin-1")
    return RawRequest(
        method=scope["method"],
        url=f"{settings.PUBLIC_URL}{scope['path']}" + (f"?{query}" if query else ""),
        query=query,
        headers=headers,
        body=body,
        received_at=datetime.now(UTC),
    )


def _check_length(headers: dict[str, str]) -> None:
    if headers.get("content-encoding", "identity") not in {"", "identity"}:
        raise Refusal(415, "content-encoding is not supported")
    length = headers.get("content-length")
    if length is None:
        return
    if not (length.isascii() and length.isdigit()):
        raise Refusal(400, "bad content-length")
    if len(length) > 12 or int(length) > settings.WEBHOOK_MAX_BYTES:
        raise _too_large()


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) and message["type"] == "http.request":
        if len(body) > settings.WEBHOOK_MAX_BYTES:
            raise _too_large()
        return body
    chunks, size = [body], len(body)
    while message["type"] == "http.request" and message.get("more_body", False):
        if size > settings.WEBHOOK_MAX_BYTES:
            raise _too_large()
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if message["type"] != "http.request":
        raise Refusal(400, "the sender went away")
    if size > settings.WEBHOOK_MAX_BYTES:
        raise _too_large()
    return b"".join(chunks)


def _quota_key(endpoint: Endpoint) -> object:
    """An integration; what belongs to none (or to several) counts by its provider."""
    return endpoint.integration_id or endpoint.provider


@lru_cache(maxsize=4096)
def _neighbourhood(
    peer: str | None, forwarded_for: str, proxies: tuple[addresses.Network, ...]
) -> str:
    return addresses.neighbourhood(addresses.visitor(peer, forwarded_for, proxies))


def _too_many(wait: int) -> Refusal:
    # The body was not read: closing spares us from reading it only to throw it away.
    return Refusal(
        429,
        "too many requests",
        headers=((b"retry-after", b"%d" % wait), (b"connection", b"close")),
    )


def _too_large() -> Refusal:
    return Refusal(413, "body is too large", headers=((b"connection", b"close"),))


def _unavailable(reason: str) -> Refusal:
    logger.error("webhook answered 503", extra={"reason": reason})
    return Refusal(503, "try again", headers=((b"retry-after", b"5"),))


def _unauthenticated(endpoint: Endpoint | None, invalid: SignatureInvalid) -> Refusal:
    events.warning(
        "webhook refused",
        extra={
            "reason": "signature missing" if invalid.is_missing else "signature wrong",
            "integration_id": endpoint.integration_id if endpoint else None,
        },
    )
    return Refusal(401, "signature is missing or wrong")


async def _respond(
    send: Send,
    answer: Acknowledgement,
    extra: tuple[tuple[bytes, bytes], ...],
    *,
    with_body: bool,
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.content_type.encode()),
                (b"content-length", str(len(answer.body)).encode()),
                *extra,
            ],
        }
    )
    await send(
        {"type": "http.response.body", "body": answer.body if with_body else b""}
    )


application = Receiver()


async def startup() -> None:
    application.start()


async def shutdown() -> None:
    await application.stop()
