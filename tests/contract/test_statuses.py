"""Every status word a provider documents has its place on our ladder, or none by name."""

import json

import pytest

from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.types import Ignored, StatusEvent, Unrecognized
from tests.integrations.providers import golden

WORDS = [
    (slug, word, ours)
    for slug in registry.PROVIDERS
    for word, ours in golden.status_words(slug).items()
]


@pytest.mark.parametrize(("slug", "word", "ours"), WORDS)
def test_status_word_is_mapped(slug: str, word: str, ours: str | None) -> None:
    [event] = _told(registry.get(slug), slug, word)

    if ours is None:
        assert isinstance(event, Ignored)
    else:
        assert isinstance(event, StatusEvent)
        assert event.status == ours


def test_unknown_status_word_parks_its_webhook(adapter: Adapter, slug: str) -> None:
    [event] = _told(adapter, slug, "teleported")

    assert isinstance(event, Unrecognized)
    assert "status" in event.reason


def _told(adapter: Adapter, slug: str, word: str) -> list[object]:
    """The golden case `status_sent` with another word in its place."""
    [case] = [
        case for case in golden.cases("inbound", slug) if case.name == "status_sent"
    ]
    sent = json.dumps(golden.word_for_sent(slug)).encode()
    assert case.body.count(sent) == 1
    body = case.body.replace(sent, json.dumps(word).encode())
    return list(adapter.parse(body, case.headers))
