"""Pytest plug-in: PostgreSQL and Redis for the suite, started when none is set.

Loaded by `-p tests.servers` before Django reads its settings. The workers of pytest-xdist
inherit the controller's environment and so share its servers.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from accounts.roles import Roles
from config.embedded import launch, postgres, valkey

_stops: list[Callable[[], object]] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config,
) -> Generator[None, object, object]:
    """A wrapper, because it must run before pytest-django loads the settings."""
    try:
        _start_missing()
    except launch.ServerFailed as failure:
        _stop_all()
        raise pytest.UsageError(str(failure)) from None
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _stop_all()


def _start_missing() -> None:
    missing = [
        name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)
    ]
    if not missing:
        return
    home = Path(tempfile.mkdtemp(prefix="recado-test-"))
    # Registered first, so that it runs last.
    _stops.append(lambda: shutil.rmtree(home, ignore_errors=True))
    atexit.register(_stop_all)
    if launch.becomes_nobody():
        home.chmod(0o711)
    sockets = launch.socket_directory(home)
    if "DATABASE_URL" in missing:
        server = postgres.start(
            data=home / "postgres",
            sockets=sockets,
            log=home / "log" / "postgres.log",
            throw_away=True,
        )
        _promise(postgres.stop, server)
        os.environ["DATABASE_URL"] = postgres.owner_url(sockets)
        lend_app_role(sockets)
    if "REDIS_URL" in missing:
        server = valkey.start(
            data=home / "valkey", sockets=sockets, log=home / "log" / "valkey.log"
        )
        _promise(valkey.stop, server)
        os.environ["REDIS_URL"] = valkey.url(sockets)


def lend_app_role(sockets: Path) -> None:
    """The owner acts as the run-time role where product code runs; see tests/walls.py."""
    names = {"owner": sql.Identifier(postgres.OWNER)}
    names["app"] = sql.Identifier(Roles(postgres.OWNER).app)
    server = f"postgresql://postgres@/postgres?host={sockets}"
    with psycopg.connect(server, autocommit=True) as superuser:
        superuser.execute(sql.SQL("GRANT {app} TO {owner}").format(**names))


def drop_database(server: str, name: str) -> None:
    """Whoever is in it; again where autovacuum is, which is not ours to end and soon gone."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
        sql.Identifier(name)
    )
    with psycopg.connect(server, autocommit=True) as connection:
        for _ in range(60):
            with suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute(drop)
                return
            time.sleep(0.5)
    raise RuntimeError(f"the database {name} could not be dropped")


def _promise(
    stop: Callable[[subprocess.Popen[bytes]], int], server: subprocess.Popen[bytes]
) -> None:
    _stops.append(lambda: stop(server))


def _stop_all() -> None:
    while _stops:
        _stops.pop()()
