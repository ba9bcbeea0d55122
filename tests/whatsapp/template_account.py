"""A workspace whose number is at Meta's twin, with templates in its account."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Workspace
from integrations.models import Channel
from integrations.providers import registry
from tests.factories import integrations as numbers
from tests.twins import server
from tests.twins.meta import Number, Twin
from tests.walls import as_app
from whatsapp.models import Template, TemplateChange, TemplateSync
from whatsapp.services import template_sync
from whatsapp.services.template_sync import Tally

GREETING = "Olá, {{1}}! Seu pedido saiu para entrega."


def listed(name: str, *, text: str = GREETING, **fields: Any) -> dict[str, Any]:
    """A template as Meta lists it."""
    told = {
        "id": f"id-{name}",
        "name": name,
        "language": "pt_BR",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": text}],
    }
    return told | fields


@dataclass
class Account:
    """`twin` has what the provider has, `channel` is ours; every sync runs as the app."""

    twin: Twin
    workspace: Workspace
    channel: Channel

    @property
    def listed(self) -> list[dict[str, Any]]:
        return self.twin.desk.templates

    def sync(self) -> Tally:
        with as_app():
            return template_sync.run(workspace=self.workspace, is_forced=True)

    def row(self, name: str, language: str = "pt_BR") -> Template:
        found: Template = Template.objects.for_workspace(self.workspace).get(
            name=name, language=language, integration=self.channel.integration
        )
        return found

    def changes(self, name: str) -> list[tuple[str, str]]:
        rows = TemplateChange.objects.for_workspace(self.workspace)
        return [
            (one.kind, one.word)
            for one in rows.filter(template__name=name).order_by("told_at", "pk")
        ]

    @property
    def state(self) -> TemplateSync:
        row: TemplateSync = TemplateSync.objects.for_workspace(self.workspace).get(
            integration=self.channel.integration
        )
        return row


@contextmanager
def opened(
    workspace: Workspace, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    with server.serving(Twin()) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        known = registry.get("meta_cloud")
        monkeypatch.setitem(known.settings, "api_base", twin.url)
        told = numbers.META_CREDENTIALS
        twin.tokens[told["access_token"]] = {told["waba_id"]}
        twin.add_number(
            Number(told["phone_number_id"], told["waba_id"], "5511933334444")
        )
        channel = numbers.meta_number(workspace, display_name="Loja")
        yield Account(twin, workspace, channel)
