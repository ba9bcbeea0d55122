"""A help desk that other systems call: a workspace, a token, and requests."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.permissions import Scope
from accounts.services import tokens
from tests.conftest import World
from tests.factories import integrations as make_channels
from tests.factories import whatsapp as rows
from whatsapp.models import Conversation, OutboxEntry
from whatsapp.phones import match_key_for_phone


class Desk:
    def __init__(self, world: World) -> None:
        self.world = world
        self.token = self.token_of(world.workspace, "CRM", actor=world.owner)
        self.channel = make_channels.meta_number(
            world.workspace, state="connected", display_name="Balcão"
        )

    @staticmethod
    def token_of(workspace: Any, name: str, *, actor: Any) -> str:
        now = timezone.now()
        return tokens.make_token(
            workspace=workspace,
            name=name,
            scopes=list(Scope),
            allowed=frozenset(Scope),
            expires_at=now + timedelta(days=30),
            actor=actor,
            now=now,
        ).secret

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "k1",
        token: str = "",
    ) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        told: dict[str, Any] = {} if body is None else {"data": body}
        send = getattr(Client(), method.lower())
        if method != "GET":
            told["content_type"] = "application/json"
        return send(path, headers=headers, **told)

    def get(self, path: str, **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return Client().get(path, query, headers=headers)

    def post(self, path: str, body: Any, *, key: str = "k1") -> Any:
        return self.ask("POST", path, body, key=key)

    def person(self, phone: str = "5511987654321", *, hours: float = 1) -> Conversation:
        """Somebody who wrote so many hours ago."""
        lead = rows.lead(self.world.workspace, name="Ana")
        rows.identity(lead, value=phone, match_key=match_key_for_phone(phone))
        heard = timezone.now() - timedelta(hours=hours)
        return rows.conversation(
            lead, self.channel, last_inbound_at=heard, last_message_at=heard
        )

    @property
    def entries(self) -> Any:
        return OutboxEntry.objects.for_workspace(self.world.workspace)


def refused(response: Any, status: int, error: str, field: str = "") -> Any:
    assert response.status_code == status, response.content
    told = response.json()
    assert (told["error"], told.get("field", "")) == (error, field), told
    return told
