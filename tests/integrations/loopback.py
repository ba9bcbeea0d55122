"""A real HTTP server on the loopback address that answers as a test tells it to."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    """What arrived, request by request, as raw bytes."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}{path}"


def plain(
    body: bytes = b'{"ok":true}', *, status: str = "200 OK", headers: str = ""
) -> Answer:
    """A well-formed answer; the connection stays open."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
    if "content-type" not in headers.lower():
        head += "Content-Type: application/json\r\n"

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall((head + headers + "\r\n").encode("latin-1") + body)

    return answer


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


@contextlib.contextmanager
def serving(answer: Answer, *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(port=listener.getsockname()[1])
    open_connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            open_connections.append(connection)
            thread = threading.Thread(target=serve, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            stream: Any = connection
            if tls is not None:
                stream = tls.wrap_socket(connection, server_side=True)
                open_connections.append(stream)
            while request := _read_request(stream):
                server.requests.append(request)
                answer(stream, request)

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        # Closing alone does not wake `accept`, which would leave what it takes next open.
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join(timeout=5)
        listener.close()
        # What is being answered ends with its test: the next one has other settings.
        for connection in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(timeout=5)
        for connection in open_connections:
            connection.close()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        body += chunk
    return head + b"\r\n\r\n" + body
