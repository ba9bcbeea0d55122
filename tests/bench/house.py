"""The servers and children that are measured: started as `manage.py up` starts them.

They live in a directory of their own and end with the bench. Nothing is started before a
measure asks for it, and nothing that was already running is touched.
"""

import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from config.embedded import files, launch, postgres, supervisor, valkey
from tests import walls
from tests.servers import drop_database, lend_app_role

PATIENCE = 60.0
# What is kept of the caller's environment.
_KEPT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")

# Where one of autovacuum's own thresholds is near.
_TO_VACUUM = """
SELECT stat.relname FROM pg_stat_user_tables stat JOIN pg_class ON oid = relid
 WHERE greatest(n_dead_tup, n_mod_since_analyze, n_ins_since_vacuum)
       > 50 + 0.1 * greatest(reltuples, 0)
"""


class HouseFailed(RuntimeError):
    """Something did not start; the text has its last lines."""


@dataclass
class House:
    """Used as a context. `is_quick` asks every measure for a scaled-down run."""

    database_url: str | None = None
    is_quick: bool = False
    # What one measure leaves for a later one, by name.
    figures: dict[str, float] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self.is_ready = False
        var = files.var_dir()
        var.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="bench-", dir=var))
        self._stack.callback(shutil.rmtree, self.home, ignore_errors=True)
        if launch.becomes_nobody():
            self.home.chmod(0o711)
        self.sockets = launch.socket_directory(self.home)
        self._stack.callback(shutil.rmtree, self.sockets, ignore_errors=True)
        self.log = self.home / "log"
        self.log.mkdir()
        # No setting of another installation reaches us or a child of ours.
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        os.environ.clear()
        os.environ.update(kept)
        files.ensure_keys(self.home)
        self.env = kept | self._environment()
        # Children run as everything does. This process furnishes the house: as the owner.
        os.environ.update(self.env | {"DATABASE_URL": self.env["DATABASE_OWNER_URL"]})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _environment(self) -> dict[str, str]:
        database = postgres.url(self.sockets)
        owner = postgres.owner_url(self.sockets)
        if self.database_url:
            name = f"recado_bench_{secrets.token_hex(4)}"
            owner = _with_database(self.database_url, name)
            database = walls.app_url(self.database_url, name)
        return {
            **files.read(files.keys_file(self.home)),
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "RECADO_VAR_DIR": str(self.home),
            "PUBLIC_URL": f"http://{supervisor.HOST}",
            "DATABASE_URL": database,
            "DATABASE_OWNER_URL": owner,
            "REDIS_URL": valkey.url(self.sockets),
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",
            # What is measured is the work, not the patience with one sender.
            "RATE_WEBHOOK_REQUESTS": "1000000/1s",
            "RATE_WEBHOOK_BYTES": "900000000/1s",
            "RATE_API_TOKEN": "100000000/1m",
            "RATE_API_ADDRESS": "100000000/1m",
        }

    # --- servers ------------------------------------------------------------
    def ready(self) -> None:
        """Servers run and the database is migrated; cheap when it has been said before."""
        if self.is_ready:
            return
        if self.database_url:
            try:
                self._make_database(self.database_url)
            except psycopg.Error as problem:
                raise HouseFailed(f"--database-url: {problem}") from None
        else:
            server = postgres.start(
                data=self.home / "postgres",
                sockets=self.sockets,
                log=self.log / "postgres.log",
            )
            self._stack.callback(postgres.stop, server)
            lend_app_role(self.sockets)
        broker = valkey.start(
            data=self.home / "valkey",
            sockets=self.sockets,
            log=self.log / "valkey.log",
        )
        self._stack.callback(valkey.stop, broker)
        self.run("manage.py", "migrate", "--verbosity", "0")
        walls.let_owner_see(self.env["DATABASE_OWNER_URL"])
        self._stack.callback(_hang_up)
        self.is_ready = True

    def calm(self) -> None:
        """Do at once what autovacuum would do for the measure before, in the time of the next."""
        if not self.is_ready:
            return
        with self.connect() as connection:
            for (name,) in connection.execute(_TO_VACUUM).fetchall():
                table = sql.Identifier(str(name))
                connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(table))

    def _make_database(self, server: str) -> None:
        """A database of our own on somebody's server, dropped at the end."""
        name = urlsplit(self.env["DATABASE_OWNER_URL"]).path[1:]
        _administer(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self._stack.callback(drop_database, server, name)

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A plain connection, with nothing of Django's about it, and the owner's eyes."""
        return psycopg.connect(self.env["DATABASE_OWNER_URL"], autocommit=True)

    def execute(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement.encode())

    def count(self, query: str) -> int:
        with self.connect() as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(str(row[0])) if row else 0

    def version(self) -> str:
        if not self.is_ready:
            return "not started"
        with self.connect() as connection:
            version = connection.info.parameter_status("server_version")
        return f"{version}, {'given' if self.database_url else 'embedded'}"

    # --- children -----------------------------------------------------------
    def run(self, *command: str, env: dict[str, str] | None = None) -> None:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=files.BASE_DIR,
            env=self.env | (env or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise HouseFailed(f"{' '.join(command)} failed:\n{done.stderr[-1500:]}")

    @contextmanager
    def running(self, *names: str) -> Iterator[tuple[str, int]]:
        """The named children of `manage.py up`, ready to work; gives web's address."""
        port = free_port()
        commands = supervisor.child_commands(port)
        with ExitStack() as stack:
            for name in names:
                child = self._spawn(name, commands[name])
                stack.callback(launch.stop, child, signal.SIGTERM, patience=10)
            if "web" in names:
                self._wait("web", lambda: _answers(port))
            if "worker" in names:
                self._wait("worker", _worker_answers)
            yield supervisor.HOST, port

    @contextmanager
    def pages(self, **settings: str) -> Iterator[tuple[str, int]]:
        """The pages as the image serves them: its settings, its server, its static files."""
        production = {
            **settings,
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "PUBLIC_URL": "https://recado.example",
            "STATIC_ROOT": str(self.home / "static"),
        }
        self.run("manage.py", "collectstatic", "--noinput", "-v0", env=production)
        port = free_port()
        serving = ["--interface", "wsgi", "--host", supervisor.HOST]
        serving += ["--port", str(port), "--blocking-threads", "8", "--no-ws"]
        command = ["-m", "granian", *serving, "config.wsgi:application"]
        child = self._spawn("pages", command, env=production)
        try:
            self._wait("pages", lambda: _answers(port))
            yield supervisor.HOST, port
        finally:
            launch.stop(child, signal.SIGTERM, patience=10)

    @contextmanager
    def streams(
        self, **settings: str
    ) -> Iterator[tuple[tuple[str, int], "subprocess.Popen[bytes]"]]:
        """The process of event streams as the compose file serves it; address and process."""
        production = {
            **settings,
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "PUBLIC_URL": "https://recado.example",
            "STATIC_ROOT": str(self.home / "static"),
        }
        port = free_port()
        serving = ["--interface", "asgi", "--host", supervisor.HOST]
        serving += ["--port", str(port), "--workers", "1", "--backpressure", "8192"]
        command = ["-m", "granian", *serving, "--no-ws", "config.asgi:application"]
        child = self._spawn("streams", command, env=production)
        try:
            self._wait("streams", lambda: _answers(port))
            yield (supervisor.HOST, port), child
        finally:
            launch.stop(child, signal.SIGTERM, patience=10)

    def _spawn(
        self, name: str, command: list[str], *, env: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        with (self.log / f"{name}.log").open("ab") as output:
            return launch.spawn(
                [*launch.dies_with_us("TERM"), sys.executable, *command],
                log=output,
                cwd=files.BASE_DIR,
                env={**self.env, **(env or {}), "RECADO_PROCESS": name},
            )

    def _wait(self, name: str, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            if time.monotonic() > deadline:
                said = launch.tail(self.log / f"{name}.log")
                raise HouseFailed(f"{name} did not start:\n{said}")
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((supervisor.HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(supervisor.HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _worker_answers() -> bool:
    from config.celery_app import app

    return bool(app.control.ping(timeout=0.3))


def _hang_up() -> None:
    from django.db import connection

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # of the PostgreSQL backend


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _administer(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
