"""An identity server on the loopback address that a test can make lie in any one way.

`Idp` serves discovery, keys, tokens and userinfo truthfully; each attribute below is one lie.
Codes are handed to the test, which plays the browser.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

# How servers refuse a used code and a revoked refresh token: by the standard, and as
# league/oauth2-server, which is in Laravel Passport, words them in its versions.
REFUSALS: dict[str, tuple[int, dict[str, str]]] = {
    "by the standard": (400, {"error": "invalid_grant"}),
    "Passport, with 400": (
        400,
        {
            "error": "invalid_request",
            "error_description": "Check the `code` parameter",
            "hint": "Authorization code has been revoked",
        },
    ),
    "Passport, with 401": (
        401,
        {
            "error": "invalid_request",
            "error_description": "The refresh token is invalid.",
            "hint": "Token has been revoked",
        },
    ),
}

CLIENT_ID, CLIENT_SECRET = "recado:client", "s3cret/+ value"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SMALL_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # too short on purpose
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def jwk(key: Any, kid: str = "k1", **more: Any) -> dict[str, Any]:
    algorithm = {
        rsa.RSAPrivateKey: "RS256",
        ec.EllipticCurvePrivateKey: "ES256",
        ed25519.Ed25519PrivateKey: "EdDSA",
    }[next(kind for kind in _KINDS if isinstance(key, kind))]
    worker = jwt.get_algorithm_by_name(algorithm)
    told: dict[str, Any] = json.loads(worker.to_jwk(key.public_key()))
    told.pop("key_ops", None)
    return told | {"kid": kid, "use": "sig"} | more


_KINDS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)


def public_pem(key: Any) -> bytes:
    return bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


@dataclass
class Attempt:
    """What the authorization request asked for; the token endpoint answers by it."""

    query: dict[str, str]
    is_used: bool = False


@dataclass
class Idp:
    port: int = 0
    person: dict[str, Any] = field(default_factory=dict)
    # --- the lies ---
    metadata: dict[str, Any] = field(default_factory=dict)  # None drops the name
    metadata_answer: tuple[int, bytes] | None = None
    claims: dict[str, Any] = field(default_factory=dict)  # None drops the name
    header: dict[str, Any] = field(default_factory=dict)
    sign: Any = None  # claims, header -> token
    keys: list[dict[str, Any]] | None = None
    userinfo: dict[str, Any] = field(default_factory=dict)
    userinfo_answer: tuple[int, bytes] | None = None
    token: dict[str, Any] = field(default_factory=dict)
    token_answer: tuple[int, bytes] | None = None
    slow: str = ""  # the path that drips its answer
    redirect: dict[str, str] = field(default_factory=dict)  # path: where to
    expires_in: int | None = 3600
    refresh_answer: tuple[int, bytes] | None = None
    refusal: tuple[int, dict[str, str]] = REFUSALS["by the standard"]
    refresh_delay: float = 0.0
    keys_delay: float = 0.0
    clock_ahead: float = 0.0  # seconds
    date: str | None = None  # instead of a moment
    statuses: dict[str, int] = field(default_factory=dict)  # path: what it answers
    # --- what happened ---
    requests: list[tuple[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, Attempt] = field(default_factory=dict)
    refresh_token: str = "refresh-0"
    refreshes: int = 0
    revoked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, path: str) -> int:
        return sum(1 for _, seen in self.requests if seen == path)

    def consent(self, location: str) -> str:
        """What the server's own page does at the end: a code for this request."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = Attempt(query)
        return code

    # --- answers ------------------------------------------------------------
    def document(self) -> dict[str, Any]:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "end_session_endpoint": f"{self.issuer}/logout",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return _changed(told, self.metadata)

    def id_token(self, nonce: str | None, access: str) -> str:
        now = int(time.time())
        digest = hashlib.sha256(access.encode()).digest()[:16]
        told = {
            "iss": self.issuer,
            "sub": self.person["sub"],
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        claims = {k: v for k, v in _changed(told, self.claims).items() if v is not None}
        header = {"kid": "k1"} | self.header
        if self.sign is not None:
            return str(self.sign(claims, header))
        headers = {k: v for k, v in header.items() if v is not None}
        return jwt.encode(claims, RSA, algorithm="RS256", headers=headers)

    def give(self, form: dict[str, str]) -> tuple[int, Any]:
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form)
        attempt = self.codes.get(form.get("code", ""))
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            attempt is None
            or attempt.is_used
            or attempt.query.get("code_challenge") != challenge
            or attempt.query.get("redirect_uri") != form.get("redirect_uri")
        ):
            return self.refusal
        attempt.is_used = True
        return 200, self._tokens(attempt.query.get("nonce"))

    def _tokens(self, nonce: str | None) -> dict[str, Any]:
        access = secrets.token_urlsafe(16)
        told = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
            "id_token": self.id_token(nonce, access),
        }
        return _changed(told, self.token)

    def _refresh(self, form: dict[str, str]) -> tuple[int, Any]:
        time.sleep(self.refresh_delay)
        self.refreshes += 1
        if form.get("refresh_token") != self.refresh_token:
            return self.refusal  # rotated: an old one is refused
        self.refresh_token = f"refresh-{self.refreshes}"
        return 200, self._tokens(None)


def _changed(told: dict[str, Any], lies: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in (told | lies).items() if v is not None}


class _Handler(BaseHTTPRequestHandler):
    idp: Idp
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        read = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        self._answer({k: v[0] for k, v in read.items()})

    def _answer(self, form: dict[str, str]) -> None:
        idp, path = self.idp, urlsplit(self.path).path
        idp.requests.append((self.command, path))
        if form:
            idp.forms.append(form)
        if path in idp.redirect:
            return self._send(302, b"{}", location=idp.redirect[path])
        status, body = self._content(path, form)
        status = idp.statuses.get(path, status)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if idp.slow == path:
            return self._drip(raw)
        return self._send(status, raw)

    def _content(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        idp = self.idp
        if path == "/.well-known/openid-configuration":
            return idp.metadata_answer or (200, idp.document())
        if path in ("/keys", "/evil-keys"):
            time.sleep(idp.keys_delay)
            keys = idp.keys if idp.keys is not None else [jwk(RSA)]
            return 200, {"keys": keys}
        if path in ("/token", "/oauth/token"):
            if form.get("grant_type") == "refresh_token" and idp.refresh_answer:
                idp.refreshes += 1
                return idp.refresh_answer
            if not self._is_client(form):
                return 401, {"error": "invalid_client"}
            return idp.token_answer or idp.give(form)
        if path in ("/userinfo", "/api/user"):
            is_bearer = self.headers.get("Authorization", "").startswith("Bearer ")
            if not is_bearer or "application/json" not in self.headers["Accept"]:
                return 401, {"error": "invalid_token"}
            told = _changed(idp.person, idp.userinfo)
            return idp.userinfo_answer or (200, told)
        if path == "/revoke":
            if not self._is_client(form):
                return 401, {"error": "invalid_client"}
            idp.revoked.append(form["token"])
            return 200, {}
        return 404, {"error": "not_found"}

    def _is_client(self, form: dict[str, str]) -> bool:
        pair = "recado%3Aclient:s3cret%2F%2B+value"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
        in_form = (form.get("client_id"), form.get("client_secret"))
        return self.headers.get("Authorization") == basic or in_form == (
            CLIENT_ID,
            CLIENT_SECRET,
        )

    def _send(self, status: int, body: bytes, *, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, body: bytes) -> None:
        """Each byte well within any time-out of a read; all of them far beyond a deadline."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    def date_time_string(self, timestamp: float | None = None) -> str:
        idp = self.idp
        if idp.date is not None:
            return idp.date
        return super().date_time_string((timestamp or time.time()) + idp.clock_ahead)

    def log_message(self, *_: Any) -> None:
        """Silence: tests read `requests`."""


@contextmanager
def serving() -> Iterator[Idp]:
    idp = Idp()
    handler = type("Handler", (_Handler,), {"idp": idp})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    idp.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield idp
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
