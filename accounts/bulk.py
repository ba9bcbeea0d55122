"""One statement for many rows: arrays in, tuples out.

Django's own cursor writes parameters into the SQL text; for arrays of bodies and messages
that costs more than the query. This runs the same connection and transaction with the
parameters sent apart, and prepared.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import psycopg
from django.db import connection

Parameters = Sequence[Any] | Mapping[str, Any]


def run(sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """Execute and return all rows; an empty list when the statement returns none."""
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(
            cast("psycopg.Connection[Any]", connection.connection)
        ) as cursor,
    ):
        execute = partial(_execute, cursor)
        for wrapper in reversed(connection.execute_wrappers):
            execute = partial(wrapper, execute)
        execute(sql, parameters, False, {"connection": connection, "cursor": cursor})
        return cursor.fetchall() if cursor.description else []


def _execute(
    cursor: psycopg.Cursor[Any],
    sql: str,
    parameters: Parameters,
    many: bool,  # the signature of Django's execute wrappers
    context: Mapping[str, Any],
) -> None:
    cursor.execute(sql.encode(), parameters, prepare=True)


def lock(workspace_id: int, names: Sequence[str]) -> None:
    """Hold these names until the transaction ends, so that batches that share one queue up.

    Names fall into 256 buckets of a workspace: a batch of thousands of people stays within
    PostgreSQL's lock table. Taken in one order, hence without deadlocks.
    """
    run(
        """
        SELECT pg_advisory_xact_lock(%(space)s, bucket) FROM (
            SELECT DISTINCT hashtext(name) & 255 AS bucket
              FROM unnest(%(names)s::text[]) AS name ORDER BY bucket
        ) AS sorted
        """,
        {"space": workspace_id & 0x7FFFFFFF, "names": list(names)},
    )
