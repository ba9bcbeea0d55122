"""Asks the OAuth server about a token: by introspection, or at `GET /api/verify`.

Room 0, by the fetcher and the metadata of signing in. Every answer is claims, None for "no
active token", or ServerAway: a server that is down, slow, misconfigured or speaks nonsense
lets nobody in. Only what no token can bring about says that it is down for all of them.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from accounts.api.cache import Claims, ServerAway
from accounts.sso import fetch, metadata, tokens
from accounts.sso import server as servers
from accounts.sso.fetch import Answer
from accounts.sso.outcomes import SignInRefused

ANSWER_SECONDS = 3.0  # a request waits for it, so it is shorter than at a sign-in
_DOWN = frozenset({"unreachable", "too_slow", "server_error"})  # of the fetcher
# Malformed or too large, by its body, address or headers: all that varies is the token.
_ABOUT_THE_TOKEN = frozenset({400, 413, 414, 431})

logger = logging.getLogger(__name__)


def ask(token: str) -> Claims | None:
    """What the server says of a token; None also where no server is set."""
    server = settings.API_BEARERS
    if server is None:
        return None
    try:
        if server["verify_url"]:
            return _verified(server, token)
        return _introspected(server, token)
    except SignInRefused as problem:  # of the fetcher, or of the server's metadata
        raise _away(problem.code, is_down=problem.code in _DOWN) from None


# --- RFC 7662 -----------------------------------------------------------------
def _introspected(server: Mapping[str, Any], token: str) -> Claims | None:
    form = {"token": token, "token_type_hint": "access_token"}
    fields, headers = tokens.signed(
        form,
        method=server["auth"],
        client_id=server["client_id"],
        secret=server["client_secret"],
    )
    url = server["introspection_url"] or _discovered()
    answer = fetch.post(url, fields, headers=headers, deadline_seconds=ANSWER_SECONDS)
    if answer.status == 401 or _names_our_client(answer):
        raise _away("introspection refused our own client", is_down=True)
    if answer.status in _ABOUT_THE_TOKEN:
        return None
    if answer.status != 200:  # ours to put right: what is not active is told with 200
        raise _unusable(answer)
    return _claims(server, answer.json())


def _names_our_client(answer: Answer) -> bool:
    """Some servers say so with 400, as RFC 6749 (5.2) lets them."""
    if answer.status != 400:
        return False
    try:
        return answer.json().get("error") == "invalid_client"
    except SignInRefused:
        return False


def _discovered() -> str:
    """The introspection endpoint that the server's own metadata names."""
    url = metadata.of(servers.required()).introspection_endpoint
    if not url:
        raise _away("discovery names no introspection endpoint")
    return url


# --- servers that have only GET /api/verify -----------------------------------
def _verified(server: Mapping[str, Any], token: str) -> Claims | None:
    told = _shown(server["verify_url"], token)
    if told is None:
        return None
    told = {"active": told.get("valid", True)} | told
    if told["active"] is True and not _subject(server, told):
        # Some only say yes: who it is then stands where signing in reads it.
        person = _shown(server["user_url"], token)
        if person is None:
            return None
        told = person | told
    return _claims(server, told)


def _shown(url: str, token: str) -> dict[str, Any] | None:
    """What the server says there to whoever shows this token; None: it is no good."""
    bearer = {"Authorization": f"Bearer {token}"}
    answer = fetch.get(url, headers=bearer, deadline_seconds=ANSWER_SECONDS)
    if answer.status in {401, 403} | _ABOUT_THE_TOKEN:
        return None
    if answer.status != 200:
        raise _unusable(answer)
    return answer.json()


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
        logger.warning("bearer of a client that is not in OAUTH_API_CLIENTS")
        return None
    subject = _subject(server, told)
    if not subject:
        return None  # a token of a client alone: systems use service tokens
    return Claims(
        issuer=issuer,
        subject=subject,
        client_id=client_id,
        scope=_scope(told.get("scope")),
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


def _scope(told: object) -> str | None:
    """As text or as a list; anything else is no word that opens something."""
    if told is None:
        return None
    words = told if isinstance(told, list) else [told]
    return " ".join(word for word in words if isinstance(word, str))


def _unusable(answer: Answer) -> ServerAway:
    """A status that says nothing of the token; 429 will be said of the next one too."""
    return _away(f"answered {answer.status}", is_down=answer.status == 429)


def _away(reason: str, *, is_down: bool = False) -> ServerAway:
    logger.error("bearer not checked", extra={"reason": reason})
    return ServerAway(reason, is_down=is_down)
