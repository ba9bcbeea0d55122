"""A Cloud API that has files, on the loopback address, and fails as told.

`files` holds by id what is answered: bytes with their type, or a status. `hang` seconds pass
before the bytes of ids in `slow`; of ids in `cut` half of the bytes come.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FileHost:
    files: dict[str, tuple[bytes, str] | int] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    hang: float = 0.5
    asked: Counter[str] = field(default_factory=Counter)
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, path: str) -> tuple[int, bytes, str]:
        name = path.partition("?")[0].rstrip("/").rpartition("/")[2]
        if not path.startswith("/file/"):
            told = {"url": f"http://{self.host}/file/{name}", "id": name}
            return 200, json.dumps(told).encode(), "application/json"
        self.asked[name] += 1
        if name in self.slow:
            time.sleep(self.hang)
        found = self.files.get(name, 404)
        if isinstance(found, int):
            return found, b'{"error": {"message": "no", "code": 1}}', "application/json"
        return 200, *found


@contextmanager
def serving(host: FileHost) -> Iterator[FileHost]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body, kind = host.answer(self.path)
            is_cut = self.path.rpartition("/")[2] in host.cut
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
            self.close_connection = is_cut

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
