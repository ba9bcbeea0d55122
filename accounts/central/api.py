"""`/api/user` and `/api/verify`: whose token is this, in one query.

Resource servers ask at every request they do not have in their cache, so this path goes
around oauthlib; what it accepts is what the validator accepts.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.central import families

_COLUMNS = (
    "scopes",
    "client_id",
    "created_at",
    "expires_at",
    "user__name",
    "user__email",
    "user__person__sub",
    "has_verified_email",
)


@login_not_required
@require_safe
def user(request: HttpRequest) -> HttpResponse:
    """The person, as far as the token's scopes let see."""
    token = _bearer(request)
    if token is None:
        return _refused(request)
    told: dict[str, Any] = {"sub": token["user__person__sub"]}
    told["id"] = told["sub"]
    scopes = set(token["scopes"].split("\n"))
    if scopes & {"profile", "read"}:
        told["name"] = token["user__name"]
    if scopes & {"email", "read"}:
        told["email"] = token["user__email"]
        told["email_verified"] = token["has_verified_email"]
    return _answer(told)


@login_not_required
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """What introspection tells, for servers that only have the token."""
    token = _bearer(request)
    if token is None:
        return _refused(request)
    return _answer(
        {
            "active": True,
            "sub": token["user__person__sub"],
            "client_id": token["client_id"],
            "scope": " ".join(token["scopes"].split("\n")),
            "iat": int(token["created_at"].timestamp()),
            "exp": int(token["expires_at"].timestamp()),
            "iss": settings.CENTRAL_URL,
        }
    )


def _bearer(request: HttpRequest) -> dict[str, Any] | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        return None
    verified = EmailAddress.objects.filter(
        user=OuterRef("user"), email=OuterRef("user__email"), verified=True
    )
    return (
        Token.objects.filter(
            type=Token.Type.ACCESS_TOKEN,
            hash=families.hash_of(value.strip()),
            expires_at__gt=timezone.now(),
            user__is_active=True,
            user__person__isnull=False,
            client__application__isnull=False,
            client__application__disabled_at__isnull=True,
        )
        .annotate(has_verified_email=Exists(verified))
        .values(*_COLUMNS)
        .first()
    )


def _answer(told: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = JsonResponse(told, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(request: HttpRequest) -> HttpResponse:
    told = {"error": "invalid_token", "message": "Unauthenticated."}
    response = _answer(told, status=401)
    has_token = "Authorization" in request.headers
    why = ', error="invalid_token"' if has_token else ""
    response.headers["WWW-Authenticate"] = f'Bearer realm="recado"{why}'
    return response
