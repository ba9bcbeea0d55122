"""Every error code that a provider documents is explained to people, in both languages."""

import json
import re
from collections.abc import Iterator

import pytest
from django.utils import translation

from integrations import explanations
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.catalogue import (
    LOOK_FIRST,
    OURS,
    Entry,
    ErrorClass,
    NextAction,
)
from integrations.providers.base.errors import (
    CredentialsRefused,
    ProviderError,
    Throttled,
)
from integrations.providers.cloud_payload.catalogue import SAYS_NO
from tests.contract import messages
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Wire, answer

CODES: dict[str, list[str]] = json.loads(
    (golden.FOLDER / "error_codes.json").read_text()
)["codes"]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def _documented(slug: str) -> Iterator[str]:
    for told in CODES[slug]:
        first, dash, last = told.partition("-")
        if first and dash:
            yield from map(str, range(int(first), int(last) + 1))
        else:
            yield told


def test_every_documented_code_has_an_entry(adapter: Adapter, slug: str) -> None:
    missing = [code for code in _documented(slug) if code not in adapter.errors]

    assert missing == []


def _entries(adapter: Adapter) -> dict[str, Entry]:
    return {**adapter.errors, **OURS}


def test_every_entry_says_what_happened_and_what_to_do(adapter: Adapter) -> None:
    for code, entry in _entries(adapter).items():
        assert re.fullmatch(r"[A-Z3].*\.", entry.sentence), code
        assert entry.advice.endswith("."), code
        assert entry.link == "" or entry.link.startswith("https://"), code


def test_an_unknown_outcome_is_never_called_a_failure(adapter: Adapter) -> None:
    for code, entry in _entries(adapter).items():
        is_unknown = entry.kind is ErrorClass.UNKNOWN
        says_maybe = re.search("may have (arrived|been sent)", entry.sentence)
        assert is_unknown == bool(says_maybe), code


def test_codes_of_golden_cases_are_explained_by_their_own_entry(slug: str) -> None:
    told = {
        case.data["error"]["code"]
        for case in golden.outbound_cases(slug)
        if "error" in case.data
    }
    statuses = {
        event["error_code"]
        for case in golden.cases("inbound", slug)
        for event in case.data.get("events", [])
        if "error_code" in event
    }
    unlisted = {
        code
        for code in told | statuses
        if explanations.find_entry(slug, code) is None
        and not code.startswith("http_")  # told by its number, where nobody says more
    }

    assert unlisted == set()


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_sentences_are_told_in_the_language_of_the_reader(language: str) -> None:
    with translation.override(language):
        told = explanations.explain("meta_cloud", "131047", said="Re-engagement")

    expected = {"en": "More than 24 hours", "pt-br": "Passaram-se mais de 24 horas"}
    assert told.sentence.startswith(expected[language])
    assert told.action is NextAction.SEND_TEMPLATE
    assert told.said == "Re-engagement"


def test_unknown_code_is_told_honestly_with_the_code(slug: str) -> None:
    told = explanations.explain(slug, "987654321")

    assert "987654321" in told.sentence
    assert told.kind is ErrorClass.FAIL
    assert told.advice


def test_no_code_at_all_claims_nothing(slug: str) -> None:
    told = explanations.explain(slug, "")

    assert "does not say why" in told.sentence


def test_code_with_a_subcode_is_explained_by_its_code() -> None:
    plain = explanations.explain("meta_cloud", "131047")

    told = explanations.explain("meta_cloud", "131047/2494010")

    assert told.sentence == plain.sentence


@pytest.mark.parametrize("code", ["131000", "131026", "http_504", "987654321", "x"])
def test_uncertain_send_is_told_as_one_whatever_its_code(code: str) -> None:
    told = explanations.explain("meta_cloud", code, is_uncertain=True)

    assert "may have been sent" in told.sentence
    assert told.kind is ErrorClass.UNKNOWN
    assert told.advice == LOOK_FIRST


def test_number_whose_provider_is_switched_off_is_explained_all_the_same() -> None:
    told = explanations.explain("retired", "answer_timeout")

    assert told.kind is ErrorClass.UNKNOWN
    assert explanations.class_of("retired", "http_418") is ErrorClass.FAIL


@pytest.mark.parametrize("code", sorted(SAYS_NO - {"100/33"}))
@pytest.mark.parametrize("slug", ["meta_cloud", "dialog360"])
def test_listed_code_is_a_no_even_from_a_server_in_trouble(
    slug: str, code: str
) -> None:
    """The class that pages tell and the error that the outbox acts on agree."""
    adapter = registry.get(slug)
    told = answer(500, {"error": {"code": int(code), "message": "told"}})

    with pytest.raises(ProviderError) as caught:
        adapter.send(messages.text(), golden.credentials(slug), Wire(told))

    kind = adapter.errors[code].kind
    assert caught.value.code == code
    if kind is ErrorClass.RECONNECT:
        assert isinstance(caught.value, CredentialsRefused)
    assert caught.value.is_retryable == (kind is ErrorClass.RETRY)
    if isinstance(caught.value, Throttled):
        assert kind is ErrorClass.RETRY
