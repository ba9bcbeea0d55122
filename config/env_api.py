"""Where `/api/` asks about bearers, read from the environment.

Read by `config/settings/base.py` alone; `accounts/api/server.py` uses what comes out. The
server itself is the one people sign in with.
"""

from typing import Any

from config import env


def read() -> dict[str, Any] | None:
    """None where no identity server is set: then only service tokens open `/api/`."""
    issuer, plain = env.text("OIDC_ISSUER", ""), env.text("OAUTH_SERVER_URL", "")
    if not issuer and not plain:
        return None
    base = plain.rstrip("/")
    introspection = env.url("OAUTH_INTROSPECTION_URL", "")
    verify = env.url("OAUTH_VERIFY_URL", "")
    if introspection and verify:
        raise env.BadSetting(
            "OAUTH_VERIFY_URL",
            "is set beside OAUTH_INTROSPECTION_URL",
            "Keep one: introspection where the server has it.",
        )
    if not issuer and not introspection:
        verify = verify or f"{base}/api/verify"
    return {
        "issuer": issuer or base,
        "introspection_url": introspection,
        "verify_url": verify,
        "user_url": f"{base}/api/user" if base else "",
        "auth": env.choice(
            "OAUTH_INTROSPECTION_AUTH",
            "client_secret_basic",
            among=["client_secret_basic", "client_secret_post"],
        ),
        "client_id": env.text("OAUTH_CLIENT_ID", ""),
        "client_secret": env.text("OAUTH_CLIENT_SECRET", ""),
        "uid_field": env.text("OAUTH_UID_FIELD", "id" if plain else "sub"),
        "clients": env.listing("OAUTH_API_CLIENTS"),
    }
