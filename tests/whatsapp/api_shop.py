"""A shop that another system sends through: a number, a person who wrote, and a token."""

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.permissions import Scope
from accounts.services import tokens
from integrations.models import Channel
from tests.conftest import World
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from whatsapp.models import Conversation, OutboxEntry, Template

URL = "/api/messages"
NOBODYS = "00000000-0000-0000-0000-000000000000"


def token_of(world: World, *scopes: Scope, **changed: Any) -> str:
    now = timezone.now()
    values: dict[str, Any] = {
        "workspace": world.workspace,
        "name": "CRM",
        "scopes": scopes or (Scope.MESSAGES_SEND,),
        "allowed": frozenset(Scope),
        "expires_at": now + timedelta(days=30),
        "actor": world.owner,
        "now": now,
    } | changed
    return tokens.make_token(**values).secret


class Shop:
    """A number, a person who wrote an hour ago, and a system with a token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.token = token_of(world)
        self.channel: Channel = make.meta_number(
            world.workspace, state="connected", display_name="Balcão"
        )
        self.thread = self.person()

    def person(self, phone: str = "5511987654321", *, hours: int = 1) -> Conversation:
        lead = rows.lead(self.world.workspace)
        rows.identity(lead, value=phone)
        heard = timezone.now() - timedelta(hours=hours)
        return rows.conversation(lead, self.channel, last_inbound_at=heard)

    def template(self, **fields: Any) -> Template:
        values: dict[str, Any] = {
            "integration": self.channel.integration,
            "name": "pedido",
            "language": "pt_BR",
            "status": "approved",
            "category": "utility",
            "parameters": [
                {"part": "body", "kind": "text", "name": "1"},
                {"part": "body", "kind": "text", "name": "2"},
            ],
            "synced_at": timezone.now(),
        } | fields
        return Template.objects.create(workspace=self.world.workspace, **values)

    def ask(self, body: Any = None, *, key: str = "k1", path: str = URL) -> Any:
        told = body if isinstance(body, str | bytes) else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        return Client().post(
            path, told, content_type="application/json", headers=headers
        )

    def text(self, **fields: Any) -> Any:
        key = fields.pop("key", "k1")
        told = {"to": "+55 11 98765-4321", "text": "Seu pedido saiu"} | fields
        return self.ask(told, key=key)

    def get(self, path: str) -> Any:
        return Client().get(path, headers={"Authorization": f"Bearer {self.token}"})

    @property
    def entries(self) -> Any:
        return OutboxEntry.objects.for_workspace(self.world.workspace)
