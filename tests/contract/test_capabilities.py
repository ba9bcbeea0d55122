"""A capability is declared exactly when it works: pages and services rely on the set."""

import io
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
from integrations.providers.base.outgoing import Media, OutgoingFile
from integrations.providers.base.templates import TemplateDraft
from integrations.providers.base.types import MediaRef, MessageKind
from tests.contract import messages
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Wire, answer

MEDIA = MediaRef(
    kind=MessageKind.IMAGE,
    external_id="1001",
    url="https://waha.example/api/files/loja/1001.jpeg",
)
FILE = Media(MessageKind.IMAGE, OutgoingFile("image/png", content=b"bytes"))
DRAFT = TemplateDraft("pedido", "pt_BR", "utility", [{"type": "BODY", "text": "Oi"}])

OPERATIONS: dict[Capability, Callable[[Adapter, Any, Wire], object]] = {
    Capability.HANDSHAKE: lambda adapter, keys, wire: adapter.handshake(
        golden.request(method="GET"), [keys]
    ),
    Capability.SEND: lambda adapter, keys, wire: adapter.send(
        messages.text(), keys, wire
    ),
    Capability.TEMPLATES: lambda adapter, keys, wire: adapter.list_templates(
        keys, wire
    ),
    Capability.MEDIA_FETCH: lambda adapter, keys, wire: adapter.fetch_media(
        MEDIA, keys, wire, into=io.BytesIO(), most=1000
    ),
    Capability.MEDIA_UPLOAD: lambda adapter, keys, wire: adapter.upload_media(
        FILE, keys, wire
    ),
    Capability.NUMBER_CHECK: lambda adapter, keys, wire: adapter.find_person(
        "5511988880001", keys, wire
    ),
    Capability.LID_LOOKUP: lambda adapter, keys, wire: adapter.find_by_lid(
        "37830675939455@lid", keys, wire
    ),
    Capability.MESSAGE_LOOKUP: lambda adapter, keys, wire: adapter.find_message(
        "token", keys, wire
    ),
    Capability.TYPING: lambda adapter, keys, wire: adapter.show_typing(
        messages.TARGET, messages.PERSON, keys, wire
    ),
    Capability.TEMPLATE_WRITE: lambda adapter, keys, wire: adapter.create_template(
        DRAFT, keys, wire
    ),
    Capability.WEBHOOK_BY_API: lambda adapter, keys, wire: adapter.webhook_report(
        keys, wire
    ),
    Capability.EXTERNAL_LINK: lambda adapter, keys, wire: adapter.read_return("a=1"),
    Capability.MESSAGE_LINKS: lambda adapter, keys, wire: adapter.list_message_links(
        keys, wire
    ),
    Capability.MARK_READ: lambda adapter, keys, wire: adapter.mark_read(
        messages.TARGET, messages.PERSON, keys, wire
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


def test_templates_are_deleted_where_they_are_made(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    expected = (
        ProviderError
        if Capability.TEMPLATE_WRITE in adapter.capabilities
        else Unsupported
    )

    with pytest.raises(expected) as caught:
        adapter.delete_template("pedido", credentials, Wire(answer(500)))

    is_supported = not isinstance(caught.value, Unsupported)
    assert is_supported == (Capability.TEMPLATE_WRITE in adapter.capabilities)


def test_message_links_say_how_long_their_text_may_be(adapter: Adapter) -> None:
    has_links = Capability.MESSAGE_LINKS in adapter.capabilities

    assert (adapter.message_link_text > 0) == has_links


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
