"""The settings of this role, by name and type; Recado's own settings have none of them."""

from datetime import timedelta
from typing import Any, TypedDict

from django.conf import settings


class FirstParty(TypedDict):
    """Recado as a client of this server."""

    client_id: str
    secret: str
    redirect_uris: list[str]


def issuer() -> str:
    return str(_get("CENTRAL_URL"))


def first_party() -> FirstParty:
    found: FirstParty = _get("CENTRAL_FIRST_PARTY")
    return found


def first_sub() -> str:
    return str(_get("CENTRAL_FIRST_SUB"))


def code_lifetime() -> timedelta:
    return timedelta(seconds=_get("IDP_OIDC_AUTHORIZATION_CODE_EXPIRES_IN"))


def family_lifetime() -> timedelta:
    found: timedelta = _get("CENTRAL_FAMILY_LIFETIME")
    return found


def key_lifetime() -> timedelta:
    found: timedelta = _get("CENTRAL_KEY_LIFETIME")
    return found


def id_token_lifetime() -> timedelta:
    return timedelta(seconds=_get("IDP_OIDC_ID_TOKEN_EXPIRES_IN"))


def key_set_lifetime() -> timedelta:
    """How long clients may keep the published keys."""
    return timedelta(seconds=_get("IDP_OIDC_JWKS_CACHE_CONTROL"))


def _get(name: str) -> Any:
    return getattr(settings, name)
