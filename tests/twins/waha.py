"""A WAHA server on the loopback address, and the phones that would be linked to it.

It answers what the adapter asks, keeps sessions whose states a test moves on, posts
webhooks as WAHA does, and fails on demand. Nothing here imports the product.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.twins.ledger import Ledger, Sent

MOST_CODES = 6  # then WAHA gives up
_SESSION = re.compile(r"/api/sessions/([^/]+)(?:/(start|stop|restart|logout|me))?")
_LIDS = re.compile(r"/api/([^/]+)/lids/([^/]+)")
_AUTH = re.compile(r"/api/([^/]+)/auth/(qr|request-code)")
Answer = tuple[int, Any]


@dataclass
class Session:
    name: str
    config: dict[str, Any]
    status: str = "STOPPED"
    me: dict[str, str] | None = None
    codes: int = 0  # shown since the last start
    is_dead: bool = False  # restarting does not help, only a new link does

    @property
    def code(self) -> str:
        return f"2@{self.name}{self.codes}Qk0Vb1rJ,8P1q0Zk=,Jt2rQ0w=,aWx0cQ=="

    def told(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status,
            "config": self.config,
            "me": self.me,
            "engine": {"engine": "NOWEB"},
        }


@dataclass
class Twin:
    """`fault` is a status to answer everything with, or `html`, `half` or `slow`."""

    api_key: str
    port: int = 0
    fault: str = ""
    delay: float = 5.0  # seconds, of `slow`
    sessions: dict[str, Session] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    events: int = 0
    answered_at: float = 0.0  # the last answer, by the clock of the machine
    ledger: Ledger = field(default_factory=Ledger)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # by name
    contact: dict[str, Any] = field(default_factory=dict)  # of whoever is asked about
    # Addresses by hidden id, as far as it has learned them.
    lids: dict[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    typing: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # --- what happens to a session --------------------------------------------
    def move(self, name: str, status: str) -> list[int]:
        """Set a session's state; answers how each webhook was received."""
        session = self.sessions[name]
        session.status = status
        now = round(time.time() * 1000)
        points = [{"status": status, "timestamp": now}]
        payload = {"name": name, "status": status, "statuses": points, "data": None}
        return self.post(name, "session.status", payload)

    def show_code(self, name: str) -> list[int]:
        """The engine is ready, or the code before ran out."""
        session = self.sessions[name]
        session.codes += 1
        is_over = session.codes > MOST_CODES
        return self.move(name, "FAILED" if is_over else "SCAN_QR_CODE")

    def scan(self, name: str, phone: str) -> list[int]:
        self.sessions[name].me = {"id": f"{phone}@c.us", "pushName": "Loja"}
        return self.move(name, "WORKING")

    def unlink(self, name: str) -> list[int]:
        """The phone ends the link, as under its linked devices."""
        self.sessions[name].is_dead = True
        return self.move(name, "FAILED")

    def say(self, name: str, sender: str, text: str, message_id: str) -> list[int]:
        """A person writes to the number: their digits, or the id that hides them."""
        address = sender if "@" in sender else f"{sender}@c.us"
        me = (self.sessions[name].me or {}).get("id", "")
        payload = {
            "id": f"false_{address}_{message_id}",
            "timestamp": int(time.time()),
            "from": address,
            "to": me,
            "fromMe": False,
            "body": text,
            "hasMedia": False,
            "_data": {"pushName": "Ada Lima"},
        }
        return self.post(name, "message.any", payload)

    def post(self, name: str, event: str, payload: dict[str, Any]) -> list[int]:
        session = self.sessions[name]
        self.events += 1
        envelope = {
            "id": f"evt_{self.events:026d}",
            "timestamp": round(time.time() * 1000),
            "event": event,
            "session": name,
            "me": session.me,
            "payload": payload,
            "engine": "NOWEB",
        }
        body = json.dumps(envelope, ensure_ascii=False).encode()
        return [
            _post(webhook, body)
            for webhook in session.config.get("webhooks", [])
            if {event, "*"} & set(webhook["events"])
        ]

    # --- what it answers ------------------------------------------------------
    def answer(self, method: str, path: str, key: str, body: Any) -> Answer:
        if self.fault.isdecimal():
            return int(self.fault), {"message": "as you like it"}
        if key != self.api_key:
            return 401, {"message": "Unauthorized", "statusCode": 401}
        if (method, path) == ("POST", "/api/sessions"):
            return self._create(body)
        if (method, path) == ("GET", "/api/sessions"):
            return 200, [session.told() for session in self.sessions.values()]
        if found := _SESSION.fullmatch(path):
            session = self.sessions.get(found[1])
            if session is None and method == "DELETE":
                return 200, ""
            return self._session(session, method, found[2], body)
        if path == "/api/contacts/check-exists":
            return 200, self.contact or {"numberExists": False}
        if path.startswith("/api/files/"):
            name = path.rpartition("/")[2]
            found_file = self.files.get(name)
            return (200, found_file[1]) if found_file else (404, {"message": "gone"})
        if path.startswith("/api/send") or path in (
            "/api/reaction",
            "/api/startTyping",
        ):
            return self._chat(path.rpartition("/")[2], body)
        if found := _LIDS.fullmatch(path):
            return self._lid(self.sessions.get(found[1]), unquote(found[2]))
        if found := _AUTH.fullmatch(path):
            return self._auth(self.sessions.get(found[1]), found[2])
        return 404, {"message": f"Cannot {method} {path}", "statusCode": 404}

    def _chat(self, operation: str, body: dict[str, Any]) -> Answer:
        session = self.sessions.get(body["session"])
        if session is None:
            return 404, {"message": "Session not found", "statusCode": 404}
        if session.status != "WORKING":
            told = "Session status is not as expected. Try again later"
            return 422, {"error": told, "status": session.status}
        if operation == "sendSeen":
            self.read += body["messageIds"]
            return 201, {}
        if operation == "startTyping":
            self.typing.append(body["chatId"])
            return 201, {}
        chat = body.get("chatId") or body["messageId"].split("_")[1]
        taken = self.ledger.take(session.name, chat, body)
        return 201, {"id": f"true_{chat}_{taken.id}", "fromMe": True}

    def tell(self, taken: Sent, word: str) -> list[int]:
        """How far a message that this twin has taken got."""
        full = f"true_{taken.to}_{taken.id}"
        told = {"id": full, "from": "", "to": taken.to, "fromMe": True, "ackName": word}
        return self.post(taken.sender, "message.ack", told)

    def _create(self, body: dict[str, Any]) -> Answer:
        name = body["name"]
        if name in self.sessions:
            told = f"Session '{name}' already exists. Use PUT to update it."
            return 422, {"message": told, "statusCode": 422}
        self.sessions[name] = session = Session(name, body["config"])
        session.status = "STARTING" if body["start"] else "STOPPED"
        return 201, session.told()

    def _session(
        self, session: Session | None, method: str, step: str | None, body: Any
    ) -> Answer:
        if session is None:
            return 404, {"message": "Session not found", "statusCode": 404}
        match method, step:
            case "GET", None:
                return 200, session.told()
            case "GET", "me":
                return 200, session.me
            case "PUT", None:
                session.config = body["config"]
            case "DELETE", None:
                del self.sessions[session.name]
                return 200, ""
            case "POST", "stop":
                session.status = "STOPPED"
            case "POST", "logout":
                session.me, session.is_dead = None, False
            case "POST", _:
                session.codes = 0
                session.status = "FAILED" if session.is_dead else "STARTING"
        return (200 if method == "PUT" else 201), session.told()

    def _lid(self, session: Session | None, asked: str) -> Answer:
        if session is None:
            return 404, {"message": "Session not found", "statusCode": 404}
        if session.status != "WORKING":
            told = "Session status is not as expected. Try again later"
            return 422, {"error": told, "status": session.status}
        lid = asked if "@" in asked else f"{asked}@lid"
        return 200, {"lid": lid, "pn": self.lids.get(lid)}

    def _auth(self, session: Session | None, what: str) -> Answer:
        if session is None or session.status != "SCAN_QR_CODE":
            told = "Session status is not as expected. Try again later"
            status = session.status if session else None
            return 422, {"error": told, "status": status, "expected": ["SCAN_QR_CODE"]}
        if what == "request-code":
            return 201, {"code": "ABCD-1234"}
        return 200, {"value": session.code}


def _post(webhook: dict[str, Any], body: bytes) -> int:
    headers = {"Content-Type": "application/json", "User-Agent": "WAHA/2026.7.1"}
    headers["X-Webhook-Timestamp"] = str(round(time.time() * 1000))
    if key := (webhook.get("hmac") or {}).get("key"):
        proof = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
        headers |= {"X-Webhook-Hmac": proof, "X-Webhook-Hmac-Algorithm": "sha512"}
    parts = urlsplit(webhook["url"])
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", parts.path, body, headers)
        return connection.getresponse().status


def _handler(twin: Twin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path = urlsplit(self.path).path
            twin.requests.append((self.command, path))
            if twin.fault == "slow":
                time.sleep(twin.delay)
            key = self.headers.get("X-Api-Key", "")
            status, told = twin.answer(self.command, path, key, body)
            if isinstance(told, bytes):
                written = told
            else:
                written = json.dumps(told).encode() if told != "" else b""
            if twin.fault == "html":
                status, written = 200, b"<!doctype html><title>Welcome</title>"
            if twin.fault == "half" and path.endswith("/qr"):
                written = written[: len(written) // 2]
            with contextlib.suppress(OSError):  # the asker may have given up
                self._write(status, written)
            twin.answered_at = time.time()

        def _write(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            """A test reads `requests` instead."""

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  # names of the library

    return Handler


@contextlib.contextmanager
def serving(api_key: str) -> Iterator[Twin]:
    twin = Twin(api_key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(twin))
    server.daemon_threads = True
    twin.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield twin
    finally:
        server.shutdown()
        server.server_close()
