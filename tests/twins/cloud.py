"""What Meta's and 360dialog's twins have in common: messages, files and templates."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.twins.ledger import Ledger, Sent
from tests.twins.server import Answer, Asked

_FILE = re.compile(
    rb'name="file"[^\r]*\r\nContent-Type: ([^\r]+)\r\n\r\n(.*)\r\n--', re.DOTALL
)


@dataclass
class Desk:
    """One account's counter: it takes what is sent and keeps what is brought.

    `refuses` are people, by number, and the code with which they cannot be reached.
    """

    ledger: Ledger = field(default_factory=Ledger)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    templates: list[dict[str, Any]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    typing: list[str] = field(default_factory=list)
    refuses: dict[str, int] = field(default_factory=dict)

    def message(self, number: str, body: Mapping[str, Any]) -> Answer:
        if body.get("status") == "read":
            self.read.append(body["message_id"])
            if "typing_indicator" in body:
                self.typing.append(body["message_id"])
            return 200, {"success": True}
        to = body.get("to") or body.get("recipient", "")
        if to in self.refuses:
            return 400, error(self.refuses[to])
        token = body.get("biz_opaque_callback_data", "")
        taken = self.ledger.take(number, to, body, token=token)
        person = {"input": to, "wa_id": to}
        told = {"id": f"wamid.{taken.id}", "message_status": "accepted"}
        return 200, {
            "messaging_product": "whatsapp",
            "contacts": [person],
            "messages": [told],
        }

    def upload(self, asked: Asked) -> Answer:
        found = _FILE.search(asked.raw)
        if found is None or b"messaging_product" not in asked.raw:
            return 400, error(100)
        media_id = str(int(hashlib.sha256(found[2]).hexdigest()[:13], 16))
        self.files[media_id] = (found[1].decode(), found[2])
        return 200, {"id": media_id}

    def file(self, media_id: str, address: str) -> Answer | None:
        """The node of a file; None where there is none of this id."""
        if media_id not in self.files:
            return None
        kind, content = self.files[media_id]
        return 200, {
            "messaging_product": "whatsapp",
            "url": f"{address}/whatsapp_business/attachments/?mid={media_id}&hash=h",
            "mime_type": kind,
            "sha256": hashlib.sha256(content).hexdigest(),
            "file_size": len(content),
            "id": media_id,
        }

    def bytes_of(self, media_id: str) -> Answer:
        found = self.files.get(media_id)
        return (200, found[1]) if found else (404, error(100))

    def add_template(self, body: Mapping[str, Any]) -> dict[str, Any]:
        made = {"id": str(len(self.templates) + 1), "status": "PENDING", **body}
        self.templates.append(made)
        return made

    def edit_template(self, template_id: str, body: Any) -> bool:
        """Whether there is one of this id; it is reviewed anew then."""
        found = [one for one in self.templates if one.get("id") == template_id]
        for one in found:
            one.update(body or {}, status="PENDING")
        return bool(found)

    def drop_templates(self, name: str) -> bool:
        kept = [one for one in self.templates if one["name"] != name]
        is_there = len(kept) < len(self.templates)
        self.templates[:] = kept
        return is_there

    def status(self, taken: Sent, word: str, code: int | None = None) -> dict[str, Any]:
        """News about a message, as its webhook has it."""
        told: dict[str, Any] = {
            "id": f"wamid.{taken.id}",
            "status": word,
            "timestamp": "1760000000",
            "recipient_id": taken.to,
        }
        if taken.token:
            told["biz_opaque_callback_data"] = taken.token
        if code is not None:
            told["errors"] = [{"code": code, "title": f"(#{code}) told"}]
        return {"messaging_product": "whatsapp", "statuses": [told]}


def error(code: int, *, subcode: int | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"message": f"(#{code}) told", "code": code}
    if subcode is not None:
        told["error_subcode"] = subcode
    return {"error": told}
