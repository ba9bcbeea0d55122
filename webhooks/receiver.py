"""THE GATE: an ASGI application in front of Django, for webhooks and nothing else.

A request ends at the stored row. Order of work, cheapest first: path and method, length,
endpoint and its quota, a place for the body, signature over the raw bytes, the quota again,
group commit, the provider's own acknowledgement, a hint. 200 is said only after the commit
returned. `processing` takes it from there.
"""

import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Hashable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings

from accounts import addresses
from integrations import gateway, shared_url
from integrations.gateway import (
    CredentialsUnreadable,
    Endpoint,
    EndpointNotFound,
)
from integrations.providers.base.errors import SignatureInvalid, Unsupported
from integrations.providers.base.types import Acknowledgement, RawRequest
from webhooks import metrics
from webhooks.answers import Refusal, too_large, too_many, unavailable
from webhooks.append import GroupCommit, NotStored
from webhooks.bodies import Bodies, Receive
from webhooks.endpoints import LookupFailed, Lookups
from webhooks.queue import Hinter
from webhooks.quotas import Quotas
from webhooks.refusals import Refusals
from webhooks.shared import SharedUrl

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

events = logging.getLogger("integrations")

PREFIX = "/webhooks/whatsapp/"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
# What is the sender's own doing: the body broke off, was too late or too large.
_UNFINISHED = frozenset({400, 408, 413})


class Receiver:
    """The application. One group commit, one hint thread and one cache for each process."""

    def __init__(self) -> None:
        self._hinter = Hinter()
        self._inbox = GroupCommit(on_flush=self._hinter.hint)
        self._endpoints: Lookups[Endpoint] = Lookups(
            (EndpointNotFound, CredentialsUnreadable)
        )
        self._uses: Lookups[None] = Lookups(())
        self._quotas = Quotas(settings.WEBHOOK_RATES)
        self._shared = SharedUrl(self._quotas)
        self._bodies = Bodies(
            seconds=settings.WEBHOOK_BODY_SECONDS, largest=settings.WEBHOOK_MAX_BYTES
        )
        self._refusals = Refusals()
        self._proxies = tuple(settings.TRUSTED_PROXIES)
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
        endpoint = await self._endpoint(token, scope, headers) if token else None
        integration_id = endpoint.integration_id if endpoint else None
        # Wrong signatures count by endpoint and address: a provider serves many of us
        # from one address, and one wrong secret is not the others' fault.
        stranger = (integration_id, self._address(scope, headers))
        self._admit(stranger, endpoint)
        is_known = self._quotas.is_proven(stranger)
        try:
            body = await self._bodies.read(receive, (integration_id, is_known))
        except Refusal as refusal:
            if refusal.status in _UNFINISHED and not is_known:
                self._quotas.proved_nothing(stranger)
            raise
        # Asked again, since others may have come while this one waited; and from here on
        # nothing is waited for between an answer and its charge. The shared URL has to,
        # and charges first.
        self._admit(stranger)
        raw = _raw(scope, headers, body)
        endpoint = await self._authenticate(endpoint, raw, stranger, is_known=is_known)
        wait = self._quotas.take(_quota_key(endpoint), len(body))
        if wait:
            raise too_many(wait)
        await self._store(endpoint, raw)
        if endpoint.new_token:
            await self._note_use(endpoint)
        return gateway.acknowledge(endpoint, raw)

    async def _authenticate(
        self,
        endpoint: Endpoint | None,
        raw: RawRequest,
        stranger: Hashable,
        *,
        is_known: bool,
    ) -> Endpoint:
        """Whose body it is; a Refusal, and the stranger charged, when nothing proves it."""
        try:
            if endpoint is None:
                found = await self._shared.find(raw, stranger, is_known=is_known)
            else:
                found = endpoint
                gateway.authenticate(found, raw)
        except SignatureInvalid as invalid:
            self._quotas.disprove(stranger)
            if endpoint is not None:
                self._quotas.proved_nothing(stranger)
                self._refusals.note(endpoint, invalid)
            raise _unauthenticated(endpoint, invalid) from None
        self._quotas.prove(stranger)
        return found

    def _address(self, scope: Scope, headers: dict[str, str]) -> str:
        peer = scope.get("client")
        told = headers.get("x-forwarded-for", "") if self._proxies else ""
        return _neighbourhood(peer[0] if peer else None, told, self._proxies)

    def _admit(self, stranger: Hashable, endpoint: Endpoint | None = None) -> None:
        wait = self._quotas.wait_of_stranger(stranger)
        if endpoint is not None:
            wait = max(wait, self._quotas.wait_of_endpoint(_quota_key(endpoint)))
        if wait:
            raise too_many(wait)

    async def _endpoint(
        self, token: str, scope: Scope, headers: dict[str, str]
    ) -> Endpoint:
        digest = sha256(token.encode()).digest()
        is_paid = False
        if not self._quotas.is_proven(digest):
            address = self._address(scope, headers)
            self._admit(address)
            # Before the look-up, so that those which guess together do not slip by.
            is_paid = not self._endpoints.is_near(digest)
            if is_paid:
                self._quotas.proved_nothing(address)
        try:
            endpoint = await self._endpoints.get(
                digest, lambda: gateway.load_endpoint(digest)
            )
        except EndpointNotFound:
            self._quotas.disprove(digest)
            if not is_paid:
                self._quotas.proved_nothing(self._address(scope, headers))
            raise Refusal(404, "not found") from None
        except (LookupFailed, CredentialsUnreadable) as error:
            if is_paid:
                self._quotas.proved_nothing(address, -1)
            raise unavailable(type(error).__name__) from None
        if is_paid:
            self._quotas.proved_nothing(address, -1)
        self._quotas.prove(digest)
        return endpoint

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
            raise unavailable(str(error)) from None
        metrics.stored(endpoint.provider, len(raw.body))

    async def _note_use(self, endpoint: Endpoint) -> None:
        """Once for all requests of these seconds. What was stored is acknowledged anyway."""
        with contextlib.suppress(LookupFailed):
            await self._uses.get(
                endpoint.new_token, lambda: gateway.confirm_url(endpoint)
            )

    async def _handshake(
        self, token: str, scope: Scope, headers: dict[str, str]
    ) -> Acknowledgement:
        endpoint = await self._endpoint(token, scope, headers) if token else None
        try:
            raw = _raw(scope, headers, b"")
            if endpoint is None:
                return shared_url.handshake(raw)
            return gateway.handshake(endpoint, raw)
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
        raise too_large()


def _quota_key(endpoint: Endpoint) -> object:
    """An integration; what belongs to none (or to several) counts by its provider."""
    return endpoint.integration_id or endpoint.provider


@lru_cache(maxsize=4096)
def _neighbourhood(
    peer: str | None, forwarded_for: str, proxies: tuple[addresses.Network, ...]
) -> str:
    return addresses.neighbourhood(addresses.visitor(peer, forwarded_for, proxies))


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
