"""A message is kept as JSON and comes back as it was; anything else is told apart."""

import json

import pytest
from hypothesis import given, settings

from integrations.providers.base import outgoing_json
from integrations.providers.base.outgoing import (
    Media,
    OutgoingFile,
    OutgoingMessage,
    Text,
    as_numbered_text,
    kind_of,
)
from integrations.providers.base.outgoing_json import Misshapen
from integrations.providers.base.types import MessageKind
from tests.contract import messages, strategies
from tests.integrations.providers import golden


@pytest.mark.parametrize("case", golden.outbound_cases("meta_cloud"), ids=str)
def test_content_comes_back_as_it_was(case: golden.OutboundCase) -> None:
    kept = json.loads(json.dumps(outgoing_json.dump_content(case.message.content)))

    assert outgoing_json.load_content(kept) == case.message.content


def test_message_comes_back_with_all_that_surrounds_it() -> None:
    message = OutgoingMessage(
        messages.PERSON,
        messages.MENU,
        reply_to=messages.TARGET,
        callback_token="tok-1",
        idempotency_key="key-1",
    )

    kept = json.loads(json.dumps(outgoing_json.dump_message(message)))

    assert outgoing_json.load_message(kept) == message


def test_bytes_of_a_file_are_never_written_down() -> None:
    file = OutgoingFile("image/png", content=b"secret bytes")

    kept = outgoing_json.dump_content(Media(MessageKind.IMAGE, file))

    assert "secret" not in repr(kept)
    assert "secret" not in repr(file)


@settings(max_examples=300, deadline=None)
@given(value=strategies.values)
def test_anything_else_is_misshapen_and_nothing_worse(value: object) -> None:
    for told in (value, {"type": "text", "body": value}, {"type": value}):
        try:
            content = outgoing_json.load_content(told)
        except Misshapen:
            continue
        assert isinstance(content, Text)


@pytest.mark.parametrize(
    "told",
    [
        None,
        {"type": "text", "body": "x", "colour": "red"},
        {"type": "text"},
        {"type": "media", "kind": "hologram", "file": {"mime_type": "a/b"}},
        {"type": "menu", "body": "x", "button": "y", "sections": {}},
    ],
)
def test_what_is_missing_or_too_much_is_misshapen(told: object) -> None:
    with pytest.raises(Misshapen):
        outgoing_json.load_content(told)


def test_kind_of_a_content_is_the_one_that_a_message_shows() -> None:
    for kind, content in messages.SAMPLES.items():
        assert kind_of(content) is kind


def test_answers_are_numbered_for_phones_without_buttons() -> None:
    assert as_numbered_text(messages.BUTTONS) == "OK?\n\n1. Sim\n2. Não"
    assert as_numbered_text(messages.MENU) == "Qual?\n\n1. Um: o primeiro"
