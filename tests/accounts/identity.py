"""An OAuth server on the loopback address that knows the tokens a test gives it."""

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.integrations import loopback

CLIENT = ("recado", "client secret/with:signs")


@dataclass
class Identity:
    """`tokens` maps each to what is said of it. `answer` replaces all of that."""

    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    answer: loopback.Answer | None = None
    server: loopback.Server | None = None

    @property
    def issuer(self) -> str:
        return self.url("").rstrip("/")

    @property
    def asked(self) -> list[bytes]:
        assert self.server is not None
        return self.server.requests

    def url(self, path: str) -> str:
        assert self.server is not None
        return self.server.url(path)

    def settings(self, **changed: Any) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "introspection_url": self.url("/introspect"),
            "verify_url": "",
            "user_url": self.url("/api/user"),
            "auth": "client_secret_basic",
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "uid_field": "sub",
            "clients": [],
            "read_scope": "read",
            "write_scope": "write",
        } | changed

    def say(self, connection: socket.socket, request: bytes) -> None:
        if self.answer is not None:
            self.answer(connection, request)
            return
        path = request.split(b" ", 2)[1].decode()
        told = getattr(self, "_" + path.strip("/.").replace("/", "_").replace("-", "_"))
        told(connection, request)

    def _introspect(self, connection: socket.socket, request: bytes) -> None:
        form = parse_qs(request.partition(b"\r\n\r\n")[2].decode())
        pair = base64.b64encode(b"recado:client+secret%2Fwith%3Asigns")
        by_post = form.get("client_secret") == [CLIENT[1]]
        if b"Basic " + pair not in request and not by_post:
            _json({"error": "invalid_client"}, "401 Unauthorized")(connection, request)
            return
        told = self.tokens.get(form["token"][0], {"active": False})
        _json(told)(connection, request)

    def _api_verify(self, connection: socket.socket, request: bytes) -> None:
        told = self.tokens.get(_bearer(request))
        if told is None:
            _json({"valid": False}, "401 Unauthorized")(connection, request)
        else:
            _json(told)(connection, request)

    def _api_user(self, connection: socket.socket, request: bytes) -> None:
        _json({"id": 7, "name": "Ana"})(connection, request)

    def _well_known_openid_configuration(
        self, connection: socket.socket, request: bytes
    ) -> None:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": self.url("/authorize"),
            "token_endpoint": self.url("/token"),
            "jwks_uri": self.url("/keys"),
            "introspection_endpoint": self.url("/introspect"),
        }
        _json(told)(connection, request)


@contextmanager
def running() -> Iterator[Identity]:
    identity = Identity()
    with loopback.serving(identity.say) as server:
        identity.server = server
        yield identity


def _bearer(request: bytes) -> str:
    lines = request.partition(b"\r\n\r\n")[0].decode().splitlines()
    found = [line for line in lines if line.lower().startswith("authorization: bearer")]
    return found[0].rpartition(" ")[2] if found else ""


def _json(told: object, status: str = "200 OK") -> loopback.Answer:
    return loopback.plain(json.dumps(told).encode(), status=status)
