"""Which role this process is in PostgreSQL: the owner for `migrate`, else a bound one."""

import asyncio
import logging
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import connections

from accounts import direct

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0

CURE = (
    "Set DATABASE_URL to the run-time role (`manage.py database_roles` makes it) and "
    "DATABASE_OWNER_URL to the owner, which only migrations use. The run-time role is a "
    "member of no other role: take it back with REVOKE."
)
# MEMBER is membership of any kind, direct or through other roles, whether its rights are
# inherited, put on by SET ROLE or, since PostgreSQL 16, only given on to others.
_STRENGTH = """
SELECT current_user::text, me.rolsuper, me.rolbypassrls, me.rolcreaterole,
       (SELECT min(other.rolname::text) FROM pg_roles other
         WHERE (other.rolsuper OR other.rolbypassrls) AND other.oid <> me.oid
           AND pg_has_role(me.oid, other.oid, 'MEMBER')),
       EXISTS (SELECT FROM pg_class one
                WHERE one.relnamespace = 'public'::regnamespace AND one.relkind IN ('r', 'p')
                  AND pg_has_role(me.oid, one.relowner, 'MEMBER')),
       (SELECT min(other.rolname::text) FROM pg_roles other
         WHERE (EXISTS (SELECT FROM pg_policy one WHERE other.oid = ANY (one.polroles))
                OR EXISTS (SELECT FROM pg_proc one WHERE one.proowner = other.oid
                            AND one.prosecdef AND one.pronamespace = 'public'::regnamespace))
           AND pg_has_role(me.oid, other.oid, 'MEMBER')),
       EXISTS (SELECT FROM pg_class one
                WHERE one.relnamespace = 'public'::regnamespace AND one.relkind IN ('r', 'p')
                  AND has_table_privilege(current_user, one.oid, 'TRUNCATE'))
  FROM pg_roles me WHERE me.rolname = current_user
"""


class RoleTooStrong(SystemExit):
    """Row-level security would not bind this process, so it does not start."""


@dataclass(frozen=True, slots=True)
class Strength:
    """What a role may do that would open the walls between workspaces."""

    name: str
    is_superuser: bool
    bypasses: bool
    makes_roles: (
        bool  # before PostgreSQL 16 it could let itself into any that is no superuser
    )
    # A superuser, or one that bypasses, of which it is a member.
    unbound_role: str | None
    owns: bool
    crossing_role: str | None  # one that looks across workspaces, likewise
    truncates: bool

    @property
    def problem(self) -> str:
        """Empty for a role that is bound."""
        if self.is_superuser:
            return f"{self.name} is a superuser"
        if self.bypasses:
            return f"{self.name} bypasses row-level security"
        if self.makes_roles:
            return f"{self.name} may make roles, and itself a member of others"
        if self.unbound_role is not None:
            return (
                f"{self.name} is a member of {self.unbound_role}, which row-level"
                " security does not bind"
            )
        if self.owns:
            return f"{self.name} owns the tables, or is a member of the role that does"
        if self.crossing_role is not None:
            return (
                f"{self.name} is a member of {self.crossing_role}, which looks across"
                " workspaces"
            )
        if self.truncates:
            return f"{self.name} may truncate tables"
        return ""


def become_owner() -> None:
    """For the rest of this process, before it has connected."""
    if settings.DATABASE_OWNER is None:
        return
    chosen = connections["default"].settings_dict
    connections["default"].close()
    for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT"):
        chosen[name] = settings.DATABASE_OWNER[name]


async def strength(
    database: "psycopg.AsyncConnection[tuple[object, ...]]",
) -> Strength:
    cursor = await database.execute(_STRENGTH)
    row = await cursor.fetchone()
    return Strength(*row)  # type: ignore[misc]  # one row, of these columns


async def refuse_strong_role() -> bool:
    """At the start of web, receiver, worker and beat; whether the database could be asked.

    Raises RoleTooStrong. Where the database is away, /readyz asks web and receiver again.
    """
    if not settings.HAS_WALLS:
        return True
    try:
        async with (
            asyncio.timeout(direct.CONNECT_SECONDS),
            await direct.connect() as one,
        ):
            problem = (await strength(one)).problem
    except (OSError, psycopg.Error) as error:
        logger.warning(
            "database not there at the start", extra={"error": type(error).__name__}
        )
        return False
    if problem:
        raise RoleTooStrong(f"Recado cannot start: {problem}. {CURE}")
    return True


async def wait_for_bound_role() -> None:
    """Worker and beat begin with the database: nobody asks them for /readyz later, and
    without it they have nothing to do. Raises RoleTooStrong."""
    while not await refuse_strong_role():
        await asyncio.sleep(AGAIN_SECONDS)
