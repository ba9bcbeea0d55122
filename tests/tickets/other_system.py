"""Another system that tells of tickets, and what is kept of its word."""

import json
import time
from typing import Any

from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Workspace
from integrations import signing
from tests.conftest import World
from tickets.models import IncomingEvent, Ticket, TicketEvent
from tickets.services import event_sources

PLAIN = "/webhooks/ticket-events"
DATA = {"ticket_id": "T-1", "title": "Pacote amassado"}


class System:
    """Another system, which signs as it is told."""

    def __init__(self, workspace: Workspace, name: str = "Help desk") -> None:
        made = event_sources.add(workspace, name=name, actor=None, now=timezone.now())
        self.source, self.secret = made.source, made.secret
        self.browser = Browser()

    @property
    def address(self) -> str:
        return f"{PLAIN}/{self.source.key}/"

    def post(
        self,
        body: Any,
        headers: dict[str, str] | None = None,
        *,
        address: str | None = None,
    ) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = headers if headers is not None else self.plain(raw)
        return self.browser.post(
            address or self.address,
            raw,
            content_type="application/json",
            headers=signed,
        )

    def plain(self, raw: bytes) -> dict[str, str]:
        return {"X-Signature": signing.sign_plain(self.secret, raw)}

    def standard(
        self, raw: bytes, *, event_id: str = "evt-1", at: int | None = None
    ) -> dict[str, str]:
        at = int(time.time()) if at is None else at
        signature = signing.sign(self.secret, event_id=event_id, at=at, body=raw)
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature,
        }

    def tell(
        self,
        kind: str = "ticket.created",
        *,
        event_id: Any = "evt-1",
        at: Any = None,
        **data: Any,
    ) -> Any:
        told = {"id": event_id, "type": kind, "data": DATA | data}
        if at is not None:
            told["timestamp"] = at
        return self.post(told)


def the_ticket(world: World) -> Any:
    return Ticket.objects.for_workspace(world.workspace).get()


def entries(world: World) -> list[str]:
    rows = TicketEvent.objects.for_workspace(world.workspace).order_by("pk")
    return [str(kind) for kind in rows.values_list("kind", flat=True)]


def log(world: World) -> list[Any]:
    rows = IncomingEvent.objects.for_workspace(world.workspace).order_by("pk")
    return list(rows.values_list("verdict", "reason", "field"))
