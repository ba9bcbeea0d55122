"""Every golden case of every provider, by one runner per subject."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.providers.base.errors import (
    ProviderError,
    SignatureInvalid,
    Unreadable,
)
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Wire

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
    first, *rest = case.answers
    wire = Wire(first, rest)
    asked_at = datetime.now(UTC)

    if "error" in case.data:
        with pytest.raises(ProviderError) as caught:
            _ask(case, wire)
        error = {"type": type(caught.value).__name__, **vars(caught.value)}
        expected = case.data["error"]
        assert {key: error[key] for key in expected} == expected
    else:
        told = _ask(case, wire)
        assert _told(told, asked_at) == case.data["report"]
    if "request" in case.data:
        assert wire.requests == [case.data["request"]]
    if "requests" in case.data:
        assert wire.requests == case.data["requests"]
    if "bodies" in case.data:
        assert wire.bodies == case.data["bodies"]


def _told(report: Any, asked_at: datetime) -> Any:
    if isinstance(report, list):
        return [golden.as_report(one, asked_at) for one in report]
    return golden.as_report(report, asked_at)


def _ask(case: golden.Case, wire: Wire) -> Any:
    adapter, credentials = case.adapter, case.credentials
    session_id = case.data.get("session_id", "session-1")
    match case.data["operation"]:
        case "create_session":
            return adapter.create_session(credentials, wire, golden.WISH)
        case "read_return":
            return adapter.read_return(case.data["query"])
        case "close_session":
            adapter.close_session(session_id, credentials, wire)
            return golden.NOTHING
        case "remove_session":
            adapter.remove_session(session_id, credentials, wire)
            return golden.NOTHING
        case "set_webhook":
            return adapter.set_webhook(golden.WISH.webhook_url, credentials, wire)
        case "webhook_report":
            return adapter.webhook_report(credentials, wire)
        case "create_message_link":
            return adapter.create_message_link(case.data["text"], credentials, wire)
        case "list_message_links":
            return adapter.list_message_links(credentials, wire)
        case "find_by_lid":
            person = adapter.find_by_lid(case.data["lid"], credentials, wire)
            return person or golden.NOTHING
        case "delete_message_link":
            adapter.delete_message_link(case.data["link"], credentials, wire)
            return golden.NOTHING
        case _:
            return adapter.session_status(session_id, credentials, wire)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_case_says_where_it_comes_from(subject: str) -> None:
    unsaid = [
        str(case)
        for case in golden.cases(subject)
        if not case.data.get("provenance", "").startswith(PROVENANCES)
    ]

    assert unsaid == []
