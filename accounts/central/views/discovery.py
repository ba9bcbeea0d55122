"""What clients read before anything else: addresses and abilities, and a sign of life."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.central import rules


@login_not_required
@require_safe
def configuration(request: HttpRequest) -> HttpResponse:
    """Every address under the one issuer, however this request came here."""
    told = {
        "issuer": rules.issuer(),
        "authorization_endpoint": _at("authorization"),
        "token_endpoint": _at("token"),
        "userinfo_endpoint": _at("userinfo"),
        "jwks_uri": _at("jwks"),
        "introspection_endpoint": _at("introspect"),
        "revocation_endpoint": _at("revoke"),
        "end_session_endpoint": _at("logout"),
        "scopes_supported": ["openid", "profile", "email", "read", "write"],
        "claims_supported": ["sub", "name", "email", "email_verified"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            *("client_secret_basic", "client_secret_post", "none")
        ],
        "introspection_endpoint_auth_methods_supported": [
            *("client_secret_basic", "client_secret_post")
        ],
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
        "ui_locales_supported": ["pt-BR", "en"],
    }
    response = JsonResponse(told)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is asked."""
    return JsonResponse({"status": "ok"})


def _at(name: str) -> str:
    return f"{rules.issuer()}{reverse(f'idp:oidc:{name}')}"
