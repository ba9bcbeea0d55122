"""The roles and the database of Recado in an embedded cluster; safe to repeat.

A process of its own, because the supervisor that stays for weeks has no other use for a
database driver:

- `python -m config.embedded.role make <sockets> <owner> <database>` in a cluster of ours,
- `python -m config.embedded.role settle` on the server of DATABASE_URL, for an operator who
  gave no DATABASE_OWNER_URL; it prints both addresses as `NAME=value` lines.
"""

import hashlib
import hmac
import os
import sys
from typing import Any, LiteralString
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from accounts import roles
from accounts.roles import Roles

CONNECT_SECONDS = 10


class CannotSettle(SystemExit):
    """The operator has to do something first; the text says what."""


def make(sockets: str, owner: str, database: str) -> None:
    """Trust over the private socket stands for passwords."""
    with psycopg.connect(
        host=sockets,
        port=5432,
        user="postgres",
        dbname="postgres",
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
    ) as connection:
        _make_owner(connection, owner, "CREATEDB")
        for statement in roles.statements(owner):
            connection.execute(statement)
        _make_database(connection, database, owner)
        # The central OAuth server's, which shares the cluster and nothing else.
        _make_owner(connection, f"{owner}_central", "NOCREATEDB")
        _make_database(connection, f"{database}_central", f"{owner}_central")


def _make_owner(
    connection: "psycopg.Connection[Any]", owner: str, option: LiteralString
) -> None:
    found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [owner])
    if not found.rowcount:
        plain = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS ")
        connection.execute(plain.format(sql.Identifier(owner)) + sql.SQL(option))


def _make_database(
    connection: "psycopg.Connection[Any]", name: str, owner: str
) -> None:
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    if not found.rowcount:
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(
            statement.format(sql.Identifier(name), sql.Identifier(owner))
        )


def settle(url: str, *, secret_key: str) -> dict[str, str]:
    """Make the given role the owner and a run-time role beside it, where it may do so.

    The run-time role's password follows from SECRET_KEY, so that it needs no place to rest.
    """
    with psycopg.connect(
        url, autocommit=True, connect_timeout=CONNECT_SECONDS
    ) as connection:
        row = connection.execute(
            "SELECT current_user::text, rolcreaterole OR rolsuper"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owner, may_make = row or ("", False)
        if not may_make:
            raise CannotSettle(_advice(owner))
        password = _password(owner, secret_key)
        for statement in roles.statements(owner, password=password):
            connection.execute(statement)
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(Roles(owner).app, safe='')}:{password}@{place}"
    return {
        "DATABASE_OWNER_URL": url,
        "DATABASE_URL": parts._replace(netloc=netloc).geturl(),
    }


def _password(owner: str, secret_key: str) -> str:
    label = f"recado: password of the run-time role of {owner}"
    return hmac.digest(secret_key.encode(), label.encode(), hashlib.sha256).hex()


def _advice(owner: str) -> str:
    script = ";\n".join(one.as_string().strip() for one in roles.statements(owner))
    app = Roles(owner).app
    return (
        f"DATABASE_URL connects as {owner}, which may not make roles, and Recado does not run "
        f"as the owner of its tables. Let a superuser of the server run this once:\n{script};\n"
        f"ALTER ROLE \"{app}\" PASSWORD '…';\n"
        f"Then set DATABASE_OWNER_URL to this address, and DATABASE_URL to that of {app}."
    )


def main(arguments: list[str]) -> int:
    what, *rest = arguments
    if what == "make":
        make(*rest)
        return 0
    try:
        found = settle(os.environ["DATABASE_URL"], secret_key=os.environ["SECRET_KEY"])
    except psycopg.Error as problem:
        raise CannotSettle(f"DATABASE_URL does not answer: {problem}") from None
    sys.stdout.writelines(f"{name}={value}\n" for name, value in found.items())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
