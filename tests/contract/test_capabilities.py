"""A capability is declared exactly when it works: pages and services rely on the set."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import (
    ProviderError,
    SignatureInvalid,
    Unreadable,
    Unsupported,
)
from integrations.providers.base.types import (
    MediaRef,
    MessageKind,
    OutgoingMessage,
    Party,
)
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Wire, answer

MESSAGE = OutgoingMessage(
    recipient=Party(wa_id="5511988880001"), kind=MessageKind.TEXT, text="Oi"
)
MEDIA = MediaRef(kind=MessageKind.IMAGE, external_id="1001")

OPERATIONS: dict[Capability, Callable[[Adapter, Any, Wire], object]] = {
    Capability.HANDSHAKE: lambda adapter, keys, wire: adapter.handshake(
        golden.request(method="GET"), [keys]
    ),
    Capability.SEND: lambda adapter, keys, wire: adapter.send(MESSAGE, keys, wire),
    Capability.TEMPLATES: lambda adapter, keys, wire: adapter.list_templates(
        keys, wire
    ),
    Capability.MEDIA_FETCH: lambda adapter, keys, wire: adapter.fetch_media(
        MEDIA, keys, wire
    ),
    Capability.MARK_READ: lambda adapter, keys, wire: adapter.mark_read(
        "id-1", keys, wire
    ),
}

# What a provider tells us can be seen in its golden cases, and only there.
EVIDENCE: dict[Capability, Callable[[dict[str, Any]], bool]] = {
    Capability.RECEIVE: lambda event: event.get("origin") == "live",
    Capability.ECHOES: lambda event: event.get("origin") == "echo",
    Capability.HISTORY_SYNC: lambda event: event.get("origin") == "history",
    Capability.REFERRAL: lambda event: "referral" in event,
    Capability.REACTIONS: lambda event: event.get("kind") == "reaction",
    Capability.BSUID: lambda event: "bsuid" in event.get("peer", {}),
    Capability.MEDIA_BY_ID: lambda event: "external_id" in event.get("media", {}),
    Capability.CLIENT_MESSAGE_ID: lambda event: "callback_token" in event,
}


@pytest.mark.parametrize("capability", OPERATIONS)
def test_operation_works_exactly_when_it_is_declared(
    capability: Capability, adapter: Adapter, credentials: dict[str, str]
) -> None:
    try:
        OPERATIONS[capability](adapter, credentials, Wire(answer(500)))
    except Unsupported:
        is_supported = False
    except (ProviderError, SignatureInvalid, Unreadable):
        is_supported = True
    else:
        is_supported = True

    assert is_supported == (capability in adapter.capabilities)


@pytest.mark.parametrize("capability", EVIDENCE)
def test_golden_cases_show_what_is_declared_and_nothing_more(
    capability: Capability, adapter: Adapter, slug: str
) -> None:
    events = [
        event
        for case in golden.cases("inbound", slug)
        for event in case.data.get("events", [])
    ]

    is_shown = any(map(EVIDENCE[capability], events))

    assert is_shown == (capability in adapter.capabilities)


def test_session_status_asks_the_provider_exactly_when_declared(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    wire = Wire(answer(200, {}))

    adapter.session_status("session-1", credentials, wire)

    assert bool(wire.requests) == (Capability.SESSION_PROBE in adapter.capabilities)
