"""Every golden case of every provider, by one runner per subject."""

import pytest

from integrations.providers.base.errors import (
    ProviderError,
    SignatureInvalid,
    Unreadable,
)
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Wire, answer

PROVENANCES = ("captured ", "provider docs", "constructed")
SUBJECTS = ("inbound", "signature", "handshake", "session")


@pytest.mark.parametrize("case", golden.cases("inbound"), ids=str)
def test_body_becomes_the_expected_events(case: golden.Case) -> None:
    if "unreadable" in case.data:
        with pytest.raises(Unreadable) as caught:
            case.adapter.parse(case.body, case.headers)
        assert str(caught.value) == case.data["unreadable"]
        return

    events = case.adapter.parse(case.body, case.headers)

    assert golden.as_json(events) == case.data["events"]


@pytest.mark.parametrize("case", golden.cases("signature"), ids=str)
def test_sender_is_proven_or_refused_as_expected(case: golden.Case) -> None:
    raw = golden.request(body=case.body, headers=case.headers)
    secrets = [golden.credentials(case.slug)]

    if case.data["outcome"] == "accepted":
        case.adapter.authenticate_webhook(raw, secrets)
        return
    with pytest.raises(SignatureInvalid) as caught:
        case.adapter.authenticate_webhook(raw, secrets)
    assert caught.value.is_missing == (case.data["outcome"] == "missing")


@pytest.mark.parametrize("case", golden.cases("handshake"), ids=str)
def test_webhook_url_is_confirmed_or_refused_as_expected(case: golden.Case) -> None:
    raw = golden.request(method="GET", query=case.data["query"])
    secrets = [golden.credentials(case.slug)]

    if case.data["outcome"] == "accepted":
        told = case.adapter.handshake(raw, secrets)
        assert told.status == 200
        assert told.body.decode() == case.data["body"]
        assert told.content_type == case.data["content_type"]
        return
    with pytest.raises(SignatureInvalid) as caught:
        case.adapter.handshake(raw, secrets)
    assert caught.value.is_missing == (case.data["outcome"] == "missing")


@pytest.mark.parametrize("case", golden.cases("session"), ids=str)
def test_answer_becomes_the_expected_report_or_error(case: golden.Case) -> None:
    told = case.data["answer"]
    wire = Wire(answer(told["status"], told["body"], told["headers"]))

    if "error" in case.data:
        with pytest.raises(ProviderError) as caught:
            _ask(case, wire)
        error = {"type": type(caught.value).__name__, **vars(caught.value)}
        expected = case.data["error"]
        assert {key: error[key] for key in expected} == expected
    else:
        assert golden.as_dict(_ask(case, wire)) == case.data["report"]
    if "request" in case.data:
        assert wire.requests == [case.data["request"]]


def _ask(case: golden.Case, wire: Wire):
    credentials = golden.credentials(case.slug)
    if case.data["operation"] == "create_session":
        return case.adapter.create_session(credentials, wire)
    return case.adapter.session_status("session-1", credentials, wire)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_case_says_where_it_comes_from(subject: str) -> None:
    unsaid = [
        str(case)
        for case in golden.cases(subject)
        if not case.data.get("provenance", "").startswith(PROVENANCES)
    ]

    assert unsaid == []
