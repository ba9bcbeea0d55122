"""The identity server of the installation, read from the environment.

Read by `config/settings/base.py` alone; `accounts/sso/` uses what comes out. Two ways: by
discovery (`OIDC_ISSUER`) or by plain endpoints (`OAUTH_SERVER_URL`). What does not fit
together stops the start, by name.
"""

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from accounts import addresses
from config import env

CALLBACK_PATH = "account/sso/callback/"
SERVERS = ("OIDC_ISSUER", "OAUTH_SERVER_URL")
# These hold for whatever server there is, also for the one that comes with Recado.
_OF_ANY_SERVER = {
    *("OAUTH_NAME", "OAUTH_SCOPE", "OAUTH_LINK_BY_EMAIL", "OAUTH_API_CLIENTS"),
}
# What a sign-in decides by itself; nobody overrides it by OAUTH_AUTH_PARAMS.
_RESERVED = {
    *("client_id", "client_secret", "redirect_uri", "response_type", "response_mode"),
    *("scope", "state", "nonce", "code_challenge", "code_challenge_method"),
    *("request", "request_uri"),
}
_METHODS = ["auto", "client_secret_basic", "client_secret_post", "none"]


def read(public_url: str) -> dict[str, Any] | None:
    """Everything about the server, or None where no server is set."""
    issuer, plain = env.text("OIDC_ISSUER", ""), env.text("OAUTH_SERVER_URL", "")
    if issuer and plain:
        raise env.BadSetting(
            "OIDC_ISSUER",
            "is set beside OAUTH_SERVER_URL",
            "Keep OIDC_ISSUER for a server with discovery, OAUTH_SERVER_URL for one without.",
        )
    if not issuer and not plain:
        _refuse_leftovers()
        return None
    base = _issuer(issuer) if issuer else _site("OAUTH_SERVER_URL")
    return {
        "issuer": base,
        "is_discovered": bool(issuer),
        "name": env.text("OAUTH_NAME", urlsplit(base).hostname or "SSO"),
        "redirect_path": _redirect_path(public_url),
        "scope": _scope(is_discovered=bool(issuer)),
        "auth_params": _auth_params(),
        "endpoint_hosts": env.hosts("OAUTH_ENDPOINT_HOSTS"),
        "link_by_email": env.flag("OAUTH_LINK_BY_EMAIL"),
        **_client(is_discovered=bool(issuer)),
        **_claims(is_discovered=bool(issuer)),
        **_endpoints(base, is_discovered=bool(issuer)),
    }


def origins(server: dict[str, Any]) -> list[str]:
    """Where a browser is sent to by signing in and out."""
    found = urlsplit(server["issuer"])
    scheme = found.scheme
    return [
        f"{scheme}://{found.netloc}",
        *(f"{scheme}://{host}" for host in server["endpoint_hosts"]),
    ]


def describing(environment: Mapping[str, str]) -> list[str]:
    """The names that are set and speak of a server of the operator's own."""
    return sorted(
        name
        for name, value in environment.items()
        if name.startswith(("OIDC_", "OAUTH_"))
        and name not in _OF_ANY_SERVER
        and value.strip()
    )


def _refuse_leftovers() -> None:
    """A client without a server would be a server that somebody forgot to name."""
    for name in describing(os.environ):
        raise env.BadSetting(
            name,
            "is set, but neither OIDC_ISSUER nor OAUTH_SERVER_URL is",
            "Set OIDC_ISSUER for a server with discovery, OAUTH_SERVER_URL for one without.",
        )


def _issuer(value: str) -> str:
    """As it is written, slash at its end included: issuers are compared exactly."""
    env.url("OIDC_ISSUER", value)
    _require_safe("OIDC_ISSUER", value)
    return value


def _site(name: str) -> str:
    value = env.url(name, "")
    _require_safe(name, value)
    return value


def _require_safe(name: str, value: str) -> None:
    found = urlsplit(value)
    if found.query or found.fragment or found.username is not None:
        raise env.BadSetting(name, f"is {value!r}", "Set a plain address.")
    if found.scheme != "https" and not addresses.is_loopback(found.hostname or ""):
        raise env.BadSetting(
            name,
            "does not start with https://",
            "Plain http is for a server on this machine's loopback address.",
        )


def _redirect_path(public_url: str) -> str:
    """The path of ours that the server sends people back to."""
    wished = env.text("OAUTH_REDIRECT_URI", f"{public_url}/{CALLBACK_PATH}")
    prefix = f"{public_url}/"
    path = wished.removeprefix(prefix)
    if not wished.startswith(prefix) or not re.fullmatch(r"[\w./~-]+", path, re.ASCII):
        raise env.BadSetting(
            "OAUTH_REDIRECT_URI",
            f"is {wished!r}",
            f"It is an address of ours: {prefix}{CALLBACK_PATH}, unless another path is registered.",
        )
    if path.split("/")[0] in {"w", "api", "static", "webhooks", "r"}:
        raise env.BadSetting(
            "OAUTH_REDIRECT_URI", "covers a page of ours", "Choose another path."
        )
    return path


def _scope(*, is_discovered: bool) -> str:
    words = env.text(
        "OAUTH_SCOPE", "openid profile email" if is_discovered else "read write"
    ).split()
    if is_discovered and "openid" not in words:
        raise env.BadSetting(
            "OAUTH_SCOPE",
            "has no `openid`, which OIDC_ISSUER needs",
            "Add it, or set OAUTH_SERVER_URL instead of OIDC_ISSUER.",
        )
    return " ".join(words)


def _auth_params() -> dict[str, str]:
    value = env.text("OAUTH_AUTH_PARAMS", "")
    try:
        pairs = parse_qsl(value, keep_blank_values=True, strict_parsing=bool(value))
    except ValueError:
        pairs = []
    params = dict(pairs)
    if (value and not params) or _RESERVED & params.keys():
        raise env.BadSetting(
            "OAUTH_AUTH_PARAMS",
            f"is {value!r}",
            "Write name=value&name=value, without what the sign-in sets itself.",
        )
    return params


def _client(*, is_discovered: bool) -> dict[str, str]:
    method = env.choice(
        "OAUTH_TOKEN_AUTH",
        "auto" if is_discovered else "client_secret_post",
        among=_METHODS,
    )
    if method == "auto" and not is_discovered:
        raise env.BadSetting(
            "OAUTH_TOKEN_AUTH",
            "is 'auto', but OAUTH_SERVER_URL has no discovery to ask",
            "Set client_secret_post, client_secret_basic or none.",
        )
    secret = env.text("OAUTH_CLIENT_SECRET", "")
    if bool(secret) == (method == "none"):
        raise env.BadSetting(
            "OAUTH_CLIENT_SECRET",
            "is not set" if not secret else "is set although OAUTH_TOKEN_AUTH is none",
            "Set the client's secret, or OAUTH_TOKEN_AUTH=none for a client without one.",
        )
    return {
        "client_id": env.text("OAUTH_CLIENT_ID", cure="Register Recado at the server."),
        "client_secret": secret,
        "token_auth": method,
    }


def _claims(*, is_discovered: bool) -> dict[str, str]:
    uid = env.text("OAUTH_UID_FIELD", "sub" if is_discovered else "id")
    if is_discovered and uid != "sub":
        raise env.BadSetting(
            "OAUTH_UID_FIELD",
            f"is {uid!r}, but with OIDC_ISSUER people are known by `sub`",
            "Leave it out, or set OAUTH_SERVER_URL instead of OIDC_ISSUER.",
        )
    return {
        "uid_field": uid,
        "userinfo_root": env.text("OAUTH_USERINFO_ROOT", ""),
        "name_claim": env.text("OAUTH_NAME_CLAIM", "name"),
        "email_claim": env.text("OAUTH_EMAIL_CLAIM", "email"),
        "email_verified_claim": env.text(
            "OAUTH_EMAIL_VERIFIED_CLAIM",
            "email_verified" if is_discovered else "email_verified_at",
        ),
    }


def _endpoints(base: str, *, is_discovered: bool) -> dict[str, str]:
    """What is fixed where nothing can be discovered; the last two only where they are set."""
    optional = {
        "revocation_endpoint": env.text("OAUTH_REVOCATION_URL", ""),
        "end_session_endpoint": env.text("OAUTH_LOGOUT_URL", ""),
    }
    names = {
        "revocation_endpoint": "OAUTH_REVOCATION_URL",
        "end_session_endpoint": "OAUTH_LOGOUT_URL",
    }
    given = {key: value for key, value in optional.items() if value}
    for key, value in given.items():
        env.url(names[key], value)
        _require_safe(names[key], value)
    if is_discovered:
        if given:
            raise env.BadSetting(
                names[next(iter(given))],
                "is set beside OIDC_ISSUER",
                "Leave it out: the server's discovery names it.",
            )
        return {}
    return {
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "userinfo_endpoint": f"{base}/api/user",
        **given,
    }
