"""The role and the database of Recado in an embedded cluster; safe to repeat.

A process of its own, `python -m config.embedded.role <sockets> <role> <database>`, because
the supervisor that stays for weeks has no other use for a database driver.
"""

import sys

import psycopg
from psycopg import sql


def make(sockets: str, role: str, database: str) -> None:
    """The run-time role is plain, so that row-level security binds it too."""
    names = {"role": sql.Identifier(role), "database": sql.Identifier(database)}
    with psycopg.connect(
        host=sockets,
        port=5432,
        user="postgres",
        dbname="postgres",
        autocommit=True,
        connect_timeout=10,
    ) as connection:
        found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
        if not found.rowcount:
            connection.execute(
                sql.SQL(
                    "CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB"
                ).format(**names)
            )
        found = connection.execute(
            "SELECT FROM pg_database WHERE datname = %s", [database]
        )
        if not found.rowcount:
            connection.execute(
                sql.SQL("CREATE DATABASE {database} OWNER {role}").format(**names)
            )


if __name__ == "__main__":
    make(*sys.argv[1:])
