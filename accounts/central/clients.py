"""Applications that sign people in here: registered, changed, switched off, removed."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from allauth.core.internal.httpkit import extract_basic_auth
from allauth.idp.oidc.models import Client
from django.contrib.auth.hashers import make_password
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from accounts import addresses
from accounts.central import families, journal
from accounts.central.hashers import RandomSecretHasher
from accounts.central.models import Application

IDENTITY_SCOPES = ("openid", "profile", "email")
API_SCOPES = ("read", "write")


@dataclass(frozen=True, slots=True)
class Registered:
    """`secret` is to be shown once, and kept nowhere; a public client has none."""

    client: Client
    secret: str | None = field(repr=False)


def register(
    *,
    name: str,
    redirect_uris: list[str],
    is_public: bool,
    may_call_api: bool,
    now: datetime,
    request: HttpRequest | None = None,
) -> Registered:
    secret = None if is_public else secrets.token_urlsafe(32)
    with transaction.atomic():
        client = Client(
            name=name,
            type=Client.Type.PUBLIC if is_public else Client.Type.CONFIDENTIAL,
            secret=hashed(secret),
        )
        _fill(client, redirect_uris=redirect_uris, may_call_api=may_call_api)
        client.set_grant_types(["authorization_code", "refresh_token"])
        client.set_response_types(["code"])
        client.save(force_insert=True)
        Application.objects.create(client=client, secret_changed_at=now)
        journal.record(
            "client.added",
            target=f"client:{client.pk}",
            details={"public": is_public, "api": may_call_api},
            request=request,
        )
    return Registered(client, secret)


@transaction.atomic
def change(
    client: Client,
    *,
    name: str,
    redirect_uris: list[str],
    may_call_api: bool,
    request: HttpRequest,
) -> None:
    """Tokens end that were given out for an API that it may not call any more."""
    if not may_call_api:
        for scope in API_SCOPES:
            families.revoke_all(
                client=client, code__scopes__contains=scope, why="api_withdrawn"
            )
    client.name = name
    _fill(client, redirect_uris=redirect_uris, may_call_api=may_call_api)
    client.save()
    journal.record(
        "client.changed",
        target=f"client:{client.pk}",
        details={"api": may_call_api, "redirect_uris": len(redirect_uris)},
        request=request,
    )


@transaction.atomic
def rotate_secret(client: Client, *, now: datetime, request: HttpRequest) -> str:
    """The old secret ends here; tokens that were given out stay."""
    secret = secrets.token_urlsafe(32)
    client.secret = hashed(secret)
    client.save(update_fields=["secret"])
    Application.objects.filter(client=client).update(secret_changed_at=now)
    journal.record(
        "client.secret_rotated", target=f"client:{client.pk}", request=request
    )
    return secret


@transaction.atomic
def set_disabled(
    client: Client, *, is_disabled: bool, now: datetime, request: HttpRequest
) -> None:
    Application.objects.filter(client=client).update(
        disabled_at=now if is_disabled else None
    )
    if is_disabled:
        families.revoke_all(client=client, why="client_disabled")
    journal.record(
        "client.disabled" if is_disabled else "client.enabled",
        target=f"client:{client.pk}",
        request=request,
    )


@transaction.atomic
def remove(client: Client, *, request: HttpRequest) -> None:
    """The client, and with it every token it ever got."""
    journal.record(
        "client.removed",
        target=f"client:{client.pk}",
        details={"name": client.name},
        request=request,
    )
    families.revoke_all(client=client, why="client_removed")
    client.delete()


def authenticated(request: HttpRequest) -> Client | None:
    """The confidential client whose secret came along, in the header or in the form."""
    client_id, secret = _shown(request)
    if not client_id or not secret or "\0" in client_id:
        return None
    client = (
        Client.objects.select_related("application")
        .filter(
            pk=client_id,
            type=Client.Type.CONFIDENTIAL,
            application__disabled_at__isnull=True,
            application__isnull=False,
        )
        .first()
    )
    return client if client is not None and client.check_secret(secret) else None


def hashed(secret: str | None) -> str:
    """Nothing verifies against the hash of no secret."""
    if secret is None:
        return make_password(None)
    return make_password(secret, hasher=RandomSecretHasher.algorithm)


def origins(client: Client) -> set[str]:
    """Where answers for this client may lead, as a content security policy names it."""
    return {origin_of(uri) for uri in client.get_redirect_uris()}


def origin_of(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def is_fit_redirect(uri: str, *, is_public: bool) -> bool:
    """An exact https address; http on this machine alone; an app's own scheme if public."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.fragment or "*" in uri or "\\" in uri or parts.username or parts.password:
        return False
    if any(char.isspace() or not char.isprintable() for char in uri):
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host.endswith(".localhost") or addresses.is_loopback(host)
    # Private-use schemes are written as a reversed domain name (RFC 8252, 7.1).
    return is_public and "." in parts.scheme


def _shown(request: HttpRequest) -> tuple[str | None, str | None]:
    """Its id and its secret, as they came (RFC 6749, 2.3.1)."""
    header = request.headers.get("Authorization", "")
    if header:
        found: tuple[str | None, str | None] = extract_basic_auth(
            {"Authorization": header}
        )
        return found
    try:
        form = request.POST
    except (SuspiciousOperation, MultiPartParserError):  # the view says so
        return None, None
    return form.get("client_id"), form.get("client_secret")


def _fill(client: Client, *, redirect_uris: list[str], may_call_api: bool) -> None:
    extra = API_SCOPES if may_call_api else ()
    client.set_redirect_uris(redirect_uris)
    client.set_scopes([*IDENTITY_SCOPES, *extra])
    client.set_default_scopes(list(IDENTITY_SCOPES))
