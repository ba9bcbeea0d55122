"""One statement for many rows: arrays in, tuples out.

Django's own cursor writes parameters into the SQL text; for arrays of bodies and messages
that costs more than the query. This runs the same connection and transaction with the
parameters sent apart, and prepared.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, cast

import psycopg
from django.db import connection
from django.db.models.expressions import RawSQL

_PLACEHOLDER = re.compile(r"%(\(\w+\))?s")

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
    cursor.execute(_in_binary(sql), parameters, prepare=True)


@lru_cache(maxsize=256)
def _in_binary(sql: str) -> bytes:
    """The statement with `%b` for `%s`: arrays of text need no quoting then."""
    return _PLACEHOLDER.sub(r"%\1b", sql).encode()


_PLAN = "SELECT set_config('plan_cache_mode', %s, true)"


@contextmanager
def planned_for_each() -> Iterator[None]:
    """Plan every statement for the rows it is given. Inside a transaction.

    For what writes thousands of rows and looks them up again: a plan made while a table was
    small would be kept, and nobody counts the rows before the commit. The checks at the
    commit are left out: each would be planned anew for its one row. An error needs nothing
    put back: the rollback does it.
    """
    ((before,),) = run("SELECT current_setting('plan_cache_mode')")
    run(_PLAN, ["force_custom_plan"])
    yield
    run(_PLAN, [before])


def each_of(ids: Iterable[int]) -> RawSQL:
    """For `filter(pk__in=each_of(ids))`: one parameter, where a list is one for each."""
    return RawSQL("SELECT unnest(%s::bigint[])", [list(ids)])


# Above this many names one lock on the whole workspace stands for all of them: PostgreSQL's
# lock table is shared and finite.
_MOST_LOCKS = 600


def lock(workspace_id: int, names: Iterable[str]) -> None:
    """Hold these names until the transaction ends, so that batches that share one queue up.

    Everyone shares the lock on the workspace first, unless there are so many names that it
    is taken alone; then names are taken in one order. Hence without deadlocks.
    """
    wanted = set(names)
    space = workspace_id & 0x7FFFFFFF
    if len(wanted) > _MOST_LOCKS:
        lock_workspace(workspace_id)
        return
    run(
        """
        SELECT count(*) FROM (
            SELECT pg_advisory_xact_lock(%(space)s::int, number) FROM (
                SELECT DISTINCT hashtext(name) AS number
                  FROM unnest(%(names)s::text[]) AS name ORDER BY number
            ) AS sorted
             WHERE (SELECT pg_advisory_xact_lock_shared(%(space)s::bigint)::text) IS NOT NULL
            OFFSET 0
        ) AS held
        """,
        {"space": space, "names": list(wanted)},
    )


def lock_workspace(workspace_id: int) -> None:
    """Hold every name of a workspace until the transaction ends."""
    run("SELECT pg_advisory_xact_lock(%s)", [workspace_id & 0x7FFFFFFF])


# Beside the key of the workspace itself, which names are taken under.
_GATE = 1 << 40


def pass_gate(workspace_id: int) -> None:
    """Any number of batches pass at once; each asks who is who only after this."""
    run("SELECT pg_advisory_xact_lock_shared(%s)", [_GATE | workspace_id])


def shut_gate(workspace_id: int) -> None:
    """Wait for the batches that are on their way, and let none begin until we are done.

    For what changes who is who, such as a merge: a batch has read that once. Ask for it
    before anything else is held.
    """
    run("SELECT pg_advisory_xact_lock(%s)", [_GATE | workspace_id])
