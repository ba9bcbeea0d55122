"""Who asks: a person by a token of the OAuth server, or a system by a service token.

Nothing is taken from a cookie, a query or a body. The person's row is read for every
request, so whoever is switched off is out at once; the server's word may be seconds old.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from accounts import digests, limits, selectors, token_format
from accounts.api import answers, server
from accounts.api.cache import Checks, Claims, ServerAway
from accounts.http import neighbourhood
from accounts.models import ApiToken, User
from accounts.permissions import READING, Scope
from accounts.services import tokens

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,4096}={0,2}", re.ASCII)

checks = Checks(server.ask)


@dataclass(frozen=True, slots=True)
class Person:
    user: User
    claims: Claims


@dataclass(frozen=True, slots=True)
class Service:
    token: ApiToken


Bearer = Person | Service


def user_of(bearer: Bearer) -> User | None:
    return bearer.user if isinstance(bearer, Person) else None


def label_of(bearer: Bearer) -> str:
    """For the audit log; a person's own name stands there anyway."""
    return "" if isinstance(bearer, Person) else f"token {bearer.token.name}"


def demand_reach(bearer: Bearer, scopes: Collection[Scope]) -> None:
    """What a person allowed their token must be enough for one of these.

    Asked before anything is looked at, so that a token of identity alone does not tell where
    the person is a member. The challenge names what to ask the identity server for.
    """
    if isinstance(bearer, Person) and reach_of(bearer).isdisjoint(scopes):
        kind = "read_scope" if READING.issuperset(scopes) else "write_scope"
        raise answers.insufficient_scope(
            "The person did not allow this token so much at the identity server.",
            _server()[kind],
        )


def reach_of(person: Person) -> frozenset[Scope]:
    """What the server's word lets this token open, whatever the person's role.

    Where the server names no scopes at all, there is only the role to go by.
    """
    if person.claims.scope is None:
        return frozenset(Scope)
    words, server = person.claims.scope.split(), _server()
    reading = READING if server["read_scope"] in words else frozenset()
    writing = frozenset(Scope) - READING
    return reading | (writing if server["write_scope"] in words else frozenset())


def _server() -> dict[str, Any]:
    """Where there is a person's bearer, there is the server that spoke for it."""
    return cast("dict[str, Any]", settings.API_BEARERS)


class ApiRequest(HttpRequest):
    """A request under `/api/` whose bearer is known."""

    bearer: Bearer


def identify(request: HttpRequest, *, now: datetime) -> Bearer:
    """The bearer, or the Problem that RFC 6750 asks for."""
    token = _shown(request)
    address = neighbourhood(request)
    try:
        if token.startswith(token_format.PREFIX):
            bearer: Bearer = _service(token, address, now=now)
        else:
            bearer = _person(token, address, now=now)
    except answers.Problem as problem:
        if problem.error == "invalid_token":
            # Guessing is slowed down, and so is what guesses make us ask of the server.
            _within("api_refused", address, now=now)
        raise
    _within("api_token", digests.of_token(token).hex(), now=now)
    return bearer


def _shown(request: HttpRequest) -> str:
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        if "access_token" in request.GET:
            raise answers.invalid_request("A token in an address is not taken.")
        raise answers.no_token()
    token = token.strip()
    if _TOKEN.fullmatch(token) is None:
        raise answers.invalid_request("The Authorization header is malformed.")
    return token


def _service(token: str, address: str, *, now: datetime) -> Service:
    if not token_format.is_well_formed(token):
        raise answers.invalid_token()
    _not_guessing(address, now=now)
    found = selectors.find_api_token(digests.of_token(token))
    if found is None or not found.is_live(now):
        raise answers.invalid_token()
    tokens.note_use(found, now=now)
    return Service(found)


def _person(token: str, address: str, *, now: datetime) -> Person:
    try:
        claims = checks.claims(
            token, before_asking=lambda: _not_guessing(address, now=now)
        )
    except ServerAway:
        raise answers.unavailable(
            "The identity server gives no answer; nobody is let in meanwhile."
        ) from None
    if claims is None:
        raise answers.invalid_token()
    user = selectors.find_person(claims.issuer, claims.subject)
    if user is None:
        raise answers.Problem(
            403, "access_denied", "Nobody here belongs to this token."
        )
    return Person(user, claims)


def _not_guessing(address: str, *, now: datetime) -> None:
    wait = limits.remembered_wait("api_refused", address, now=now)
    if wait:
        raise answers.too_many(wait)


def _within(scope: str, subject: str, *, now: datetime) -> None:
    verdict = limits.hit(scope, subject, now=now)
    if not verdict.allowed:
        raise answers.too_many(verdict.retry_after_seconds)
