"""A shop with a connected Meta number, and a corridor that runs on demand."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar, cast

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Workspace
from accounts.scoping import WorkspaceScoped
from integrations.models import Channel, Integration
from tests.conftest import World
from tests.factories import integrations as make
from tests.integrations.providers import golden
from tests.twins import waha
from tests.walls import as_app
from webhooks import processing
from webhooks.models import RawWebhook
from whatsapp import tokens
from whatsapp.models import Touch

M = TypeVar("M", bound=WorkspaceScoped)


@dataclass
class Shop:
    workspace: Workspace
    integration: Integration
    channel: Channel

    def rows(self, model: type[M]) -> QuerySet[M]:
        """What this workspace has of a model."""
        return cast("QuerySet[M]", model.objects.for_workspace(self.workspace))

    def click(self, *, at: datetime | None = None) -> Touch:
        """A click on a tracked link of this number."""
        return Touch.objects.create(
            workspace=self.workspace,
            kind="link",
            channel=self.channel,
            token=tokens.new_token(),
            occurred_at=at or timezone.now(),
        )

    def receive(self, body: bytes, **fields: object) -> RawWebhook:
        """A stored row, as the receiver leaves it."""
        values = {
            "workspace": self.workspace,
            "integration": self.integration,
            "provider": self.integration.provider,
        } | fields
        now = timezone.now()
        return RawWebhook.objects.create(
            body=body,
            digest=sha256(body).digest(),
            received_at=now,
            next_at=now,
            **values,
        )

    def process(self, *bodies: bytes) -> list[RawWebhook]:
        """Store bodies, drain the inbox, and hand back the rows as they are then."""
        rows = [self.receive(body) for body in bodies]
        with as_app():
            processing.drain(budget_seconds=30)
        for row in rows:
            row.refresh_from_db()
        return rows


@pytest.fixture
def shop(world: World) -> Shop:
    return make_shop(world.workspace)


@pytest.fixture
def make_shop_for() -> Callable[..., Shop]:
    return make_shop


def make_shop(workspace: Workspace, **channel: Any) -> Shop:
    number = make.meta_number(workspace, **channel)
    assert number.integration is not None
    return Shop(workspace, number.integration, number)


@pytest.fixture
def serve_waha(settings: Settings) -> Iterator[Callable[[], waha.Twin]]:
    """WAHA servers on the loopback address, each with a session that works."""
    with ExitStack() as servers:

        def start() -> waha.Twin:
            keys = golden.credentials("waha")
            twin = servers.enter_context(waha.serving(keys["api_key"]))
            name = keys["session_name"]
            twin.sessions[name] = waha.Session(name, {}, status="WORKING")
            allowed = [*settings.EGRESS_ALLOWED_HOSTS, f"127.0.0.1:{twin.port}"]
            settings.EGRESS_ALLOWED_HOSTS = allowed
            return twin

        yield start
