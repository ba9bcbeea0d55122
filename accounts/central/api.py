"""`/api/user` and `/api/verify`: whose token is this, in one query.

Resource servers ask at every request they do not have in their cache, so this path goes
around oauthlib; what it accepts is what the validator accepts.
"""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from accounts.central import clients, families, rules

# Prepared once in a connection: planning these joins takes longer than running them.
_WHOSE = """
    SELECT token.scopes, token.client_id, token.created_at, token.expires_at,
        person.sub, who.name, who.email, EXISTS (
            SELECT FROM account_emailaddress address
            WHERE address.user_id = who.id AND address.email = who.email
                AND address.verified
        )
    FROM allauth_idp_oidc_token token
    JOIN accounts_user who ON who.id = token.user_id AND who.is_active
    JOIN central_person person ON person.user_id = who.id
    JOIN central_application application ON application.client_id = token.client_id
    JOIN central_familytoken member ON member.hash = token.hash
    JOIN central_family family ON family.id = member.family_id
        AND family.revoked_at IS NULL
    WHERE token.type = 'at' AND token.hash = %s AND token.expires_at > statement_timestamp()
        AND application.disabled_at IS NULL
"""


class Grant(NamedTuple):
    """What a living access token stands for."""

    scopes: str
    client_id: str
    created_at: datetime
    expires_at: datetime
    sub: uuid.UUID
    name: str
    email: str
    is_verified: bool


@login_not_required
@require_safe
def user(request: HttpRequest) -> HttpResponse:
    """The person, as far as the token's scopes let see."""
    token = _bearer(request)
    if token is None:
        return _refused(request)
    told: dict[str, Any] = {"sub": token.sub, "id": token.sub}
    scopes = set(token.scopes.split("\n"))
    if scopes & {"profile", "read"}:
        told["name"] = token.name
    if scopes & {"email", "read"}:
        told["email"] = token.email
        told["email_verified"] = token.is_verified
    return _answer(told)


@login_not_required
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """What introspection tells, for servers that only have the token.

    As there, a token that was given out for identity alone opens nothing: 403.
    """
    token = _bearer(request)
    if token is None:
        return _refused(request)
    if set(token.scopes.split("\n")).isdisjoint(clients.API_SCOPES):
        return _insufficient()
    return _answer(
        {
            "active": True,
            "sub": token.sub,
            "client_id": token.client_id,
            "scope": " ".join(token.scopes.split("\n")),
            "iat": int(token.created_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
            "iss": rules.issuer(),
        }
    )


# By address, for the middleware that lets them pass.
VIEWS = {"/api/user": user, "/api/verify": verify}


def _bearer(request: HttpRequest) -> Grant | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        return None
    connection.ensure_connection()
    # Around Django's cursor, which binds in the client and so prepares nothing.
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
    ):
        digest = families.hash_of(value.strip())
        row = cursor.execute(_WHOSE, [digest], prepare=True).fetchone()
    return Grant(*row) if row else None


def _answer(told: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = JsonResponse(told, status=status)
    response.headers["Cache-Control"] = "no-store"
    # Django's middleware that adds it is not on this way; without, the answer is chunked.
    response.headers["Content-Length"] = str(len(response.content))
    return response


def _refused(request: HttpRequest) -> HttpResponse:
    told = {"error": "invalid_token", "message": "Unauthenticated."}
    response = _answer(told, status=401)
    has_token = "Authorization" in request.headers
    why = ', error="invalid_token"' if has_token else ""
    response.headers["WWW-Authenticate"] = f'Bearer realm="recado"{why}'
    return response


def _insufficient() -> HttpResponse:
    told = {
        "active": False,
        "error": "insufficient_scope",
        "message": "This token was given out for signing in, not for an API.",
    }
    response = _answer(told, status=403)
    scope = " ".join(clients.API_SCOPES)
    response.headers["WWW-Authenticate"] = (
        f'Bearer realm="recado", error="insufficient_scope", scope="{scope}"'
    )
    return response
