"""Asking for a session ends in a report or in a typed error, whatever comes back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.models import SessionKind, SessionState
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    Throttled,
    Unavailable,
    Unreachable,
)
from integrations.providers.base.types import SessionReport
from tests.contract import strategies
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Answer, Wire, answer

PROBING = [
    slug
    for slug in registry.PROVIDERS
    if Capability.SESSION_PROBE in registry.get(slug).capabilities
]

RETURNING = [
    slug
    for slug in registry.PROVIDERS
    if Capability.EXTERNAL_LINK in registry.get(slug).capabilities
]

LOOKING_UP = [
    slug
    for slug in registry.PROVIDERS
    if Capability.LID_LOOKUP in registry.get(slug).capabilities
]


def _ask(slug: str, wire: Wire) -> SessionReport:
    return registry.get(slug).session_status(
        "session-1", golden.credentials(slug), wire
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
@pytest.mark.parametrize("slug", PROBING)
def test_status_alone_is_enough_for_a_typed_error(
    slug: str, status: int, expected: type[ProviderError]
) -> None:
    with pytest.raises(expected):
        _ask(slug, Wire(answer(status)))


@pytest.mark.parametrize("slug", PROBING)
def test_wait_the_provider_asks_for_is_passed_on(slug: str) -> None:
    with pytest.raises(Throttled) as caught:
        _ask(slug, Wire(answer(429, headers={"Retry-After": "17"})))

    assert caught.value.retry_after == 17


@pytest.mark.parametrize("error", [Unreachable, OutcomeUnknown])
@pytest.mark.parametrize("slug", PROBING)
def test_trouble_on_the_way_is_passed_on_as_it_is(
    slug: str, error: type[ProviderError]
) -> None:
    with pytest.raises(error):
        _ask(slug, Wire(error("refused")))


@pytest.mark.parametrize("slug", PROBING)
@settings(max_examples=100, deadline=None)
@given(
    status=st.sampled_from([200, 201, 204, 302, 400, 401, 404, 429, 500, 599]),
    body=st.binary(max_size=100)
    | strategies.values.map(lambda value: {"error": value})
    | strategies.values.map(lambda value: {"error": {"code": value, "message": value}})
    | strategies.values.map(
        lambda value: {"meta": value, "status": value, "id": value}
    ),
)
def test_any_answer_gives_a_report_or_a_typed_error(
    slug: str, status: int, body: object
) -> None:
    told = Answer(status, body) if isinstance(body, bytes) else answer(status, body)

    try:
        report = _ask(slug, Wire(told))
    except ProviderError as exc:
        assert exc.code  # noqa: PT017 -- an error is one of the two right outcomes
    else:
        assert report.state in SessionState.values


def test_session_opens_and_closes(
    adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    [case] = [case for case in golden.cases("session", slug) if case.name == "created"]
    first, *rest = case.answers
    wire = Wire(first, rest)

    report = adapter.create_session(credentials, wire, golden.WISH)
    adapter.close_session(report.external_id, credentials, wire)

    assert report.state in SessionState.values
    assert adapter.session_kind_of(credentials) in adapter.session_kinds()
    assert set(adapter.session_kinds()) <= set(SessionKind.values)


@settings(max_examples=100, deadline=None)
@given(query=st.text(max_size=200))
@pytest.mark.parametrize("slug", RETURNING)
def test_anything_a_browser_brings_back_is_read(slug: str, query: str) -> None:
    returned = registry.get(slug).read_return(query)

    assert registry.get(slug).read_return(query) == returned
    told = (returned.state, returned.external_id)
    assert all("\0" not in text and len(text) <= 128 for text in told)


LID = "37830675939455@lid"


@pytest.mark.parametrize("slug", LOOKING_UP)
@settings(max_examples=100, deadline=None)
@given(
    status=st.sampled_from([200, 201, 204, 302, 400, 401, 404, 422, 429, 500, 599]),
    body=st.binary(max_size=100)
    | strategies.values
    | strategies.values.map(lambda value: {"lid": value, "pn": value})
    | strategies.values.map(lambda value: {"lid": LID, "pn": value}),
)
def test_any_answer_about_a_hidden_id_gives_a_phone_nobody_or_a_typed_error(
    slug: str, status: int, body: object
) -> None:
    told = Answer(status, body) if isinstance(body, bytes) else answer(status, body)

    try:
        person = registry.get(slug).find_by_lid(
            LID, golden.credentials(slug), Wire(told)
        )
    except ProviderError as exc:
        assert exc.code  # noqa: PT017 -- an error is one of the right outcomes
    else:
        assert person is None or (person.lid == LID and person.wa_id)
