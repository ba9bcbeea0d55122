"""`manage.py up`: one command that runs all of Recado and stops all of it.

It starts before Django does, because it decides which database Django will find. Nothing
outlives it: children die with their parent, and it stops when its own parent goes.
"""

import argparse
import contextlib
import functools
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

from config.embedded import central, children, files, launch, postgres, valkey
from config.embedded.children import Child, CrashLoop, Pipes, Terminal
from config.embedded.launch import ServerFailed

HOST = "127.0.0.1"
READY_PATIENCE = 90.0
STOP_PATIENCE = 10.0


class Stopped(Exception):
    """Somebody asked us to stop while we were still starting."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        default=os.environ.get("PORT") or "8000",
        help="port on 127.0.0.1 (default: 8000, or PORT)",
    )
    parser.add_argument(
        "--no-demo",
        action="store_true",
        help="leave an empty database empty: no demo workspace, no first message",
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return run(port=options.port, demo=not options.no_demo)


def run(*, port: str, demo: bool) -> int:
    """Until somebody stops us. Returns the exit code."""
    supervisor = Supervisor(terminal=Terminal(as_json=_wants_json()))
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, supervisor.ask_to_stop)
    try:
        supervisor.start(port=_port(port), demo=demo)
        supervisor.watch()
    except Stopped:
        pass
    except (ServerFailed, CrashLoop) as failure:
        supervisor.say(f"Recado cannot run: {failure}")
        return 1
    finally:
        supervisor.stop()
    return 0


def _wants_json() -> bool:
    return os.environ.get("LOG_FORMAT", "console") == "json"


def _port(value: str) -> int:
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise ServerFailed(f"PORT is {value!r}. Set it to a number from 1 to 65535.")
    return int(value)


class Supervisor:
    """The order of starting and stopping; what a child is lives in `children`."""

    def __init__(self, *, terminal: Terminal) -> None:
        self.terminal = terminal
        self.pipes = Pipes(terminal)
        self.var = files.var_dir()
        self.parent = os.getppid()
        self.env = dict(os.environ)
        self.servers: list[Child] = []
        self.workers: list[Child] = []
        self.central: central.Plan | None = None
        self.wants_stop = False
        self._lock: object = None

    def ask_to_stop(self, sign: int, frame: FrameType | None) -> None:
        self.wants_stop = True

    def say(self, text: str) -> None:
        for line in text.splitlines():
            self.terminal.line("recado", line)

    # --- starting -----------------------------------------------------------
    def start(self, *, port: int, demo: bool) -> None:
        wants_central = central.is_wanted(self.env)
        beside = central.port_beside(port, self.env)
        self._require_port(port, cure=f"make run PORT={port + 1}")
        if wants_central:
            self._require_port(beside, cure=f"make run CENTRAL_PORT={beside + 1}")
        self.var.mkdir(parents=True, exist_ok=True)
        self._lock = files.take_lock(self.var)
        keys = (*files.MADE_KEYS, *(central.MADE_KEYS if wants_central else ()))
        if files.ensure_keys(self.var, keys):
            self.say(f"made keys in {files.keys_file(self.var)}: back this file up")
        self._prepare_environment(port)
        self._start_servers()
        if wants_central:
            self._plan_central(beside)
        self._tell_servers()
        self.say("migrating the database")
        if self.step("migrate", "manage.py", "migrate", "--verbosity", "0") != 0:
            raise ServerFailed("the migration failed; its lines above say why.")
        if self.central is not None:
            self._start_central(self.central)
        self._start_workers(port)
        self._wait_until_ready(port, "/readyz")
        address = f"http://{HOST}:{port}"
        self.say(f"ready at {address}")
        who = [self.central.url, self.env["CENTRAL_FIRST_SUB"]] if self.central else []
        if demo and self.step("recado", "-m", "config.demo", address, *who) != 0:
            self.say("the demo could not be made; Recado itself runs")
        self.say("Ctrl-C stops everything")

    def _require_port(self, port: int, *, cure: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as problem:
                raise ServerFailed(
                    f"port {port} cannot be used ({problem.strerror}). Choose another: "
                    f"`{cure}`."
                ) from None

    def _prepare_environment(self, port: int) -> None:
        for name, value in files.read(files.keys_file(self.var)).items():
            if not self.env.get(name):
                self.env[name] = value
        self.env.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
        self.env.setdefault("PUBLIC_URL", f"http://{HOST}:{port}")
        self.env["RECADO_VAR_DIR"] = str(self.var)
        self.env["PYTHONUNBUFFERED"] = "1"
        # glibc gives every thread an arena of its own; two keep the processes small.
        self.env.setdefault("MALLOC_ARENA_MAX", "2")

    def _start_servers(self) -> None:
        sockets = launch.socket_directory(self.var)
        logs = self.var / "log"
        if not self.env.get("DATABASE_URL"):
            self.say("starting PostgreSQL")
            self._serve(
                "postgres",
                lambda: postgres.start(
                    data=self.var / "postgres",
                    sockets=sockets,
                    log=logs / "postgres.log",
                ),
                sign=signal.SIGINT,
            )
            self.env["DATABASE_URL"] = postgres.url(sockets)
            self.env["DATABASE_OWNER_URL"] = postgres.owner_url(sockets)
            self.env.setdefault("CENTRAL_DATABASE_URL", postgres.central_url(sockets))
        elif not self.env.get("DATABASE_OWNER_URL"):
            self._settle_roles()
        if not self.env.get("REDIS_URL"):
            self.say("starting Valkey")
            self._serve(
                "valkey",
                lambda: valkey.start(
                    data=self.var / "valkey", sockets=sockets, log=logs / "valkey.log"
                ),
                sign=signal.SIGTERM,
            )
            self.env["REDIS_URL"] = valkey.url(sockets)

    def _plan_central(self, port: int) -> None:
        self.central = central.plan(port, self.env)
        self.env.update(self.central.told)
        url = self.env["CENTRAL_DATABASE_URL"]
        if self.step("central", "-m", "config.embedded.central", url) != 0:
            raise ServerFailed("the central OAuth server has no database; see above.")

    def _tell_servers(self) -> None:
        names = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "PUBLIC_URL")
        told = {name: self.env[name] for name in names}
        if self.central is not None:
            told |= self.central.told
        files.write_servers(self.var, told)

    def _start_central(self, plan: central.Plan) -> None:
        """Before Recado's own processes, whose sign-in leads there."""
        seeding = ("manage.py", "central_seed", "--migrate")
        if self.step("central", *seeding, env=plan.env) != 0:
            raise ServerFailed("the central OAuth server could not be made ready.")
        self._start_worker("central", plan.command, plan.env)
        self._wait_until_ready(plan.port, "/healthz")

    def _settle_roles(self) -> None:
        """The operator gave one address: its role owns the tables, another one runs Recado."""
        done = subprocess.run(  # our own module
            [sys.executable, "-m", "config.embedded.role", "settle"],
            capture_output=True,
            text=True,
            check=False,
            cwd=files.BASE_DIR,
            env=self.env,
        )
        if done.returncode != 0:
            raise ServerFailed(done.stderr.strip()[-3000:])
        lines = done.stdout.splitlines()
        self.env |= dict(line.split("=", 1) for line in lines)

    def _serve(
        self,
        name: str,
        start: Callable[[], subprocess.Popen[bytes]],
        *,
        sign: signal.Signals,
    ) -> None:
        child = Child(name, start, sign=sign)
        child.process = start()
        self.servers.append(child)
        self._raise_if_asked()

    def _start_workers(self, port: int) -> None:
        for name, command in child_commands(port).items():
            self._start_worker(name, command, self.env)

    def _start_worker(self, name: str, command: list[str], env: dict[str, str]) -> None:
        child = Child(name, functools.partial(self._spawn, name, command, env))
        child.process = child.start()
        self.workers.append(child)

    def _spawn(
        self, name: str, command: list[str], env: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        return children.spawn_with_pipe(
            name,
            [sys.executable, *command],
            pipes=self.pipes,
            env=env,
            cwd=files.BASE_DIR,
        )

    def step(self, name: str, *command: str, env: dict[str, str] | None = None) -> int:
        """Run one command to its end, passing its lines on."""
        process = self._spawn(name, list(command), env or self.env)
        try:
            while process.poll() is None:
                self.tick()
        finally:
            launch.kill_session(process)
            process.wait()
            self.pipes.pump(0)
        return process.returncode

    def _wait_until_ready(self, port: int, path: str) -> None:
        deadline = time.monotonic() + READY_PATIENCE
        answer = "nothing"
        while time.monotonic() < deadline:
            self.tick()
            status, answer = _probe(port, path)
            if status == 200:
                return
        raise ServerFailed(
            f"{path} did not say ready within {READY_PATIENCE:.0f} s: {answer}"
        )

    # --- running ------------------------------------------------------------
    def watch(self) -> None:
        while True:
            self.tick()

    def tick(self) -> None:
        """A fifth of a second of what has to go on all the time."""
        self.pipes.pump(0.2)
        self._raise_if_asked()
        now = time.monotonic()
        for child in (*self.servers, *self.workers):
            child.watch(now, self.say)

    def _raise_if_asked(self) -> None:
        # `make` that was killed leaves us to another parent, and no signal tells.
        if self.wants_stop or os.getppid() != self.parent:
            raise Stopped

    # --- stopping -----------------------------------------------------------
    def stop(self) -> None:
        """Those who use the servers first. A second Ctrl-C changes nothing."""
        if self.workers or self.servers:
            self.say("stopping")
        children.stop_all(self.workers, self.pipes, patience=STOP_PATIENCE)
        children.stop_all(self.servers, self.pipes, patience=STOP_PATIENCE)
        if self._lock is not None:
            with contextlib.suppress(OSError):
                files.servers_file(self.var).unlink(missing_ok=True)
                launch.leave_socket_directory(self.var)


def child_commands(port: int) -> dict[str, list[str]]:
    """What Recado is made of, by name: arguments for this Python."""
    celery = ["-m", "celery", "--quiet", "-A", "config.celery_app"]
    working = [
        *(*celery, "worker", "--without-gossip", "--without-mingle"),
        *("--without-heartbeat", "--pool", "prefork"),
    ]
    serving = ["--interface", "asgi", "--host", HOST, "--port", str(port)]
    return {
        "web": [
            *("-m", "granian", *serving, "--workers", "1", "--no-ws"),
            *("--respawn-failed-workers", "--log-level", "warning"),
            "config.asgi:application",
        ],
        "worker": [*working, *("-Q", "default,inbox,outbox", "--concurrency", "2")],
        "media": [*working, *("-Q", "media", "--concurrency", "1")],
        "beat": [
            *("-m", "celery", "--quiet", "-A", "config.clock"),
            "beat",
            "--pidfile",
            "",
        ],
    }


def _probe(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=4)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as problem:
        return 0, str(problem) or type(problem).__name__
    finally:
        connection.close()
