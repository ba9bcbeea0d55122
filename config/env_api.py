"""Where `/api/` asks about bearers, read from the environment.

Read by `config/settings/base.py` alone; `accounts/api/server.py` uses what comes out. The
server itself is the one people sign in with, as `env_oauth` read it.
"""

from typing import Any

from config import env


def read(server: dict[str, Any] | None) -> dict[str, Any] | None:
    """None where no identity server is set: then only service tokens open `/api/`."""
    if server is None:
        return None
    introspection = env.url("OAUTH_INTROSPECTION_URL", "")
    verify = env.url("OAUTH_VERIFY_URL", "")
    if introspection and verify:
        raise env.BadSetting(
            "OAUTH_VERIFY_URL",
            "is set beside OAUTH_INTROSPECTION_URL",
            "Keep one: introspection where the server has it.",
        )
    if not server["is_discovered"] and not introspection:
        verify = verify or f"{server['issuer']}/api/verify"
    reading = env.text("OAUTH_API_READ_SCOPE", "read")
    writing = env.text("OAUTH_API_WRITE_SCOPE", "write")
    return {
        "issuer": server["issuer"],
        "client_id": server["client_id"],
        "client_secret": server["client_secret"],
        "uid_field": server["uid_field"],
        "introspection_url": introspection,
        "verify_url": verify,
        "user_url": server.get("userinfo_endpoint", ""),
        "auth": env.choice(
            "OAUTH_INTROSPECTION_AUTH",
            "client_secret_basic",
            among=["client_secret_basic", "client_secret_post"],
        ),
        "clients": env.listing("OAUTH_API_CLIENTS"),
        "read_scope": _one("OAUTH_API_READ_SCOPE", reading),
        "write_scope": _one("OAUTH_API_WRITE_SCOPE", writing),
    }


def _one(name: str, value: str) -> str:
    if len(value.split()) != 1:
        raise env.BadSetting(
            name, f"is {value!r}", "Set it to one scope, as the server writes it."
        )
    return value
