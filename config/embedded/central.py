"""The central OAuth server beside `manage.py up`, where the operator named no server.

It is the same code in a process of its own, with a database of its own in the same
cluster. `python -m config.embedded.central <database url>` makes that database; a process
of its own, because the supervisor that stays for weeks has no other use for a driver.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from config import env_oauth
from config.embedded.launch import ServerFailed

# Made once in var/keys.env: Recado as a client, and the first person's random name.
MADE_KEYS = ("CENTRAL_CLIENT_ID", "CENTRAL_CLIENT_SECRET", "CENTRAL_FIRST_SUB")
CALLBACK_PATH = "/account/sso/callback/"
# The server is nobody's client.
_LEFT_OUT = ("OIDC_ISSUER", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET")


def is_wanted(env: Mapping[str, str]) -> bool:
    """Not beside a server of the operator's own. One described by halves is nobody's."""
    described = env_oauth.describing(env)
    if described and not any(name in described for name in env_oauth.SERVERS):
        raise ServerFailed(
            f"an identity server is described ({', '.join(described)}), but neither "
            f"OIDC_ISSUER nor OAUTH_SERVER_URL names it. Set OIDC_ISSUER for one with "
            f"discovery, OAUTH_SERVER_URL for one without; or take the others away, for "
            f"the server that comes with Recado."
        )
    return not described


def port_beside(port: int, env: Mapping[str, str]) -> int:
    wished = env.get("CENTRAL_PORT") or str(port + 1)
    if not wished.isdigit() or not 0 < int(wished) < 65536:
        raise ServerFailed(
            f"CENTRAL_PORT is {wished!r}. Set it to a number from 1 to 65535."
        )
    return int(wished)


@dataclass(frozen=True)
class Plan:
    """What its process is started with, and what Recado's own are told of it."""

    port: int
    url: str
    env: dict[str, str]
    told: dict[str, str]

    @property
    def command(self) -> list[str]:
        return [
            *("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--workers", "1", "--blocking-threads", "4"),
            *("--no-ws", "--respawn-failed-workers", "--log-level", "warning"),
            "config.central_wsgi:application",
        ]


def plan(port: int, env: Mapping[str, str]) -> Plan:
    """From the environment of Recado's own processes, its database and keys in it.

    The address is `localhost`, Recado's `127.0.0.1`: browsers keep the cookies of the two
    apart, and security keys work, which they do not for an address of numbers.
    """
    url = env.get("CENTRAL_URL") or f"http://localhost:{port}"
    database = env.get("CENTRAL_DATABASE_URL") or beside(env["DATABASE_OWNER_URL"])
    told = {
        "CENTRAL_URL": url,
        "CENTRAL_DATABASE_URL": database,
        "CENTRAL_REDIRECT_URIS": env["PUBLIC_URL"] + CALLBACK_PATH,
        "OIDC_ISSUER": url,
        "OAUTH_NAME": env.get("OAUTH_NAME") or "Recado",
        "OAUTH_CLIENT_ID": env["CENTRAL_CLIENT_ID"],
        "OAUTH_CLIENT_SECRET": env["CENTRAL_CLIENT_SECRET"],
    }
    own = {**env, **told, "DJANGO_SETTINGS_MODULE": "config.settings.central"}
    own["DATABASE_POOL_SIZE"] = "4"
    for name in _LEFT_OUT:
        own.pop(name)
    return Plan(port=port, url=url, env=own, told=told)


def beside(database_url: str) -> str:
    """The address of the neighbouring database `<name>_central`."""
    parts = urlsplit(database_url)
    return urlunsplit(parts._replace(path=f"{parts.path}_central"))


def make_database(database_url: str) -> None:
    """Make the database, unless it is there; nothing else is asked of the cluster."""
    import psycopg  # noqa: PLC0415  # only in the process that needs it
    from psycopg import sql  # noqa: PLC0415

    parts = urlsplit(database_url)
    name = unquote(parts.path.lstrip("/"))
    neighbour = urlunsplit(parts._replace(path=f"/{name.removesuffix('_central')}"))
    with psycopg.connect(neighbour, autocommit=True, connect_timeout=10) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if not found.rowcount:
            statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            connection.execute(statement)


def main(arguments: list[str]) -> int:
    import psycopg  # noqa: PLC0415

    try:
        make_database(arguments[0])
    except psycopg.Error as problem:
        sys.stderr.write(
            f"The database of the central OAuth server could not be made: "
            f"{str(problem).strip()}. Make it yourself and set CENTRAL_DATABASE_URL, or "
            f"set OIDC_ISSUER to an identity server of your own.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
