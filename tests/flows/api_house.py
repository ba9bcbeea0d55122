"""A furnished workspace that other systems call, and the document they call it by."""

import json
from datetime import timedelta
from typing import Any

import jsonschema
from django.test import Client
from django.utils import timezone

from accounts.api import openapi
from accounts.api.openapi import Offer
from accounts.permissions import Scope
from accounts.services import tokens
from tests.architecture.furniture import Furniture, furnish
from tests.conftest import World
from whatsapp.models import Conversation

WORDS = "jabuticaba"
OAUTH_ID = f"{WORDS}-2345678923"
OFFERS = {offer.name: offer for offer in openapi.offers()}
_read: dict[str, Any] = {}
_validators: dict[str, Any] = {}


class ApiHouse:
    """`token` may do everything; `furniture` is what there is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.furniture: Furniture = furnish(
            world.workspace,
            world.owner,
            world.agent,
            words=WORDS,
            slug="vitrine",
            reference="2345678923",
        )
        # On the simulated number, from which something can be sent.
        self.talk: Conversation = Conversation.objects.for_workspace(
            world.workspace
        ).get(channel=self.furniture.phone)
        self.talk.last_inbound_at = timezone.now() - timedelta(hours=1)
        self.talk.save()
        self.token = self.make_token("Everything", *Scope)
        self.client = Client(raise_request_exception=False)

    def make_token(self, name: str, *scopes: Scope) -> str:
        now = timezone.now()
        return tokens.make_token(
            workspace=self.world.workspace,
            name=name,
            scopes=scopes,
            allowed=frozenset(Scope),
            expires_at=now + timedelta(days=30),
            actor=self.world.owner,
            now=now,
        ).secret

    @property
    def document(self) -> dict[str, Any]:
        """Read once: it is the same for everybody."""
        if not _read:
            _read.update(self.client.get("/api/openapi.json").json())
        return _read

    def path(self, offer: Offer, **gaps: Any) -> str:
        """With everything of the house in its gaps, unless told otherwise."""
        address = offer.path
        known = {
            "slug": self.world.workspace.slug,
            "oauth_id": OAUTH_ID,
            "number": self.furniture.ticket.ticket_number,
            "key": self.key_of(offer),
        }
        for name in offer.gaps:
            address = address.replace(f"{{{name}}}", str(gaps.get(name, known[name])))
        return address

    def key_of(self, offer: Offer) -> Any:
        known: dict[str, Any] = {
            "getLead": self.furniture.lead,
            "getMessage": self.furniture.send,
        }
        return known.get(offer.operation.name, self.furniture.conversation).key

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        key: str = "k1",
        kind: str = "application/json",
    ) -> Any:
        """`body` as it is when it is text, else as JSON."""
        headers = {}
        shown = self.token if token == "" else token
        if shown is not None:
            headers["Authorization"] = f"Bearer {shown}"
        if key:
            headers["Idempotency-Key"] = key
        told: dict[str, Any] = {"headers": headers}
        if body is not None:
            told["data"] = body if isinstance(body, str | bytes) else json.dumps(body)
            told["content_type"] = kind
        return self.client.generic(
            method,
            path,
            told.get("data", ""),
            content_type=told.get("content_type", kind),
            headers=headers,
        )

    def check(self, offer: Offer, response: Any) -> None:
        """It is an answer that the document knows, in the shape that it says."""
        method = offer.operation.method.lower()
        known = self.document["paths"][offer.path][method]["responses"]
        status = str(response.status_code)
        assert status in known, f"{offer.name} answered {status}: {response.content}"
        told = known[status]
        if "$ref" in told:
            told = self.resolved(told["$ref"])
        [(kind, content)] = told["content"].items()
        assert response.headers["Content-Type"].partition(";")[0] == kind
        self.validate(response.json(), content["schema"])
        for header in told.get("headers", {}):
            assert header in response.headers or status == "503"

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        name = json.dumps(schema)
        if name not in _validators:  # making one costs more than using it
            kind = jsonschema.Draft202012Validator
            whole = schema | {"components": self.document["components"]}
            _validators[name] = kind(whole, format_checker=kind.FORMAT_CHECKER)
        _validators[name].validate(value)

    def resolved(self, reference: str) -> dict[str, Any]:
        found: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)
