"""The three roles of one installation in PostgreSQL, and the SQL that makes them.

The owner runs migrations. Everything else connects as `<owner>_app`, which owns nothing and
which row-level security binds. `<owner>_crossing` cannot sign in: the few functions that look
across workspaces belong to it, and run as it. Read before Django is set up, so plain text.
"""

from dataclasses import dataclass

from psycopg import sql


@dataclass(frozen=True, slots=True)
class Roles:
    """Names follow the owner's, so that several installations share a cluster."""

    owner: str

    @property
    def app(self) -> str:
        return f"{self.owner}_app"

    @property
    def crossing(self) -> str:
        return f"{self.owner}_crossing"


_MAKE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {app_name}) THEN
        CREATE ROLE {app} LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {crossing_name}) THEN
        CREATE ROLE {crossing} NOLOGIN;
    END IF;
    IF NOT pg_has_role({owner_name}, {crossing_name}, 'USAGE') THEN
        GRANT {crossing} TO {owner};
    END IF;
END
$$
"""
_PASSWORD = "ALTER ROLE {app} PASSWORD {password}"  # noqa: S105  # a statement


def statements(owner: str, *, password: str = "") -> list[sql.Composed]:
    """What a superuser, or an owner with CREATEROLE, runs once; safe to repeat."""
    roles = Roles(owner)
    names = {
        "owner": sql.Identifier(owner),
        "app": sql.Identifier(roles.app),
        "crossing": sql.Identifier(roles.crossing),
        "owner_name": sql.Literal(owner),
        "app_name": sql.Literal(roles.app),
        "crossing_name": sql.Literal(roles.crossing),
        "password": sql.Literal(password),
    }
    wanted = [_MAKE, *([_PASSWORD] if password else [])]
    return [sql.SQL(one).format(**names) for one in wanted]
