"""The database of tests that commit, emptied after each of them.

Django truncates every table and tells each app that it was migrated, which is most of what
such a test takes. Here rows are deleted where there are any.
"""

from functools import cache
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase
from psycopg import sql

# What migrations leave in them, and no test changes.
_KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})
_ROUNDS = 10


def install() -> None:
    case: Any = TransactionTestCase  # how it ends is not in its types
    case._fixture_teardown = _empty_all


def _empty_all(case: Any) -> None:
    for name in case._databases_names(include_mirrors=False):
        empty(connections[name])


def empty(connection: BaseDatabaseWrapper) -> None:
    # What a trigger notes of deleted rows is deleted the next time round.
    for _ in range(_ROUNDS):
        if not (full := _full(connection)):
            return
        # Foreign keys are looked at when it is committed, so the order does not matter.
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for table in full:
                cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    raise AssertionError(f"these fill again while they are emptied: {full}")


def _full(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_asked(connection.alias))
        return [name for (name,) in cursor.fetchall()]


@cache
def _asked(alias: str) -> sql.Composable:
    tables = connections[alias].introspection.django_table_names(
        only_existing=True, include_views=False
    )
    one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    return sql.SQL(" UNION ALL ").join(
        one.format(sql.Literal(table), sql.Identifier(table))
        for table in tables
        if table not in _KEPT
    )
