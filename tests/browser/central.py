"""The central OAuth server in its own process and database, and a client beside it."""

import base64
import hashlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
from psycopg import sql

from tests.browser import server
from tests.servers import drop_database

PAGE = "<!doctype html><html lang='en'><title>client</title><h1>welcome</h1>"


@dataclass
class Central:
    url: str
    email: str
    password: str = field(repr=False)
    database: str = ""


class Answers(ThreadingHTTPServer):
    """A client as small as one can be: it keeps the query that came to its callback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, list[str]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def callback(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callback"


class _Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/callback":
            self.server.got.append(parse_qs(parts.query))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


def authorization(url: str, client_id: str, callback: str) -> str:
    digest = hashlib.sha256(secrets.token_urlsafe(48).encode()).digest()
    asked = {
        "client_id": client_id,
        "redirect_uri": callback,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "s" * 32,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{url}/oauth/authorize?{urlencode(asked)}"


@contextmanager
def running(home: Path) -> Iterator[Central]:
    ours = os.environ["DATABASE_URL"]
    name = f"test_central_{secrets.token_hex(4)}"
    port = server.free_port()
    url = f"http://localhost:{port}"
    database = urlsplit(ours)._replace(path=f"/{name}").geturl()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.central",
        "CENTRAL_DATABASE_URL": database,
        "CENTRAL_URL": url,
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "INTEGRATIONS_KEY": "11" * 32,
        "RECADO_VAR_DIR": str(home),
        "LOG_LEVEL": "WARNING",
    }
    identifier = sql.Identifier(name)
    _administer(ours, sql.SQL("CREATE DATABASE {}").format(identifier))
    try:
        seeded = subprocess.run(
            [sys.executable, "manage.py", "central_seed", "--migrate"],
            cwd=server.ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        words = seeded.stdout.split()
        central = Central(url, words[3], words[7], database)
        serving = ("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port))
        with (home / "central.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "granian", *serving),
                    *("--blocking-threads", "4", "config.central_wsgi:application"),
                ],
                cwd=server.ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                server.wait(f"{url}/healthz", process, home / "central.log")
                yield central
            finally:
                process.terminate()
                process.wait(15)
    finally:
        drop_database(ours, name)


def _administer(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
