"""What the twins of the Cloud API's providers share: a server on the loopback address.

It answers what its twin says, fails on demand, and can call webhooks as providers do.
Nothing here imports the product.
"""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: Any
    raw: bytes = b""


@dataclass
class Twin:
    """`fault` is a status to answer everything with, or `html`, `half` or `slow`.

    With `late_fault` the twin does what it was asked and then answers so: a status, `html`,
    `half`, or `reset` for no answer at all.
    """

    port: int = 0
    fault: str = ""
    late_fault: str = ""
    delay: float = 5.0  # seconds, of `slow`
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def steps(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def refusal(self, status: int) -> Answer:
        """What this provider's answers look like when it fails."""
        return status, {"error": "as you like it"}


AnyTwin = TypeVar("AnyTwin", bound=Twin)


def call(
    method: str, url: str, body: bytes | None = None, headers: Any = None
) -> tuple[int, bytes]:
    """Ask somebody else's server, as a provider does with our webhook."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    with contextlib.closing(connection):
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()


def written(told: Any) -> bytes:
    if isinstance(told, bytes):
        return told
    return told.encode() if isinstance(told, str) else json.dumps(told).encode()


def _handler(twin: Twin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            is_json = self.headers.get_content_type() == "application/json"
            body = json.loads(raw) if raw and is_json else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, query, headers, body, raw)
            twin.asked.append(asked)
            if twin.fault == "slow":
                time.sleep(twin.delay)
            if twin.fault.isdecimal():
                status, told = twin.refusal(int(twin.fault))
            else:
                status, told = twin.answer(asked)
            if twin.late_fault == "reset":
                self.close_connection = True
                return
            if twin.late_fault.isdecimal():
                status, told = twin.refusal(int(twin.late_fault))
            faults = {twin.fault, twin.late_fault}
            content = written(told)
            if "html" in faults:
                status, content = 200, b"<!doctype html><title>Maintenance</title>"
            if "half" in faults:
                content = content[: len(content) // 2]
            with contextlib.suppress(OSError):  # the asker may have given up
                self._write(status, content)

        def _write(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", body.decode())
                body = b""
            kind = "text/html" if twin.fault == "html" else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            """A test reads `asked` instead."""

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815  # names of the library

    return Handler


@contextlib.contextmanager
def serving(twin: AnyTwin) -> Iterator[AnyTwin]:
    server = ThreadingHTTPServer(("127.0.0.1", twin.port), _handler(twin))
    server.daemon_threads = True
    twin.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield twin
    finally:
        server.shutdown()
        server.server_close()
