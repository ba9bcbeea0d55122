"""What an answer to a send means, at every provider: yes, no, or nobody knows."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Throttled,
    Unreachable,
    Unsupported,
)
from integrations.providers.base.outgoing import SendResult
from integrations.providers.base.types import MessageKind, Party
from tests.contract import messages, strategies
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Answer, Wire, answer

SENDING = [
    slug
    for slug in registry.PROVIDERS
    if Capability.SEND in registry.get(slug).capabilities
]
PAGE = b"<!doctype html><title>Maintenance</title>"


def _send(slug: str, wire: Wire) -> SendResult:
    return registry.get(slug).send(messages.text(), golden.credentials(slug), wire)


def _taken(slug: str) -> Answer:
    """What the provider answers when it takes a text."""
    [case] = [case for case in golden.outbound_cases(slug) if case.name == "text"]
    return case.answer


# --- a definite no ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Refused),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (404, Refused),
        (429, Throttled),
    ],
)
@pytest.mark.parametrize("slug", SENDING)
def test_refusal_by_status_alone_is_a_definite_no(
    slug: str, status: int, expected: type[ProviderError]
) -> None:
    with pytest.raises(expected):
        _send(slug, Wire(answer(status)))


@pytest.mark.parametrize("slug", SENDING)
def test_wait_that_is_asked_for_is_passed_on(slug: str) -> None:
    with pytest.raises(Throttled) as caught:
        _send(slug, Wire(answer(429, headers={"Retry-After": "17"})))

    assert caught.value.retry_after == 17


@pytest.mark.parametrize("slug", SENDING)
def test_message_that_never_left_may_be_tried_again(slug: str) -> None:
    with pytest.raises(Unreachable) as caught:
        _send(slug, Wire(Unreachable("connect_failed")))

    assert caught.value.is_retryable


# --- nobody knows -----------------------------------------------------------------
@pytest.mark.parametrize(
    "told",
    [
        *(answer(status) for status in (301, 302, 307, 408, 500, 502, 503, 504, 599)),
        answer(503, headers={"Retry-After": "5"}),
        answer(500, {"error": {"code": 131000, "is_transient": True}}),
        Answer(200, PAGE),
        Answer(201, b""),
        Answer(204, b""),
        answer(200, {}),
        answer(200, []),
        answer(200, {"messages": [], "key": {}, "id": ""}),
        answer(200, {"messages": [{"id": None}], "key": {"id": 7}, "id": {}}),
    ],
    ids=lambda told: f"{told.status_code}-{told.content[:20]!r}",
)
@pytest.mark.parametrize("slug", SENDING)
def test_answer_that_settles_nothing_leaves_the_outcome_unknown(
    slug: str, told: Answer
) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        _send(slug, Wire(told))

    assert not caught.value.is_retryable


@pytest.mark.parametrize("slug", SENDING)
def test_half_of_a_good_answer_leaves_the_outcome_unknown(slug: str) -> None:
    whole = _taken(slug)

    for length in range(len(whole.content)):
        with pytest.raises(OutcomeUnknown):
            _send(slug, Wire(Answer(whole.status_code, whole.content[:length])))


@pytest.mark.parametrize("slug", SENDING)
def test_trouble_after_sending_is_passed_on_as_it_is(slug: str) -> None:
    with pytest.raises(OutcomeUnknown, match="answer_timeout"):
        _send(slug, Wire(OutcomeUnknown("answer_timeout")))


@pytest.mark.parametrize("slug", SENDING)
@settings(max_examples=150, deadline=None)
@given(
    status=st.sampled_from([200, 201, 202, 204, 302, 400, 404, 408, 429, 500, 503]),
    body=st.binary(max_size=100)
    | strategies.values.map(lambda value: {"error": {"code": value, "message": value}})
    | strategies.values.map(lambda value: {"messages": [{"id": value}]})
    | strategies.values.map(lambda value: {"id": value, "key": {"id": value}})
    | strategies.values.map(lambda value: {"messages": value, "key": value}),
)
@example(status=200, body={"id": "\0", "key": {"id": "\0"}})
def test_nothing_but_an_id_is_a_yes_and_nothing_but_a_refusal_a_no(
    slug: str, status: int, body: object
) -> None:
    told = Answer(status, body) if isinstance(body, bytes) else answer(status, body)
    wire = Wire(told)

    try:
        result = _send(slug, wire)
    except OutcomeUnknown:
        assert status != 400 or slug == "evolution"  # see its outbound.py
    except ProviderError as error:
        listed = registry.get(slug).errors
        is_no = 400 <= status < 500 or error.code in listed
        assert is_no, "only a refusal may be tried again"
    else:
        assert 200 <= status < 300
        written = json.dumps(result.external_id, ensure_ascii=False)
        # No database keeps a NUL: it is read as the sign for what cannot be read.
        said = json.dumps(json.loads(told.content), ensure_ascii=False)
        said = said.replace("\\u0000", "\ufffd")
        assert written.strip('"').encode() in said.encode("utf-8", "replace")
    assert len(wire.requests) == 1


# --- a yes -------------------------------------------------------------------------
@pytest.mark.parametrize("kind", messages.KINDS)
def test_each_kind_is_sent_in_one_request_exactly_when_declared(
    kind: MessageKind, adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    wire = Wire(_taken(slug))
    message = messages.message_of(adapter, kind)

    if adapter.limits_of(kind) is None:
        with pytest.raises(Unsupported):
            adapter.send(message, credentials, wire)
        assert wire.requests == []
    else:
        assert adapter.send(message, credentials, wire).external_id
        assert len(wire.requests) == 1


def test_templates_are_sent_where_they_are_listed(adapter: Adapter) -> None:
    is_sent = adapter.limits_of(MessageKind.TEMPLATE) is not None

    assert is_sent == (Capability.TEMPLATES in adapter.capabilities)


def test_real_buttons_are_sent_exactly_when_declared(
    adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    wire = Wire(_taken(slug))

    adapter.send(
        messages.message_of(adapter, MessageKind.INTERACTIVE), credentials, wire
    )

    written = json.dumps(wire.bodies, ensure_ascii=False)
    is_numbered = "1. Sim\\n2. Não" in written
    assert is_numbered != (Capability.INTERACTIVE in adapter.capabilities)


def test_our_token_goes_out_exactly_where_it_comes_back(
    adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    wire = Wire(_taken(slug))
    message = messages.message_of(
        adapter, MessageKind.TEXT, token=messages.TOKEN, key="same-key-once"
    )

    adapter.send(message, credentials, wire)

    written = json.dumps([wire.bodies, wire.requests])
    has_token = Capability.CLIENT_MESSAGE_ID in adapter.capabilities
    has_key = Capability.IDEMPOTENT_SEND in adapter.capabilities
    assert (messages.TOKEN in written) == has_token
    assert ("same-key-once" in written) == has_key


def test_person_without_an_address_is_refused_before_anything_leaves(
    adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    wire = Wire(_taken(slug))
    message = replace(messages.text(), recipient=Party(username="ada"))

    with pytest.raises(Refused, match="recipient"):
        adapter.send(message, credentials, wire)

    assert wire.requests == []


def test_seeded_secret_is_told_by_no_answer_to_a_send(
    adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    secrets = [credentials[name] for name in adapter.secret_fields]
    repeated = " ".join(secrets)
    told = []
    for status in (200, 302, 400, 401, 408, 422, 429, 500):
        for body in (
            {"error": {"code": 100, "message": repeated, "error_data": repeated}},
            {"error": repeated, "message": repeated},
            {"meta": {"developer_message": repeated}},
            {"response": {"message": [repeated, "Connection Closed"]}},
        ):
            with pytest.raises(ProviderError) as caught:
                _send(slug, Wire(answer(status, body)))
            told += [repr(caught.value), str(caught.value), repr(vars(caught.value))]

    assert [text for text in told for secret in secrets if secret in text] == []
