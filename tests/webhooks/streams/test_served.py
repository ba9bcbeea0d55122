"""The streams as granian serves them: over a socket, to a reader who stops reading, and when
the server is told to stop."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from django.db import connection

from accounts import broadcast
from accounts.broadcast import Kind
from config.embedded import launch
from config.embedded.files import BASE_DIR
from tests.bench import memory
from tests.browser.server import free_port, wait
from tests.walls import app_url
from webhooks.streams import hub

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@dataclass
class Served:
    port: int
    process: "subprocess.Popen[bytes]"
    session: str

    def listen(self, *, buffer: int | None = None) -> socket.socket:
        line = socket.socket()
        if buffer is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        line.settimeout(10)
        line.connect(("127.0.0.1", self.port))
        line.sendall(
            b"GET /live/w/padaria/ HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            b"cookie: recado_session=%s\r\n\r\n" % self.session.encode()
        )
        return line


@pytest.fixture
def served(server, sessions, tmp_path) -> Iterator[Served]:
    port = free_port()
    database = str(connection.settings_dict["NAME"])
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": app_url(os.environ["DATABASE_URL"], database),
        "REDIS_URL": server.url,
        "RECADO_VAR_DIR": str(tmp_path),
    }
    serving = ("--interface", "asgi", "--host", "127.0.0.1", "--port", str(port))
    with (tmp_path / "server.log").open("wb") as log:
        process = launch.spawn(
            [sys.executable, "-m", "granian", *serving, "config.asgi:application"],
            log=log,
            cwd=BASE_DIR,
            env=environment,
        )
    try:
        wait(f"http://127.0.0.1:{port}/healthz", process, tmp_path / "server.log")
        yield Served(port, process, sessions["owner"])
    finally:
        launch.kill_session(process)  # granian's worker with it
        process.wait()


def heard(line: socket.socket, mark: bytes) -> bytes:
    told = b""
    while mark not in told:
        more = line.recv(65_536)
        assert more, f"the stream ended after {told[-200:]!r}"
        told += more
    return told


def test_a_server_that_is_told_to_stop_ends_open_streams_first(served):
    with ExitStack() as stack:
        lines = [stack.enter_context(served.listen()) for _ in range(10)]
        for line in lines:
            heard(line, b"event: ready")

        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        for line in lines:
            while line.recv(65_536):
                pass
        served.process.wait(10)

    assert time.monotonic() - began < 5
    assert served.process.returncode == 0


def test_a_reader_who_stops_reading_costs_next_to_nothing(served, world, monkeypatch):
    topic = broadcast.workspace_topic(world.workspace.key)
    keys = [f"{number:02000d}" for number in range(broadcast.MOST_KEYS - 10)]
    with served.listen(buffer=4096) as slow, served.listen() as quick:
        heard(quick, b"event: ready")
        before = memory.of_family(served.process.pid)
        for number in range(3_000):  # 80 kilobytes with every tenth
            broadcast.tell(topic, Kind.TICKET, keys)
            broadcast.tell(topic, Kind.DELIVERY, [f"{number}"])
            if number % 10 == 9:
                assert broadcast.flush()
        broadcast.tell(topic, Kind.TICKET, ["the-last"])
        heard(quick, b"the-last")
        after = memory.of_family(served.process.pid)
        assert after - before < 20, "megabytes"
        heard(slow, b"event: resync")

    assert hub.MOST_WAITING < 3_000
