"""The log of an exchange with a provider tells that somebody was written to, not what."""

import contextlib
from typing import Any

import pytest

from integrations import gateway
from integrations.models import ChannelLog
from integrations.providers import registry
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.outgoing import OutgoingMessage, Text
from integrations.providers.base.types import Party
from tests.conftest import World
from tests.twins.sending import Loopback, serving
from tests.whatsapp.counter import open_counter, plan_of

pytestmark = pytest.mark.django_db(transaction=True)

ANA = Party(wa_id="5511987654321", name="Ana")


def send(world: World, provider: Loopback, text: str) -> ChannelLog:
    channel = open_counter(world.workspace, provider).channel
    message = OutgoingMessage(
        recipient=ANA, content=Text(text), callback_token="t0ken-of-this-one"
    )
    with contextlib.suppress(ProviderError):
        gateway.send(channel, message)
    row: ChannelLog = ChannelLog.objects.for_workspace(world.workspace).latest("pk")
    return row


@pytest.mark.parametrize("fault", ["", "4xx", "500_taken", "html"])
def test_no_text_and_no_number_rests_in_the_log_of_a_send(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    text = "Seu exame deu positivo"
    with serving(Loopback(plan_of(**{text: fault}))) as provider:
        settings.EGRESS_ALLOWED_HOSTS = [provider.host]
        monkeypatch.setitem(
            registry.get("meta_cloud").settings,
            "api_base",
            f"http://{provider.host}",
        )
        row = send(world, provider, text)

    for kept in (row.request, row.response, row.url):
        assert text not in kept
        assert "5511987654321" not in kept
    assert "t0ken-of-this-one" in row.request
    assert "•••4321" in row.request
    if fault == "4xx":
        assert "(#131026)" in row.response
