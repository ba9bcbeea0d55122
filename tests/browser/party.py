"""Another system of the house: as small as one can be that signs people in by the book.

Authorization code with PKCE, state and nonce; the code is exchanged and the ID token
verified server to server, over HTTP.
"""

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

import jwt

SECONDS = 60


@dataclass
class Attempt:
    """One sign-in on its way, known by its state."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Party(ThreadingHTTPServer):
    """Serves `/`, `/sign-in`, `/callback` and `/sign-out`; `faults` is what went wrong."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.callback = f"{self.url}/callback"
        self.issuer = self.client_id = self.secret = ""
        self.attempts: dict[str, Attempt] = {}
        self.people: dict[str, dict[str, Any]] = {}  # by the cookie of their session
        self.faults: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def register(self, *, issuer: str, client_id: str, secret: str) -> None:
        self.issuer, self.client_id, self.secret = issuer, client_id, secret

    def way_out(self) -> str:
        state, attempt = secrets.token_urlsafe(24), Attempt()
        self.attempts[state] = attempt
        asked = {
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": "openid profile email",
            "state": state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._known()['authorization_endpoint']}?{urlencode(asked)}"

    def take_in(self, query: dict[str, list[str]]) -> str:
        """The session of whoever came back with a code; each state is good once."""
        attempt = self.attempts.pop(query["state"][0])
        known = self._known()
        pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        told = {
            "grant_type": "authorization_code",
            "code": query["code"][0],
            "redirect_uri": self.callback,
            "code_verifier": attempt.verifier,
        }
        tokens = _ask(
            known["token_endpoint"], f"Basic {pair}", urlencode(told).encode()
        )
        claims = self._claims(known, tokens["id_token"])
        if claims["nonce"] != attempt.nonce:
            raise ValueError("the nonce is not the one that was sent")
        person = _ask(
            known["userinfo_endpoint"], f"Bearer {tokens['access_token']}", None
        )
        if person["sub"] != claims["sub"]:
            raise ValueError("the two answers name different people")
        session = secrets.token_urlsafe(24)
        self.people[session] = person
        return session

    def _known(self) -> dict[str, Any]:
        return _ask(f"{self.issuer}/.well-known/openid-configuration", "", None)

    def _claims(self, known: dict[str, Any], token: str) -> dict[str, Any]:
        keys = jwt.PyJWKSet.from_dict(_ask(known["jwks_uri"], "", None))
        key = keys[str(jwt.get_unverified_header(token)["kid"])]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=self.client_id,
            issuer=self.issuer,
            leeway=30,
        )
        return claims


class _Handler(BaseHTTPRequestHandler):
    server: Party

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        try:
            if parts.path == "/sign-in":
                self._lead_to(self.server.way_out())
            elif parts.path == "/callback":
                self._lead_to("/", self.server.take_in(parse_qs(parts.query)))
            elif parts.path == "/sign-out":
                self._lead_to("/", "nobody")
            else:
                self._show()
        except (OSError, KeyError, ValueError, jwt.PyJWTError) as problem:
            self.server.faults.append(f"{parts.path}: {problem!r}")
            self.send_error(500)

    def _show(self) -> None:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("party")
        person = self.server.people.get(cookie.value if cookie else "")
        who = f"Hello, {escape(person['name'])}" if person else "Nobody is signed in"
        page = (
            f"<!doctype html><html lang='en'><title>Painel</title><h1>{who}</h1>"
            "<a href='/sign-in'>Sign in</a> <a href='/sign-out'>Sign out</a>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def _lead_to(self, address: str, session: str = "") -> None:
        self.send_response(302)
        self.send_header("Location", address)
        if session:
            self.send_header("Set-Cookie", f"party={session}; HttpOnly; Path=/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _ask(url: str, authorization: str, body: bytes | None) -> dict[str, Any]:
    request = Request(url, body, {"Accept": "application/json"})  # noqa: S310  # loopback
    if authorization:
        request.add_header("Authorization", authorization)
    with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  # the same
        told: dict[str, Any] = json.load(answer)
    return told
