"""Meta's Graph API on the loopback address, with one app, its accounts and their numbers.

It checks tokens as Meta does, confirms callbacks before it keeps them, posts signed
webhooks where they lead, and keeps message links. Point META_API_BASE at its `url`.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.twins import server
from tests.twins.cloud import Desk
from tests.twins.cloud import error as _error
from tests.twins.ledger import Sent
from tests.twins.server import Answer, Asked

OBJECT = "whatsapp_business_account"


@dataclass
class Number:
    id: str
    account: str
    phone: str  # digits
    name: str = "Padaria"
    status: str = "CONNECTED"
    quality: str = "GREEN"
    limit: str = "TIER_2K"
    throughput: str = "STANDARD"
    is_on_phone: bool = False
    callback: str = ""
    links: dict[str, str] = field(default_factory=dict)


@dataclass
class Twin(server.Twin):
    """`tokens` are access tokens and the accounts each may see; None lacks a permission."""

    app_id: str = "120000000000001"
    app_secret: str = "seeded-app-secret-9ab3"  # invented, as in the golden cases
    tokens: dict[str, set[str] | None] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    accounts: dict[str, set[str]] = field(default_factory=dict)  # subscribed apps
    app_callback: str = ""
    app_fields: list[str] = field(default_factory=list)
    confirms_callbacks: bool = True
    desk: Desk = field(default_factory=Desk)
    page: int = 2  # templates, or message links, in one answer
    made: int = 0  # message links, deleted ones too
    broken_page: str = ""  # where a list goes on that is then not answered

    def add_number(self, number: Number) -> Number:
        self.numbers[number.id] = number
        self.accounts.setdefault(number.account, set())
        return number

    # --- what happens ---------------------------------------------------------
    def say(
        self, number_id: str, sender: str, text: str, message_id: str
    ) -> int | None:
        """A person writes; answers how the webhook was received, None when none was sent."""
        message = {
            "from": sender,
            "id": message_id,
            "timestamp": "1760000000",
            "type": "text",
            "text": {"body": text},
        }
        value = {
            "messaging_product": "whatsapp",
            "contacts": [{"profile": {"name": "Ada"}, "wa_id": sender}],
            "messages": [message],
        }
        return self.post(number_id, "messages", value)

    def tell(self, taken: Sent, word: str, code: int | None = None) -> int | None:
        """News about a message that this twin has taken."""
        return self.post(taken.sender, "messages", self.desk.status(taken, word, code))

    def disconnect(self, number_id: str, event: str = "PARTNER_REMOVED") -> int | None:
        number = self.numbers[number_id]
        number.status = "DISCONNECTED"
        told = {"event": event, "phone_number": number.phone}
        return self.post(number_id, "account_update", told)

    def post(self, number_id: str, name: str, value: dict[str, Any]) -> int | None:
        """Post one change where Meta would: overrides are for messages alone."""
        number = self.numbers[number_id]
        is_of_messages = name in ("messages", "history") or name.startswith("smb_")
        url = (number.callback if is_of_messages else "") or self.app_callback
        is_subscribed = self.app_id in self.accounts[number.account]
        if not url or name not in self.app_fields or not is_subscribed:
            return None
        metadata = {"display_phone_number": number.phone, "phone_number_id": number.id}
        change = {"field": name, "value": {"metadata": metadata, **value}}
        entry = {"id": number.account, "changes": [change]}
        body = json.dumps({"object": OBJECT, "entry": [entry]}).encode()
        proof = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={proof}",
        }
        return server.call("POST", url, body, headers)[0]

    # --- what it answers ------------------------------------------------------
    def refusal(self, status: int) -> Answer:
        code = {401: 190, 403: 10, 404: 100, 429: 80007}.get(status, 131000)
        return status, _error(code, subcode=33 if code == 100 else None)

    def answer(self, asked: Asked) -> Answer:
        _, _version, node, *rest = self._path(asked).split("/")
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token == f"{self.app_id}|{self.app_secret}":
            if (node, rest) == (self.app_id, ["subscriptions"]):
                return self._subscriptions(asked)
            return 400, _error(100, subcode=33)
        if token not in self.tokens:
            return 401, _error(190)
        seen = self.tokens[token]
        if node == "whatsapp_business":
            return self.desk.bytes_of(asked.query["mid"])
        if seen is not None and (file := self.desk.file(node, self._files)):
            return file
        if node == "app":
            return 200, {"id": self.app_id, "name": "Recado"}
        if seen and self.desk.edit_template(node, asked.body):
            return 200, {"success": True}
        number = self.numbers.get(node)
        account = number.account if number else node
        if account not in self.accounts or (seen is not None and account not in seen):
            return 400, _error(100, subcode=33)
        if seen is None:
            return 403, _error(10)
        return (
            self._number(number, asked, rest) if number else self._of(node, asked, rest)
        )

    @property
    def _files(self) -> str:
        return f"{self.url}/files"

    def _path(self, asked: Asked) -> str:
        """Files are at an address of their own, which has no version."""
        return asked.path.replace("/files/", "/v/", 1)

    def _subscriptions(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            if not self._is_confirmed(asked.body["callback_url"], asked.body):
                return 400, _error(2200)
            self.app_callback = asked.body["callback_url"]
            self.app_fields = asked.body["fields"].split(",")
            return 200, {"success": True}
        if not self.app_callback:
            return 200, {"data": []}
        fields = [{"name": name, "version": "v25.0"} for name in self.app_fields]
        told = {"object": OBJECT, "callback_url": self.app_callback, "fields": fields}
        return 200, {"data": [told]}

    def _of(self, account: str, asked: Asked, rest: list[str]) -> Answer:
        if rest == ["phone_numbers"]:
            ours = [one for one in self.numbers.values() if one.account == account]
            return 200, {"data": [{"id": one.id} for one in ours]}
        if rest == ["message_templates"]:
            return self._templates(asked)
        if rest != ["subscribed_apps"]:
            return 400, _error(100)
        apps = self.accounts[account]
        if asked.method == "POST":
            apps.add(self.app_id)
            return 200, {"success": True}
        told = [{"whatsapp_business_api_data": {"id": app}} for app in sorted(apps)]
        return 200, {"data": told}

    def _templates(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            made = self.desk.add_template(asked.body)
            told = ("id", "status", "category")
            return 200, {name: made[name] for name in told}
        if asked.method == "DELETE":
            is_done = self.desk.drop_templates(asked.query["name"])
            return (200, {"success": True}) if is_done else (400, _error(100))
        if self.broken_page and asked.query.get("after") == self.broken_page:
            return 500, _error(131000)
        return 200, self._paged(asked, self.desk.templates)

    def _paged(self, asked: Asked, rows: list[dict[str, Any]]) -> dict[str, Any]:
        start = int(asked.query.get("after") or 0)
        end = min(start + self.page, len(rows))
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(rows):
            paging["next"] = f"{self.url}/next"
        return {"data": rows[start:end], "paging": paging}

    def _number(self, number: Number, asked: Asked, rest: list[str]) -> Answer:
        if rest == ["messages"]:
            return self.desk.message(number.id, asked.body)
        if rest == ["media"]:
            return self.desk.upload(asked)
        if rest[:1] == ["message_qrdls"]:
            return self._links(number, asked, rest[1:])
        if asked.method == "GET":
            return 200, self._node(number, asked.query.get("fields", "id"))
        told = asked.body["webhook_configuration"]
        url = told["override_callback_uri"]
        if url and not self._is_confirmed(url, told):
            return 400, _error(2200)
        number.callback = url
        return 200, {"success": True}

    def _node(self, number: Number, fields: str) -> dict[str, Any]:
        every = {
            "id": number.id,
            "display_phone_number": f"+{number.phone}",
            "verified_name": number.name,
            "status": number.status,
            "quality_rating": number.quality,
            "is_on_biz_app": number.is_on_phone,
            "throughput": {"level": number.throughput},
            "whatsapp_business_manager_messaging_limit": number.limit,
            "webhook_configuration": {
                "application": self.app_callback,
                **({"phone_number": number.callback} if number.callback else {}),
            },
        }
        return {name: every[name] for name in ["id", *fields.split(",")]}

    def _links(self, number: Number, asked: Asked, rest: list[str]) -> Answer:
        if asked.method == "DELETE":
            gone = number.links.pop(rest[0], None)
            return (200, {"success": True}) if gone else (400, _error(100, subcode=33))
        if asked.method == "POST":
            self.made += 1
            code = f"LINK{self.made:010}"
            number.links[code] = asked.body["prefilled_message"]
            return 200, _link(code, number.links[code])
        return 200, self._paged(asked, [_link(*one) for one in number.links.items()])

    def _is_confirmed(self, url: str, told: dict[str, str]) -> bool:
        """Whether the callback answers with the challenge, as Meta asks before keeping it."""
        if not self.confirms_callbacks:
            return True
        query = {
            "hub.mode": "subscribe",
            "hub.verify_token": told["verify_token"],
            "hub.challenge": "1158201444",
        }
        try:
            status, body = server.call("GET", f"{url}?{urlencode(query)}")
        except OSError:
            return False
        return status == 200 and body == b"1158201444"


def _link(code: str, text: str) -> dict[str, Any]:
    url = f"https://wa.me/message/{code}"
    return {"code": code, "prefilled_message": text, "deep_link_url": url}
