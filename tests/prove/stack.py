"""All of Recado in a directory of its own, started as `manage.py up` starts it."""

import functools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from config.embedded import files, launch, postgres, valkey
from config.embedded.supervisor import HOST, child_commands
from tests.factories.integrations import META_CREDENTIALS
from tests.prove.processes import Process
from tests.prove.report import say

START_PATIENCE = 60.0
# What a caller's environment must not decide for the processes under proof.
_OURS = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "PUBLIC_URL"),
    *("SECRET_KEY", "INTEGRATIONS_KEY"),
)

# Clients here post faster than a provider does for one number; `flood` has a receiver of
# its own, with the quotas as they are delivered.
_UNLIMITED = dict.fromkeys(
    ("RATE_WEBHOOK_REQUESTS", "RATE_WEBHOOK_BYTES", "RATE_WEBHOOK_STRANGERS"), "off"
)


class Stack:
    """PostgreSQL, Valkey, receiver, worker and beat; everything is gone after `close`."""

    def __init__(self, *, settings: dict[str, str]) -> None:
        self.var = Path(tempfile.mkdtemp(prefix="recado-prove-"))
        if launch.becomes_nobody():
            self.var.chmod(0o711)
        self.sockets = launch.socket_directory(self.var)
        self.port = _free_port()
        self.processes: dict[str, Process] = {}
        self.env = self._environment(settings)
        self.webhook_path = ""

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _OURS and not name.startswith(("PYTEST", "COV_"))
        }
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "RECADO_VAR_DIR": str(self.var),
            "DATABASE_URL": postgres.url(self.sockets),
            "DATABASE_OWNER_URL": postgres.owner_url(self.sockets),
            "REDIS_URL": valkey.url(self.sockets),
            "PUBLIC_URL": f"http://{HOST}:{self.port}",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "INTEGRATIONS_KEY": secrets.token_hex(32),
            "LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
            **_UNLIMITED,
            **settings,
        }

    # --- starting and stopping ----------------------------------------------
    def open(self) -> None:
        say("starting PostgreSQL, Valkey, receiver, worker and beat")
        self._add("postgres", self._start_postgres)
        self._add("valkey", self._start_valkey)
        self.manage("migrate", "--verbosity", "0")
        for name, command in child_commands(self.port).items():
            self._add(name, functools.partial(self._spawn, name, command))
        self.manage("add_workspace", "--slug", "prove", "--name", "Prove", "--json")
        connected = self.manage(
            *("add_integration", "--workspace", "prove"),
            *("--provider", "meta_cloud", "--name", "Prove"),
            given=META_CREDENTIALS,
        )
        self.webhook_path = urlsplit(connected["webhook_url"]).path
        self.wait_until(self.answers, "the receiver does not answer")

    def close(self) -> None:
        """The users of the servers first, then the servers, then the directory."""
        for process in reversed(self.processes.values()):
            process.send(signal.SIGCONT)
            is_server = process.name in {"postgres", "valkey"}
            if is_server:
                process.stop(signal.SIGINT)
            else:
                process.kill()
        if self.sockets.parent != self.var:
            shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self.var, ignore_errors=True)

    def _add(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> Process:
        process = self.processes[name] = Process(name, start)
        process.start()
        return process

    def _start_postgres(self) -> subprocess.Popen[bytes]:
        return postgres.start(
            data=self.var / "postgres",
            sockets=self.sockets,
            log=self.var / "log" / "postgres.log",
        )

    def _start_valkey(self) -> subprocess.Popen[bytes]:
        return valkey.start(
            data=self.var / "valkey",
            sockets=self.sockets,
            log=self.var / "log" / "valkey.log",
        )

    def _spawn(
        self, name: str, command: list[str], **settings: str
    ) -> subprocess.Popen[bytes]:
        with self.log(name).open("ab") as output:
            return launch.spawn(
                [*launch.dies_with_us("TERM"), sys.executable, *command],
                log=output,
                cwd=files.BASE_DIR,
                env={**self.env, "RECADO_PROCESS": name, **settings},
            )

    def add_receiver(self, name: str, **settings: str) -> int:
        """One more receiver, with a new installation's quotas but for `settings`; its port."""
        port = _free_port()
        command = child_commands(port)["web"]
        quotas = dict.fromkeys(_UNLIMITED, "") | settings
        self._add(name, lambda: self._spawn(name, command, **quotas))
        self.wait_until(lambda: _listens(port), f"{name} does not answer")
        return port

    def add_worker(self, name: str, **settings: str) -> Process:
        """One more worker, like the first."""
        command = child_commands(self.port)["worker"]
        return self._add_worker(name, command, settings)

    def add_faulty_worker(self, name: str, **settings: str) -> Process:
        """A worker with faults patched into it; see `faulty_worker`."""
        return self._add_worker(name, ["-m", "tests.prove.faulty_worker"], settings)

    def _add_worker(
        self, name: str, command: list[str], settings: dict[str, str]
    ) -> Process:
        """Returns when its children are there, and so nearly listening."""
        worker = self._add(name, lambda: self._spawn(name, command, **settings))
        self.wait_until(lambda: len(worker.family()) > 1, f"{name} did not start")
        return worker

    def remove(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send(signal.SIGCONT)
        process.kill()

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def manage(self, *command: str, given: object = None) -> dict[str, Any]:
        """Run a command of ours and return what it said as JSON."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            cwd=files.BASE_DIR,
            env=self.env,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer

    # --- looking ------------------------------------------------------------
    def answers(self) -> bool:
        return _listens(self.port)

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """As the superuser, past every scope and cache of the product."""
        with psycopg.connect(
            host=str(self.sockets),
            user="postgres",
            dbname=postgres.DATABASE,
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def count(self, query: str, *parameters: object) -> int:
        return int(self.sql(query, *parameters)[0][0])

    def undone(self) -> int:
        return self.count(
            "SELECT count(*) FROM webhooks_rawwebhook WHERE state IN ('received', 'leased')"
        )

    def wait_until_done(self, seconds: float) -> float:
        """Until no row is undone, or the time is up. Returns the seconds it took."""
        started = time.monotonic()
        while self.undone() and time.monotonic() - started < seconds:
            time.sleep(0.2)
        return time.monotonic() - started

    def wait_until(
        self,
        condition: Callable[[], object],
        complaint: str,
        *,
        seconds: float = START_PATIENCE,
    ) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(complaint)
            time.sleep(0.05)

    def empty(self) -> None:
        """Forget every webhook and all that came of them; the number stays connected."""
        tables = [
            name
            for (name,) in self.sql(
                "SELECT tablename FROM pg_tables WHERE tablename LIKE 'whatsapp\\_%'"
                # To the fence an emptied number would be an older database.
                " AND tablename <> 'whatsapp_outboxfence'"
            )
        ]
        self.sql(f"TRUNCATE webhooks_rawwebhook, {', '.join(tables)} CASCADE")


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
