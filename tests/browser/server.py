"""The ASGI application, receiver included, served by granian on a free loopback port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from tests.walls import app_url

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30


@contextmanager
def running(database: str, *, home: Path, **more: str) -> Iterator[str]:
    """Yield the address; `database` is the name of the test database, `more` is environment."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    url = app_url(os.environ["DATABASE_URL"], database)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
        "DATABASE_URL": url,
        "PUBLIC_URL": address,
        "STATIC_ROOT": str(home / "static"),
        "RECADO_VAR_DIR": str(home),
        "LOG_LEVEL": "WARNING",
        **more,
    }
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    serving = ("--interface", "asgi", "--host", "127.0.0.1", "--port", str(port))
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", *serving, "config.asgi:application"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait(f"{address}/healthz", process, home / "server.log")
            yield address
        finally:
            process.terminate()
            process.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    last = time.monotonic() + _START_SECONDS
    while time.monotonic() < last and process.poll() is None:
        try:
            with urlopen(url, timeout=1):  # noqa: S310  # our own loopback address
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")
