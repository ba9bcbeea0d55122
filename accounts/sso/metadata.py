"""What the server says about itself, believed only where it stays within what was set.

The document is kept for five minutes, its keys for an hour; an unknown key id asks for the
keys once more, at most every ten seconds, so that forged ones cost the server nothing.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from accounts.sso import fetch
from accounts.sso.fetch import Answer
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server

METADATA_SECONDS = 5 * 60
KEYS_SECONDS = 60 * 60
REFETCH_SECONDS = 10  # more than a fetch may take, so that two never run at once
MOST_KEYS = 50
_UNDER_WAY, _OVER = "under way", "over"
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str = ""
    jwks_uri: str = ""
    revocation_endpoint: str = ""
    introspection_endpoint: str = ""
    end_session_endpoint: str = ""
    token_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    tells_issuer: bool = False  # it promises `iss` in every answer


def of(server: Server) -> Metadata:
    if not server.is_discovered:
        return Metadata(
            authorization_endpoint=server.authorization_endpoint,
            token_endpoint=server.token_endpoint,
            userinfo_endpoint=server.userinfo_endpoint,
            revocation_endpoint=server.revocation_endpoint,
            end_session_endpoint=server.end_session_endpoint,
        )
    key = _cache_key("metadata", server.fingerprint + server.metadata_url)
    document = cache.get(key)
    if document is None:
        document = ask(server).json()
        metadata = read(document, server)  # what is refused is not kept
        cache.set(key, document, METADATA_SECONDS)
        return metadata
    return read(document, server)


def ask(server: Server) -> Answer:
    """The document as the server tells it now, not read yet."""
    answer = fetch.get(server.metadata_url)
    if answer.status != 200:
        raise SignInRefused("unreachable")
    return answer


def keys(
    server: Server, *, after: list[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """The server's public keys; newer ones, if it has any, `after` those without a key id.

    Who asks for newer ones while another process already does waits for its answer.
    """
    url = of(server).jwks_uri
    key = _cache_key("keys", url)
    found: list[dict[str, Any]] | None = cache.get(key)
    if found is None:
        return _fetch_keys(url, key)
    if after is None or found != after:  # or they came meanwhile
        return found
    mark = f"{key}:again"
    if not cache.add(mark, _UNDER_WAY, REFETCH_SECONDS):
        _await(mark)
        return cache.get(key) or found
    try:
        return _fetch_keys(url, key)
    finally:
        cache.set(mark, _OVER, REFETCH_SECONDS)


def _await(mark: str) -> None:
    """Until nobody fetches any more; for as long as a fetch may take."""
    last = time.monotonic() + fetch.DEADLINE_SECONDS
    while cache.get(mark) == _UNDER_WAY and time.monotonic() < last:
        time.sleep(_LOOK_SECONDS)


def _fetch_keys(url: str, key: str) -> list[dict[str, Any]]:
    found = ask_for_keys(url)
    cache.set(key, found, KEYS_SECONDS)
    cache.set(f"{key}:at", time.time(), KEYS_SECONDS)
    return found


def ask_for_keys(url: str) -> list[dict[str, Any]]:
    answer = fetch.get(url)
    if answer.status != 200:
        raise SignInRefused("unreachable")
    told = answer.json().get("keys")
    if not isinstance(told, list) or len(told) > MOST_KEYS:
        raise SignInRefused("key_unfit")
    return [one for one in told if isinstance(one, dict)]


def age_of_keys(url: str) -> float | None:
    """For how many seconds the keys of this address have been kept, None where none are."""
    at: float | None = cache.get(f"{_cache_key('keys', url)}:at")
    return None if at is None else max(time.time() - at, 0.0)


def _cache_key(what: str, of_what: str) -> str:
    return f"sso:{what}:{hashlib.sha256(of_what.encode()).hexdigest()}"


def read(document: dict[str, Any], server: Server) -> Metadata:
    """What the document says, where it may be believed. Raises SignInRefused."""
    if document.get("issuer") != server.issuer:
        raise SignInRefused("metadata_issuer")
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    optional = (
        *("userinfo_endpoint", "revocation_endpoint", "introspection_endpoint"),
        "end_session_endpoint",
    )
    found = {name: document.get(name) for name in (*wanted, *optional)}
    if not all(isinstance(found[name], str) and found[name] for name in wanted):
        raise SignInRefused("metadata_poor")
    for url in filter(None, found.values()):
        if not isinstance(url, str) or not server.is_safe(url):
            raise SignInRefused("metadata_unsafe")
        if not server.allows(url):
            raise SignInRefused("metadata_elsewhere")
    challenges = document.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(challenges, list) or "S256" not in challenges:
        raise SignInRefused("pkce_unsupported")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Metadata(
        **{name: url or "" for name, url in found.items()},
        token_auth_methods=tuple(methods)
        if isinstance(methods, list)
        else ("client_secret_basic",),
        tells_issuer=document.get("authorization_response_iss_parameter_supported")
        is True,
    )
