"""Which role this process is in PostgreSQL: the owner for `migrate`, else a bound one."""

import asyncio
import logging
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import connections

from accounts import direct

logger = logging.getLogger(__name__)

CURE = (
    "Set DATABASE_URL to the run-time role (`manage.py database_roles` makes it) and "
    "DATABASE_OWNER_URL to the owner, which only migrations use."
)
_STRENGTH = """
SELECT current_user::text, me.rolsuper, me.rolbypassrls,
       EXISTS (SELECT FROM pg_class one
                WHERE one.relnamespace = 'public'::regnamespace AND one.relkind IN ('r', 'p')
                  AND pg_has_role(current_user, one.relowner, 'MEMBER')),
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
    owns: bool
    truncates: bool

    @property
    def problem(self) -> str:
        """Empty for a role that is bound."""
        if self.is_superuser:
            return f"{self.name} is a superuser"
        if self.bypasses:
            return f"{self.name} bypasses row-level security"
        if self.owns:
            return f"{self.name} owns the tables, or is a member of the role that does"
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


async def refuse_strong_role() -> None:
    """At the start of web, receiver, worker and beat. A database that is away is told later:
    /readyz asks the same again."""
    if not settings.HAS_WALLS:
        return
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
        return
    if problem:
        raise RoleTooStrong(f"Recado cannot start: {problem}. {CURE}")
