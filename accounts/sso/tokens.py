"""The token and userinfo endpoints as our client speaks to them: asked, read, believed.

Below `provider` and `grants`; above `fetch`.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from accounts.sso import fetch, id_token, identity, metadata
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server
from accounts.vault import Secret

LONGEST_TOKEN = 16 * 1024
MOST_EXPIRES_SECONDS = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Tokens:
    access: Secret
    refresh: Secret
    id_token: Secret
    expires_at: datetime | None


def request(server: Server, form: dict[str, str]) -> dict[str, Any]:
    """The token endpoint's answer to our client. Refused codes and secrets have names."""
    url = metadata.of(server).token_endpoint
    fields, headers = _signed(server, form)
    answer = fetch.post(url, fields, headers=headers)
    if answer.status == 429:
        raise SignInRefused("server_error")
    told = answer.json()
    if answer.status != 200:
        is_grant = told.get("error") == "invalid_grant"
        raise SignInRefused("code_refused" if is_grant else "client_refused")
    return told


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
    """New tokens for an old refresh token, of the same person."""
    answer = request(
        server, {"grant_type": "refresh_token", "refresh_token": refresh_token}
    )
    tokens = read(answer, now=now)
    if server.is_discovered and tokens.id_token:
        claims = id_token.verify(
            tokens.id_token.reveal(),
            server=server,
            nonce=None,
            access_token=tokens.access.reveal(),
        )
        if claims["sub"] != subject:
            raise SignInRefused("userinfo_other_person")
    return tokens
