"""`manage.py up` with real processes: it heals, it stops, and it leaves nothing behind."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config.embedded import files
from tests.config.conftest import let_servers_enter

SERVER_SETTINGS = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"),
    *("SECRET_KEY", "INTEGRATIONS_KEY"),
    *("CENTRAL_DATABASE_URL", "CENTRAL_URL"),
)
PATIENCE = 90.0


class Up:
    """One running `manage.py up`, and the processes that belong to it."""

    def __init__(self, var: Path, *, demo: bool = False) -> None:
        self.var = var
        self.port, self.central_port = free_port(), free_port()
        self.output = var.parent / f"{self.port}.log"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "manage.py", "up", "--port", str(self.port)),
                    *([] if demo else ["--no-demo"]),
                ],
                cwd=files.BASE_DIR,
                env=environment(var) | {"CENTRAL_PORT": str(self.central_port)},
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_until_said(self, text: str, *, times: int = 1) -> None:
        wait_until(lambda: self.said.count(text) >= times or self.has_ended())
        assert self.said.count(text) >= times, self.said

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def processes(self) -> dict[int, str]:
        """Every process of this var directory, known by its environment or its place."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                if self._owns(entry):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(entry.name)] = command.decode(errors="replace")
            except OSError:
                continue
        return found

    def _owns(self, process: Path) -> bool:
        if (process / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        # A server that writes its title over its environment is known by its place.
        if (process / "cwd").readlink().is_relative_to(self.var):
            return True
        mark = f"RECADO_VAR_DIR={self.var}".encode()
        return mark in (process / "environ").read_bytes().split(b"\0")

    def kill_child(self, words: str) -> None:
        """The child itself, not one it forked; process ids start again from the bottom."""
        matching = {pid for pid, told in self.processes().items() if words in told}
        pid = next(pid for pid in matching if parent_of(pid) not in matching)
        os.kill(pid, signal.SIGKILL)

    def answers(self, path: str, *, port: int = 0) -> int:
        connection = http.client.HTTPConnection(
            "127.0.0.1", port or self.port, timeout=5
        )
        try:
            connection.request("GET", path)
            status: int = connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()
        return status

    def stop(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        return self.process.wait(30)


def parent_of(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rsplit(")", 1)[1].split()[1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(var: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in SERVER_SETTINGS and not name.startswith(("COV_", "PYTEST"))
    }
    return {
        **kept,
        "RECADO_VAR_DIR": str(var),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


@contextmanager
def running(var: Path, *, demo: bool = False) -> Iterator[Up]:
    up = Up(var, demo=demo)
    try:
        up.wait_until_said("Ctrl-C stops everything")
        yield up
    finally:
        if not up.has_ended():
            up.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def up(tmp_path_factory) -> Iterator[Up]:
    with running(
        let_servers_enter(tmp_path_factory.mktemp("up")) / "var", demo=True
    ) as running_up:
        yield running_up


def test_ready_is_said_when_it_is_true(up):
    assert up.answers("/readyz") == 200
    assert "migrating the database" in up.said


def test_an_empty_installation_sends_itself_a_message_and_tells_how_to_sign_in(up):
    assert re.search(
        r"sign in as admin@recado\.localhost with the password \S{16} \(shown once\)",
        up.said,
    )
    assert re.search(
        r"1 message received, attributed to link instagram-bio, visible after \d+ ms",
        up.said,
    )


def test_the_central_server_runs_beside_it_with_recado_as_its_client(up):
    told = files.environment(up.var)

    assert up.answers("/.well-known/jwks.json", port=up.central_port) == 200
    assert told["OIDC_ISSUER"] == f"http://localhost:{up.central_port}"
    assert told["OAUTH_CLIENT_ID"] == told["CENTRAL_CLIENT_ID"]
    with psycopg.connect(told["CENTRAL_DATABASE_URL"]) as connection:
        person = connection.execute(
            "SELECT email, sub::text FROM accounts_user JOIN central_person ON user_id = id"
        ).fetchall()
        clients = connection.execute(
            "SELECT id, redirect_uris FROM allauth_idp_oidc_client"
        ).fetchall()
    assert person == [("admin@recado.localhost", told["CENTRAL_FIRST_SUB"])]
    assert clients == [
        (
            told["OAUTH_CLIENT_ID"],
            f"http://127.0.0.1:{up.port}/account/sso/callback/",
        )
    ]
    with psycopg.connect(told["DATABASE_URL"]) as connection:
        owner = connection.execute(
            "SELECT oauth_issuer, oauth_id FROM accounts_user"
        ).fetchall()
    assert owner == [(told["OIDC_ISSUER"], told["CENTRAL_FIRST_SUB"])]


def test_a_command_beside_it_finds_its_servers_and_keys(up):
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=files.BASE_DIR,
        env=environment(up.var),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "database: PostgreSQL" in done.stdout
    assert "migrations: all applied" in done.stdout


def test_a_second_one_from_the_same_directory_is_refused(up):
    second = Up(up.var)

    assert second.process.wait(30) == 1
    assert f"already runs from {up.var} (process {up.process.pid})" in second.said


def test_a_port_that_is_taken_is_named(up, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(up.port)],
        cwd=files.BASE_DIR,
        env=environment(tmp_path / "var"),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 1
    assert f"port {up.port} cannot be used" in done.stdout
    assert f"make run PORT={up.port + 1}" in done.stdout
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("web", "config.asgi:application"),
        ("central", "config.central_wsgi:application"),
        ("worker", "config.celery_app worker"),
        ("beat", "config.celery_app beat"),
        ("postgres", "bin/postgres"),
        ("valkey", "valkey-server"),
    ],
)
def test_a_killed_child_is_started_again(up, name, words):
    up.kill_child(words)

    up.wait_until_said(f"{name} ended with signal SIGKILL; starting it again")
    wait_until(lambda: any(words in command for command in up.processes().values()))
    wait_until(lambda: up.answers("/readyz") == 200)
    assert up.answers("/readyz") == 200


def test_ctrl_c_stops_everything_with_code_0(place):
    with running(place / "var") as one:
        assert len(one.processes()) > 6

        assert one.stop(signal.SIGINT) == 0

        assert one.processes() == {}
        assert not files.servers_file(one.var).exists()


def test_nothing_outlives_a_supervisor_that_was_killed(place):
    with running(place / "var") as one:
        one.stop(signal.SIGKILL)

        wait_until(lambda: not one.processes(), seconds=15)

        assert one.processes() == {}


def test_stopping_while_it_starts_leaves_nothing(place):
    one = Up(place / "var")
    one.wait_until_said("migrating the database")

    assert one.stop(signal.SIGTERM) == 0
    assert one.processes() == {}
