"""Who the tests are in the database: the owner, who sees everything, and the product, bound.

Factories and assertions act as the owner of the test database, whom a policy that exists
there alone lets through. What enters as the product does (a request, a command, a drain, a
thread of the receiver) runs as the run-time role, so that every such test proves the walls.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.roles import Roles

_mine = threading.local()


def app_role() -> str:
    return Roles(connection.settings_dict["USER"]).app


def prepare() -> None:
    """Once for each test database, after its migrations."""
    with connection.cursor() as cursor:
        cursor.execute(_LET_OWNER_SEE)
    # Connections made from now on, the receiver's own among them, are the product's.
    connections["default"].settings_dict["OPTIONS"]["assume_role"] = app_role()
    connection_created.connect(_be_somebody)
    settings.MIDDLEWARE.insert(0, f"{__name__}.RunAsApp")


_LET_OWNER_SEE = """
DO $$
DECLARE guarded regclass;
BEGIN
    FOR guarded IN SELECT oid FROM pg_class WHERE relrowsecurity
                      AND NOT EXISTS (SELECT FROM pg_policy
                                       WHERE polrelid = pg_class.oid AND polname = 'tests')
    LOOP
        EXECUTE format('CREATE POLICY tests ON %s TO CURRENT_USER'
                       ' USING (true) WITH CHECK (true)', guarded);
    END LOOP;
END
$$
"""


def let_owner_see(owner_url: str) -> None:
    """For the bench and the proof, in databases that they make themselves."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(_LET_OWNER_SEE)


def app_url(owner_url: str, database: str) -> str:
    """A database as the run-time role signs in to it, with its owner's password if any."""
    parts = urlsplit(owner_url)
    who, _, place = parts.netloc.rpartition("@")
    name, colon, password = who.partition(":")
    netloc = f"{Roles(name).app}{colon}{password}@{place}"
    return parts._replace(netloc=netloc, path=f"/{database}").geturl()


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
    try:
        if not depth and connection.connection is not None:
            # A server that is away, or one the test may not ask, is for the product to meet.
            with suppress(OperationalError, InterfaceError, RuntimeError):
                _become(app_role())
        yield
    finally:
        _mine.depth = depth
        if not depth and _is_usable():
            with suppress(OperationalError, InterfaceError, RuntimeError):
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

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with as_app():
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                pieces = cast("Iterator[bytes]", response.streaming_content)
                response.streaming_content = _as_app_throughout(pieces)
            return response


def _as_app_throughout(pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with as_app():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


_FRAME = (
    "SELECT set_config('app.workspace_id'",
    *(
        "SET ROLE",
        "RESET ROLE",
        "SAVEPOINT",
        "RELEASE",
        "ROLLBACK TO",
        "BEGIN",
        "COMMIT",
    ),
)


def is_frame(sql: str) -> bool:
    """Whether a statement opens or closes a role, a transaction or a workspace."""
    return sql.lstrip().startswith(_FRAME)


@contextmanager
def asked() -> Iterator[list[str]]:
    """The queries inside, without what opens and closes roles and transactions.

    The walls cost each page three statements more, whatever is on it: a savepoint or a
    transaction, its workspace, and its end.
    """
    said: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if not is_frame(sql):
            said.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield said
