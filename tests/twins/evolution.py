"""An Evolution server on the loopback address, with phones that scan when a test says so.

    with serving() as server:
        …create_session…
        server.scan("ws12", "5511987654321")

It keeps instances and their states as 2.3.7 does, posts webhooks to plain http URLs, and
`server.trouble` makes it fail: a status, "html", "half" (of every body), "half_qr", "slow".
"""

import base64
import contextlib
import hmac
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.twins.ledger import Ledger, Sent

GLOBAL_KEY = "twin-global-key"
Answer = tuple[int, Any]


@dataclass
class Instance:
    """`state` is the live one; `written` is what the server's database says."""

    name: str
    token: str
    state: str = "close"
    written: str = "close"
    owner: str | None = None
    reason: int | None = None
    codes: int = 0
    pairing_code: str | None = None
    webhook: dict[str, Any] | None = None

    def listed(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "connectionStatus": self.written,
            "ownerJid": self.owner,
            "profileName": "Loja" if self.owner else None,
            "token": self.token,
            "disconnectionReasonCode": self.reason,
        }


@dataclass
class Twin:
    port: int = 0
    instances: dict[str, Instance] = field(default_factory=dict)
    requests: list[tuple[Any, ...]] = field(default_factory=list)
    posted: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    trouble: int | str | None = None
    ledger: Ledger = field(default_factory=Ledger)
    strangers: set[str] = field(default_factory=set)  # numbers that are not on WhatsApp
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # by message id
    read: list[dict[str, Any]] = field(default_factory=list)
    typing: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    # --- what people and WhatsApp do ------------------------------------------
    def scan(self, name: str, phone: str) -> None:
        one = self.instances[name]
        one.owner, one.reason = f"{phone}@s.whatsapp.net", None
        one.state = one.written = "open"
        told = {"instance": name, "wuid": one.owner, "profileName": "Loja"}
        self.post(name, "connection.update", {**told, "state": "open"})

    def drop(self, name: str, code: int) -> None:
        """The connection ends; unless it is for good, the server is on its way back."""
        one = self.instances[name]
        one.state = "close"
        if code in (401, 402, 403, 406):
            one.written, one.reason = "close", code
            told = {"status": "closed", "disconnectionReasonCode": code}
            self.post(name, "status.instance", told)
        told = {"instance": name, "state": "close"}
        self.post(name, "connection.update", {**told, "statusReason": code})

    def give_up(self, name: str) -> None:
        """Nobody scanned any of the codes."""
        one = self.instances[name]
        one.state = "close"
        self.post(name, "qrcode.updated", {"message": "limit", "statusCode": 500})
        self.post(name, "connection.update", {"instance": name, "state": "refused"})

    def write(self, name: str, phone: str, text: str, *, message_id: str) -> None:
        """A person writes to the number."""
        key = {"remoteJid": f"{phone}@s.whatsapp.net", "id": message_id}
        at = {"messageTimestamp": int(time.time())}
        said = {"key": key, "pushName": "Ada Lima", "message": {"conversation": text}}
        self.post(name, "messages.upsert", said | at)

    def post(self, name: str, event: str, data: Any) -> None:
        """Post an event as the instance's webhook wants it; only plain URLs are called."""
        one = self.instances[name]
        hook = one.webhook or {}
        word = event.replace(".", "_").upper()
        if not hook.get("enabled") or word not in hook.get("events", []):
            return
        body = {
            "event": event,
            "instance": name,
            "data": data,
            "destination": hook["url"],
            "date_time": datetime.now().isoformat(),  # noqa: DTZ005 -- local, as they do
            "sender": one.owner,
            "server_url": f"http://{self.host}",
            "apikey": one.token,
        }
        headers = {"content-type": "application/json", **(hook.get("headers") or {})}
        secret = headers.pop("jwt_key", None)
        if secret:
            headers["authorization"] = f"Bearer {token(secret)}"
        content = json.dumps(body).encode()
        self.posted.append((hook["url"], content, headers))
        if hook["url"].startswith("http://"):
            request = urllib.request.Request(hook["url"], content, headers)  # noqa: S310 -- plain http
            with contextlib.suppress(OSError):
                urllib.request.urlopen(request, timeout=10).close()  # noqa: S310

    # --- what the API answers -------------------------------------------------
    def respond(self, *asked: Any) -> tuple[int, bytes]:
        """`asked` is method, path, key and body."""
        self.requests.append(asked)
        if self.trouble == "html":
            return 200, b"<html><body>Welcome!</body></html>"
        if isinstance(self.trouble, int):
            status, told = _error(self.trouble, "in trouble")
        else:
            status, told = self.answer(*asked)
        content = json.dumps(told).encode()
        half = len(content) // 2 if self.trouble == "half" else None
        return status, content[:half]

    def answer(self, method: str, path: str, key: str, body: Any) -> Answer:
        url = urlsplit(path)
        if not url.path.startswith(("/instance/", "/webhook/", "/message/", "/chat/")):
            return _error(404, f"Cannot {method} {url.path}")
        query = {name: told[0] for name, told in parse_qs(url.query).items()}
        steps = [unquote(step) for step in url.path.strip("/").split("/")[1:]]
        operation, name = (*steps, query.get("instanceName", ""), "")[:2]
        one = self.instances.get(name)
        if key != GLOBAL_KEY and (one is None or key != one.token):
            return _error(401, "Unauthorized")
        if (method, operation) == ("POST", "create"):
            return self._create(body)
        if (method, operation, name) == ("GET", "fetchInstances", ""):
            return 200, [told.listed() for told in self.instances.values()]
        if one is None:
            return _error(404, f'The "{name}" instance does not exist')
        if url.path.startswith(("/message/", "/chat/")):
            return self._chat(one, operation, body)
        match method, operation:
            case "GET", "connectionState":
                return 200, {"instance": {"instanceName": name, "state": one.state}}
            case "GET", "fetchInstances":
                return 200, [one.listed()]
            case "GET", "connect":
                return 200, self._connect(one, query.get("number"))
            case "POST", "restart" if one.state != "close":
                return 200, self._connect(one, None)
            case "DELETE", "logout" if one.state != "close":
                one.state = one.written = "close"
                return 200, {"status": "SUCCESS"}
            case "DELETE", "delete" if one.state != "open":
                del self.instances[name]
                return 200, {"status": "SUCCESS"}
            case "POST" | "GET", "set" | "find":
                one.webhook = body["webhook"] if body else one.webhook
                told = one.webhook
                return 200, told and {**told, "webhookByEvents": told["byEvents"]}
        return _error(400, f'The "{name}" instance is not connected')

    def _chat(self, one: Instance, operation: str, body: Any) -> Answer:
        if operation == "getBase64FromMediaMessage":
            found = self.files.get(body["message"]["key"]["id"])
            if found is None:
                return _error(400, "Message not found")
            told = base64.b64encode(found[1]).decode()
            return 201, {"mimetype": found[0], "fileName": "f", "base64": told}
        if one.state != "open":
            return _error(400, "Error: Connection Closed")
        if operation == "whatsappNumbers":
            return 200, [self._number(number) for number in body["numbers"]]
        if operation == "markMessageAsRead":
            self.read += body["readMessages"]
            return 201, {"message": "Read messages", "read": "success"}
        if operation == "sendPresence":
            self.typing.append(body["number"])
            return 201, {"presence": body["presence"]}
        to = body["number"] if "number" in body else body["key"]["remoteJid"]
        jid = to if "@" in to else f"{to}@s.whatsapp.net"
        if to in self.strangers:
            absent = [{"jid": jid, "exists": False, "number": to}]
            return 400, {**_error(400, "")[1], "response": {"message": absent}}
        taken = self.ledger.take(one.name, to, body)
        key = {"remoteJid": jid, "fromMe": True, "id": taken.id}
        return 201, {"key": key, "status": "PENDING", "messageTimestamp": "1760000000"}

    def _number(self, number: str) -> dict[str, Any]:
        """Older accounts of Brazil go without the ninth digit."""
        address = number[:4] + number[5:] if len(number) == 13 else number
        is_there = number not in self.strangers
        jid = f"{address if is_there else number}@s.whatsapp.net"
        return {"exists": is_there, "jid": jid, "number": number}

    def tell(self, taken: Sent, word: str) -> None:
        """How far a message that this twin has taken got."""
        jid = f"{taken.to}@s.whatsapp.net"
        told = {"keyId": taken.id, "remoteJid": jid, "fromMe": True, "status": word}
        self.post(taken.sender, "messages.update", told)

    def _create(self, body: Any) -> Answer:
        name = body["instanceName"]
        if name in self.instances:
            return _error(403, f'This name "{name}" is already in use.')
        one = Instance(name, token=f"token-of-{name}", webhook=body.get("webhook"))
        self.instances[name] = one
        code = self._connect(one, body.get("number"))
        return 201, {"instance": {}, "hash": one.token, "qrcode": code}

    def _connect(self, one: Instance, number: str | None) -> dict[str, Any]:
        if one.state == "open":
            return {"instance": {"instanceName": one.name, "state": "open"}}
        if one.state == "close":
            one.state = one.written = "connecting"
            one.codes += 1
            one.pairing_code = "WZYEH1YY" if number else None
        shown = {"count": one.codes, "base64": "data:image/png;base64,iVBORw0KGgo="}
        if self.trouble == "half_qr":
            return shown
        code = f"2@{one.name}-{one.codes},pub,id,adv"
        return {**shown, "code": code, "pairingCode": one.pairing_code}


def token(secret: str, *, issued_at: int | None = None) -> str:
    """The JWT that comes in place of `jwt_key`."""
    now = int(time.time()) if issued_at is None else issued_at
    claims = {"iat": now, "exp": now + 600, "app": "evolution", "action": "webhook"}
    signed = ".".join(_base64(json.dumps(one)) for one in ({"alg": "HS256"}, claims))
    proof = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return f"{signed}.{_base64(proof)}"


def _base64(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _error(status: int, message: str) -> Answer:
    word = HTTPStatus(status).phrase
    return status, {"status": status, "error": word, "response": {"message": message}}


@contextlib.contextmanager
def serving() -> Iterator[Twin]:
    twin = Twin()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            with lock:
                key = self.headers.get("apikey") or ""
                status, content = twin.respond(self.command, self.path, key, body)
            if twin.trouble == "slow":
                time.sleep(1)
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 -- names of the library

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    twin.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield twin
    finally:
        server.shutdown()
        server.server_close()
