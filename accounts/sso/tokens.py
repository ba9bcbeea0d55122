"""The token and userinfo endpoints as our client speaks to them: asked, read, believed.

Below `provider` and `grants`; above `fetch`.
"""

import base64
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from accounts.sso import fetch, id_token, identity, metadata, outcomes
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server
from accounts.vault import Secret

logger = logging.getLogger("accounts.signin")

LONGEST_TOKEN = 16 * 1024
# An ID token that nobody could look into; it says nothing against the tokens beside it.
_NOT_READ = {"key_unknown", *outcomes.PASSING}
# What the token endpoint says of our client, and of itself (RFC 6749, 5.2). Every other
# 400 or 401 refuses what was shown to it, by whatever name: Laravel Passport calls a used
# code and a revoked refresh token an `invalid_request`, and the latter with 401.
_OF_CLIENT = {
    *("invalid_client", "unauthorized_client", "unsupported_grant_type"),
    "invalid_scope",
}
_OF_SERVER = {"temporarily_unavailable", "server_error"}
MOST_EXPIRES_SECONDS = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Tokens:
    access: Secret
    refresh: Secret
    id_token: Secret
    expires_at: datetime | None


def request(server: Server, form: dict[str, str]) -> dict[str, Any]:
    """The token endpoint's answer to our client.

    Raises SignInRefused: `code_refused` for the code or refresh token in the form,
    `client_refused` for us, `server_error` where another try may help.
    """
    url = metadata.of(server).token_endpoint
    fields, headers = _signed(server, form)
    answer = fetch.post(url, fields, headers=headers)
    if answer.status == 429:
        raise SignInRefused("server_error")
    told = answer.json()
    if answer.status != 200:
        raise SignInRefused(_refusal(answer.status, str(told.get("error"))))
    return told


def _refusal(status: int, error: str) -> str:
    if error in _OF_SERVER:
        return "server_error"
    is_of_grant = status in (400, 401) and error not in _OF_CLIENT
    return "code_refused" if is_of_grant else "client_refused"


def revoke(server: Server, token: str, *, kind: str) -> None:
    """Tell the server that a token is used no more (RFC 7009), where it wants to be told.

    It says yes to tokens that it does not know, too. Raises SignInRefused.
    """
    url = metadata.of(server).revocation_endpoint
    if url:
        form = {"token": token, "token_type_hint": kind}
        fields, headers = _signed(server, form)
        answer = fetch.post(url, fields, headers=headers)
        if not 200 <= answer.status < 300:
            is_busy = answer.status == 429
            raise SignInRefused("server_error" if is_busy else "client_refused")


def ask_for_person(server: Server, access_token: str) -> dict[str, Any] | None:
    """The userinfo endpoint's answer, or None where the server has no such endpoint."""
    url = metadata.of(server).userinfo_endpoint
    if not url:
        return None
    answer = fetch.get(url, headers={"Authorization": f"Bearer {access_token}"})
    if answer.status != 200:
        raise SignInRefused("userinfo_refused")
    told: Any = answer.json()
    if server.userinfo_root:
        told = identity.find(told, server.userinfo_root)
    if not isinstance(told, dict):
        raise SignInRefused("userinfo_refused")
    return told


def read(answer: dict[str, Any], *, now: datetime) -> Tokens:
    values = {
        name: answer.get(name) or ""
        for name in ("access_token", "refresh_token", "id_token")
    }
    kind = answer.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise SignInRefused("token_response")
    for value in values.values():
        is_text = isinstance(value, str) and value.isascii() and value.isprintable()
        if not is_text or len(value) > LONGEST_TOKEN:
            raise SignInRefused("token_response")
    if not values["access_token"]:
        raise SignInRefused("token_response")
    return Tokens(
        access=Secret(values["access_token"]),
        refresh=Secret(values["refresh_token"]),
        id_token=Secret(values["id_token"]),
        expires_at=_expiry(answer.get("expires_in"), now=now),
    )


def _expiry(told: object, *, now: datetime) -> datetime | None:
    if told is None:
        return None
    try:
        seconds = int(told) if isinstance(told, int | str) else -1
    except ValueError:
        seconds = -1
    if seconds <= 0:
        raise SignInRefused("token_response")
    return now + timedelta(seconds=min(seconds, MOST_EXPIRES_SECONDS))


def signed(
    form: dict[str, str], *, method: str, client_id: str, secret: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The form and the headers with which our client proves itself."""
    if method == "client_secret_basic":
        # Each half is form-encoded first: a colon in the name must not cut it.
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        proof = base64.b64encode(pair.encode()).decode()
        return form, {"Authorization": f"Basic {proof}"}
    fields = {**form, "client_id": client_id}
    return (fields | {"client_secret": secret} if method != "none" else fields), {}


def _signed(
    server: Server, form: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    method = server.token_auth
    if method == "auto":
        offered = metadata.of(server).token_auth_methods
        basic_only = "client_secret_post" not in offered
        method = "client_secret_basic" if basic_only else "client_secret_post"
    secret = server.client_secret.reveal()
    return signed(form, method=method, client_id=server.client_id, secret=secret)


def refreshed(
    server: Server, refresh_token: str, *, subject: str, now: datetime
) -> Tokens:
    """New tokens for an old refresh token, of the same person.

    An ID token is verified wherever its key can be had. Where it cannot (the server changed
    its keys a moment ago, or does not tell them just now) it is dropped, and the others are
    kept: the refresh token that was given for them is spent, and they came from the token
    endpoint itself, to us as its client. A server may send no ID token here at all (OpenID
    Connect Core, 12.2), so whoever could forge these tokens would not need to send one.
    """
    answer = request(
        server, {"grant_type": "refresh_token", "refresh_token": refresh_token}
    )
    tokens = read(answer, now=now)
    if server.is_discovered and tokens.id_token:
        try:
            claims = id_token.verify(
                tokens.id_token.reveal(),
                server=server,
                nonce=None,
                access_token=tokens.access.reveal(),
            )
        except SignInRefused as refused:
            if refused.code not in _NOT_READ:
                raise
            logger.warning("ID token dropped", extra={"outcome": refused.code})
            return replace(tokens, id_token=Secret(""))
        if claims["sub"] != subject:
            raise SignInRefused("userinfo_other_person")
    return tokens
