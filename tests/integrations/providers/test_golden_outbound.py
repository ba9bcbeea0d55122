"""Every golden case of sending: the request byte by byte, and what its answer means."""

import json

import pytest

from integrations.providers import registry
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.outgoing_json import dump_message
from tests.integrations.providers import golden
from tests.integrations.providers.test_golden import PROVENANCES
from tests.integrations.providers.wire import Wire


@pytest.mark.parametrize("case", golden.outbound_cases(), ids=str)
def test_message_becomes_the_request_and_the_answer_its_result(
    case: golden.OutboundCase,
) -> None:
    wire = Wire(case.answer)
    adapter = registry.get(case.slug)
    credentials = golden.credentials(case.slug)

    if "error" in case.data:
        with pytest.raises(ProviderError) as caught:
            adapter.send(case.message, credentials, wire)
        error = {"type": type(caught.value).__name__, **vars(caught.value)}
        expected = case.data["error"]
        assert {key: error[key] for key in expected} == expected
    else:
        result = adapter.send(case.message, credentials, wire)
        assert golden.as_dict(result) == case.data["result"]

    assert wire.requests == [case.data["request"]]
    assert _written(wire.bodies[0]) == case.request


@pytest.mark.parametrize("case", golden.outbound_cases(), ids=str)
def test_message_is_written_down_as_it_was_read(case: golden.OutboundCase) -> None:
    folder = golden.FOLDER / case.slug / "outbound" / case.name

    kept = json.loads((folder / "message.json").read_text())

    assert dump_message(case.message) == kept
    assert case.data["provenance"].startswith(PROVENANCES)


def _written(body: object) -> bytes:
    """As http.py puts it on the wire."""
    return json.dumps(
        body, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()
