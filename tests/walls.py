"""Who the tests are in the database: the owner, who sees everything, and the product, bound.

Factories and assertions act as the owner of the test database, whom a policy that exists
there alone lets through. What enters as the product does (a request, a command, a drain, a
thread of the receiver) runs as the run-time role, so that every such test proves the walls.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.roles import Roles

_mine = threading.local()


def app_role() -> str:
    return Roles(connection.settings_dict["USER"]).app


def prepare() -> None:
    """Once for each test database, after its migrations."""
    owner = connection.ops.quote_name(connection.settings_dict["USER"])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname FROM pg_class WHERE relrowsecurity
               AND NOT EXISTS (SELECT FROM pg_policy
                                WHERE polrelid = pg_class.oid AND polname = 'tests')
            """
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"CREATE POLICY tests ON {table} TO {owner} USING (true) WITH CHECK (true)"
            )
    # Connections made from now on, the receiver's own among them, are the product's.
    connections["default"].settings_dict["OPTIONS"]["assume_role"] = app_role()
    connection_created.connect(_be_somebody)


def _be_somebody(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """The main thread is the test's; every other one belongs to the product."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and not getattr(_mine, "depth", 0):
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


@contextmanager
def as_app() -> Iterator[None]:
    """Run product code as PostgreSQL binds it in production."""
    depth = getattr(_mine, "depth", 0)
    _mine.depth = depth + 1
    if not depth and connection.connection is not None:
        _become(app_role())
    try:
        yield
    finally:
        _mine.depth = depth
        if not depth and _is_usable():
            _become(None)


@contextmanager
def as_owner() -> Iterator[None]:
    """Look at rows from a thread that is otherwise the product's."""
    _become(None)
    try:
        yield
    finally:
        _become(app_role())


def _become(role: str | None) -> None:
    with connection.cursor() as cursor:
        if role is None:
            cursor.execute("RESET ROLE")
        else:
            cursor.execute(f"SET ROLE {connection.ops.quote_name(role)}")


def _is_usable() -> bool:
    """Not while an error of the code under test still has to reach its test."""
    if connection.connection is None or connection.connection.closed:
        return False
    return not (connection.in_atomic_block and connection.needs_rollback)


class RunAsApp:
    """The outermost middleware of the tests; what is streamed runs as the product too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with as_app():
            response = self.get_response(request)
            if response.streaming and not response.is_async:
                response.streaming_content = _as_app_throughout(
                    response.streaming_content
                )
            return response


def _as_app_throughout(pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with as_app():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
