"""Asks the OAuth server about a token: by introspection, or at `GET /api/verify`.

Room 0. Every answer is claims, None for "no active token", or ServerAway: a server that is
down, slow, misconfigured or speaks nonsense lets nobody in.
"""

import base64
import json
import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import urllib3
from django.conf import settings

from accounts.api.cache import Claims, ServerAway

CONNECT_SECONDS, ANSWER_SECONDS = 1.5, 3.0
MOST_BYTES = 64 * 1024
DISCOVERY_SECONDS = 3600.0

logger = logging.getLogger(__name__)

# No cookies, no netrc, no proxy of the environment, no redirects, no silent retries.
_pool = urllib3.PoolManager(
    num_pools=4,
    maxsize=8,
    retries=False,
    timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
)
_discovered: dict[str, tuple[float, str]] = {}


def ask(token: str) -> Claims | None:
    """What the server says of a token; None also where no server is set."""
    server = settings.API_BEARERS
    if server is None:
        return None
    if server["verify_url"]:
        return _verified(server, token)
    return _introspected(server, token)


# --- RFC 7662 -----------------------------------------------------------------
def _introspected(server: Mapping[str, Any], token: str) -> Claims | None:
    fields = {"token": token, "token_type_hint": "access_token"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if server["auth"] == "client_secret_post":
        fields |= {
            "client_id": server["client_id"],
            "client_secret": server["client_secret"],
        }
    else:
        pair = (
            f"{quote_plus(server['client_id'])}:{quote_plus(server['client_secret'])}"
        )
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    url = server["introspection_url"] or _discover(server)
    status, told = _fetch("POST", url, headers=headers, body=urlencode(fields).encode())
    if status != 200:  # ours to put right: a token that is not active is told with 200
        raise _away(f"introspection answered {status}")
    return _claims(server, told)


def _discover(server: Mapping[str, Any]) -> str:
    """The introspection endpoint that the issuer's own metadata names."""
    issuer = server["issuer"]
    until, url = _discovered.get(issuer, (0.0, ""))
    if time.monotonic() < until:
        return url
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    status, told = _fetch("GET", address)
    named = told.get("introspection_endpoint")
    if status != 200 or told.get("issuer") != issuer or not isinstance(named, str):
        raise _away("discovery names no introspection endpoint")
    if not named.startswith(("https://", issuer.partition("://")[0] + "://")):
        raise _away("discovery names an unsafe introspection endpoint")
    _discovered[issuer] = (time.monotonic() + DISCOVERY_SECONDS, named)
    return named


# --- servers that have only GET /api/verify -----------------------------------
def _verified(server: Mapping[str, Any], token: str) -> Claims | None:
    bearer = {"Authorization": f"Bearer {token}"}
    status, told = _fetch("GET", server["verify_url"], headers=bearer)
    if status in {401, 403}:
        return None
    if status != 200:
        raise _away(f"verify answered {status}")
    told = {"active": told.get("valid", True)} | told
    if told["active"] is True and not _subject(server, told):
        # Some only say yes: who it is then stands where signing in reads it.
        status, person = _fetch("GET", server["user_url"], headers=bearer)
        if status in {401, 403}:
            return None
        if status != 200:
            raise _away(f"user answered {status}")
        told = person | told
    return _claims(server, told)


# --- what both say ------------------------------------------------------------
def _claims(server: Mapping[str, Any], told: Mapping[str, Any]) -> Claims | None:
    active = told.get("active")
    if not isinstance(active, bool):
        raise _away("the answer does not say whether the token is active")
    if not active:
        return None
    now = time.time()
    expires_at, not_before = told.get("exp"), told.get("nbf")
    if isinstance(expires_at, int | float) and expires_at <= now:
        return None
    if isinstance(not_before, int | float) and not_before > now + 30:
        return None
    kind = str(told.get("token_type") or "").lower()
    if kind in {"refresh_token", "refresh", "id_token"}:
        return None  # some servers introspect these too; they open nothing here
    issuer = told.get("iss") or server["issuer"]
    client_id = str(told.get("client_id") or "")
    if issuer != server["issuer"]:
        logger.warning("bearer of another issuer")
        return None
    if server["clients"] and client_id not in server["clients"]:
        return None
    subject = _subject(server, told)
    if not subject:
        return None  # a token of a client alone: systems use service tokens
    scope = told.get("scope")
    return Claims(
        issuer=issuer,
        subject=subject,
        client_id=client_id,
        scope=" ".join(scope) if isinstance(scope, list) else str(scope or ""),
        expires_at=float(expires_at) if isinstance(expires_at, int | float) else None,
    )


def _subject(server: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """`sub`, or the field that signing in knows people by, also inside `user` or `data`."""
    inner = [told.get(name) for name in ("user", "data")]
    for place in (told, *(one for one in inner if isinstance(one, dict))):
        for name in ("sub", server["uid_field"]):
            value = place.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value)
    return ""


def _fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[int, dict[str, Any]]:
    """The status and, where it is JSON, the object. Neither token nor answer is logged."""
    ends_at = time.monotonic() + ANSWER_SECONDS
    ours = {"Accept": "application/json", "User-Agent": "Recado"}
    try:
        response = _pool.request(
            method,
            url,
            headers=ours | dict(headers or {}),
            body=body,
            redirect=False,
            preload_content=False,
        )
        try:
            content = bytearray()
            while chunk := response.read1(8192):
                content += chunk
                if len(content) > MOST_BYTES or time.monotonic() > ends_at:
                    response.close()
                    raise _away("the answer is too long or too slow")
        finally:
            response.release_conn()
    except (urllib3.exceptions.HTTPError, ValueError) as problem:
        raise _away(type(problem).__name__) from None
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if response.status == 200 and not isinstance(told, dict):
        raise _away("the answer is no JSON object")
    return response.status, told if isinstance(told, dict) else {}


def _away(reason: str) -> ServerAway:
    logger.error("bearer not checked", extra={"reason": reason})
    return ServerAway(reason)
