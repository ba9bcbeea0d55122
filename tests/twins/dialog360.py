"""360dialog on the loopback address: the hub's page, the partner API and numbers' own API.

Point BSP_API_BASE and BSP_HUB_BASE at its `url`, BSP_PARTNER_API_BASE at its `hub_api`.
A browser that opens the link of a partner is led back at once, as if all was agreed to;
`agree` answers the same address without a browser.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.twins import server
from tests.twins.cloud import Desk
from tests.twins.ledger import Sent
from tests.twins.server import Answer, Asked

_CHANNELS = re.compile(r"/hub/api/partners/([^/]+)/channels(?:/([^/]+)/api_keys)?")
_LINK = re.compile(r"/dashboard/app/([^/]+)/permissions")


@dataclass
class Channel:
    id: str
    client: str
    phone: str  # digits
    status: str = "ready"
    is_shared: bool = True  # the client lets the partner make keys
    keys: list[str] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "client_id": self.client,
            "account_mode": "live",
            "status": self.status,
            "current_limit": "TIER_1K",
            "current_quality_rating": "GREEN",
            "setup_info": {"phone_number": self.phone, "phone_name": "Padaria"},
        }


@dataclass
class Twin(server.Twin):
    partner_id: str = "PrTnRPA"
    partner_key: str = "seeded-partner-key-17d3"
    partner_webhook: str = ""
    channels: dict[str, Channel] = field(default_factory=dict)
    strange_address: str = ""  # instead of its own, with the next key
    made: int = 0
    desk: Desk = field(default_factory=Desk)

    @property
    def hub_api(self) -> str:
        return f"{self.url}/hub/api"

    def add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        return channel

    # --- what happens ---------------------------------------------------------
    def agree(self, query: dict[str, str], channels: Sequence[str] = ()) -> str:
        """Where the browser is sent once a customer shared numbers (all, unless named)."""
        wanted = query.get("number")
        shared = list(channels) or [
            one.id for one in self.channels.values() if one.phone == wanted
        ]
        clients = [self.channels[one].client for one in shared] or ["ClIeNt1"]
        told = {"client": clients[0], "channels": f"[{','.join(shared)}]"}
        told["state"] = query.get("state", "")
        return f"{query['redirect_url']}?{urlencode(told, safe='[],')}"

    def say(
        self, channel_id: str, sender: str, text: str, message_id: str
    ) -> int | None:
        """A person writes; answers how the webhook was received, None when none was sent."""
        channel = self.channels[channel_id]
        message = {
            "from": sender,
            "id": message_id,
            "timestamp": "1760000000",
            "type": "text",
            "text": {"body": text},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": channel.phone,
                "phone_number_id": f"1060{channel.phone}",
            },
            "contacts": [{"profile": {"name": "Ada"}, "wa_id": sender}],
            "messages": [message],
        }
        return self._post_change(channel, value)

    def tell(self, taken: Sent, word: str, code: int | None = None) -> int | None:
        """News about a message that this twin has taken."""
        channel = self.channels[taken.sender]
        metadata = {
            "display_phone_number": channel.phone,
            "phone_number_id": f"1060{channel.phone}",
        }
        told = self.desk.status(taken, word, code)
        return self._post_change(channel, {"metadata": metadata, **told})

    def _post_change(self, channel: Channel, value: dict[str, Any]) -> int | None:
        change = {"field": "messages", "value": value}
        entry = {"id": "1020", "changes": [change]}
        return self._post(
            channel.webhook, {"object": "whatsapp_business_account", "entry": [entry]}
        )

    def move(self, channel_id: str, status: str) -> int | None:
        """The hub sets a channel's state and tells the partner's webhook."""
        channel = self.channels[channel_id]
        channel.status = status
        event = {"id": "ev-1", "event": f"channel_{status}", "data": channel.told()}
        return self._post({"url": self.partner_webhook}, event)

    def _post(self, webhook: dict[str, Any], told: dict[str, Any]) -> int | None:
        if not webhook.get("url"):
            return None
        headers = {"Content-Type": "application/json", **webhook.get("headers", {})}
        body = json.dumps(told).encode()
        return server.call("POST", webhook["url"], body, headers)[0]

    # --- what it answers ------------------------------------------------------
    def refusal(self, status: int) -> Answer:
        words = {"success": False, "http_code": status, "developer_message": "as told"}
        return status, {"meta": words}

    def answer(self, asked: Asked) -> Answer:
        if _LINK.fullmatch(asked.path):
            return 302, self.agree(dict(asked.query))
        if found := _CHANNELS.fullmatch(asked.path):
            return self._hub(asked, found[1], found[2])
        return self._number(asked)

    def _hub(self, asked: Asked, partner: str, channel_id: str | None) -> Answer:
        if asked.headers.get("x-api-key") != self.partner_key:
            return 401, {"error": "Unauthorized"}
        if partner != self.partner_id:
            return 403, {"error": "Forbidden"}
        if channel_id is None:
            wanted = json.loads(asked.query.get("filters", "{}")).get("id")
            listed = [
                one.told() for one in self.channels.values() if wanted in (None, one.id)
            ]
            return 200, {"count": len(listed), "partner_channels": listed}
        channel = self.channels.get(channel_id)
        if channel is None:
            return 404, {"error": "channel not found"}
        if not channel.is_shared:
            return 403, {"error": "the client did not share this number's keys"}
        return self._keys(asked, channel)

    def _keys(self, asked: Asked, channel: Channel) -> Answer:
        if asked.method == "GET":
            return 200, [{"id": str(at)} for at, _ in enumerate(channel.keys)]
        if asked.method == "DELETE":
            channel.keys.clear()
            return 204, ""
        self.made += 1
        key = f"made-key-{self.made:06}-of-{channel.id}"
        channel.keys = [key]  # a new one ends every earlier one
        address = self.strange_address or self.url
        return 201, {"id": "201", "address": address, "api_key": key, "app_id": "104"}

    def _number(self, asked: Asked) -> Answer:
        key = asked.headers.get("d360-api-key")
        channel = next((one for one in self.channels.values() if key in one.keys), None)
        if channel is None:
            return 401, {"error": "Invalid api_key"}
        if asked.path == "/v1/configs/phone_number":
            return 200, {"phone_number": channel.phone}
        if asked.path == "/messages":
            return self.desk.message(channel.id, asked.body)
        if asked.path == "/media":
            return self.desk.upload(asked)
        if asked.path.startswith("/v1/configs/templates"):
            return self._templates(asked)
        if asked.path.startswith("/whatsapp_business/"):
            return self.desk.bytes_of(asked.query["mid"])
        # Told with Meta's own host, from which nobody but 360dialog may fetch it.
        if file := self.desk.file(asked.path[1:], "https://lookaside.fbsbx.com"):
            return file
        if asked.path != "/v1/configs/webhook":
            return 404, {"error": "not found"}
        if asked.method == "POST":
            channel.webhook = asked.body
        return 200, channel.webhook

    def _templates(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            return 201, self.desk.add_template({**asked.body, "status": "submitted"})
        if asked.method == "DELETE":
            is_done = self.desk.drop_templates(asked.path.rpartition("/")[2])
            return (200, {}) if is_done else (404, {"error": "not found"})
        start = int(asked.query["offset"])
        listed = self.desk.templates[start : start + 2]
        total = len(self.desk.templates)
        return 200, {
            "count": len(listed),
            "total": total,
            "offset": start,
            "waba_templates": listed,
        }
