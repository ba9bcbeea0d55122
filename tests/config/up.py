"""`manage.py up` as a process of its own, on free ports and with servers of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded import files

SERVER_SETTINGS = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"),
    *("SECRET_KEY", "INTEGRATIONS_KEY"),
    *("CENTRAL_DATABASE_URL", "CENTRAL_URL"),
)
PATIENCE = 90.0


class Up:
    """One running `manage.py up`, and the processes that belong to it."""

    def __init__(
        self, var: Path, *, demo: bool = False, told: dict[str, str] | None = None
    ) -> None:
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
                env=environment(var)
                | {"CENTRAL_PORT": str(self.central_port)}
                | (told or {}),
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

    def is_well(self) -> bool:
        """Recado and the identity server beside it both answer from their databases."""
        return (
            self.answers("/readyz") == 200
            and self.answers("/.well-known/jwks.json", port=self.central_port) == 200
        )

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
def running(
    var: Path, *, demo: bool = False, told: dict[str, str] | None = None
) -> Iterator[Up]:
    up = Up(var, demo=demo, told=told)
    try:
        up.wait_until_said("Ctrl-C stops everything")
        yield up
    finally:
        if not up.has_ended():
            up.stop(signal.SIGTERM)
