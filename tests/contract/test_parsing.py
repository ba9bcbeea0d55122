"""Parsing is total and pure, whatever is posted, and what comes out can be stored."""

import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import IDENTIFIER_WIDTH
from integrations.providers.base.types import Event, MessageEvent, StatusEvent
from tests.contract import strategies
from tests.integrations.providers import golden

WIDTHS = {
    "error_code": 40,
    "error_text": 500,
    "callback_token": 64,
    "external_id": IDENTIFIER_WIDTH,
    "target_id": IDENTIFIER_WIDTH,
    "group_id": IDENTIFIER_WIDTH,
}


@pytest.mark.parametrize("slug", registry.PROVIDERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_body_gives_events_or_unreadable(slug: str, data: st.DataObject) -> None:
    body = data.draw(strategies.bodies(slug))

    first = _outcome(registry.get(slug), body)
    second = _outcome(registry.get(slug), body)

    assert first == second
    if not isinstance(first, str):
        assert first, "a body that was read tells at least that it held nothing"
        for event in first:
            _check_that_it_can_be_stored(event)


# Where one request holds one event, an odd one has no neighbours.
BATCHING = [
    slug
    for slug in registry.PROVIDERS
    if "inbound/duplicate" not in golden.not_applicable(slug)
]


@pytest.mark.parametrize("slug", BATCHING)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_odd_element_leaves_its_neighbours_as_they_were(
    slug: str, data: st.DataObject
) -> None:
    adapter = registry.get(slug)
    body = data.draw(strategies.bodies_with_a_stranger_between_two(slug))
    [case] = [
        case for case in golden.cases("inbound", slug) if case.name == "duplicate"
    ]
    first, last = adapter.parse(case.body, {})

    events = _outcome(adapter, body)

    if isinstance(events, str):  # the stranger makes the whole body no JSON
        assert "not JSON" in events
    else:
        assert (events[0], events[-1]) == (first, last)
        assert len(events) > 2, "what stood between is told as something"


HOSTILE = {
    "empty": b"",
    "blank": b"   ",
    "nul": b"\x00",
    "broken utf-8": b'{"a":"\xff"}',
    "utf-16": '{"entry":[]}'.encode("utf-16"),
    "raw surrogate": b'{"a":"\xed\xa0\x80"}',
    "100,000 lists": b"[" * 100_000,
    "100,000 lists, closed": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects": b'{"entry":' * 100_000 + b"1" + b"}" * 100_000,
    "nested within an element": b'{"entry":[{"changes":[{"field":"messages","value":'
    + b"[" * 900
    + b"]" * 900
    + b"}]}]}",
    "endless integer": b'{"entry":' + b"9" * 100_000 + b"}",
    "not a number": b'{"entry":[{"changes":NaN}]}',
    "infinity": b'{"entry":-Infinity}',
    "two bodies": b"{}{}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_body_is_unreadable(name: str, adapter: Adapter) -> None:
    with pytest.raises(Unreadable):
        adapter.parse(HOSTILE[name], {})


@pytest.mark.parametrize("case", golden.cases("inbound"), ids=str)
def test_events_do_not_depend_on_headers_or_on_earlier_calls(case: golden.Case) -> None:
    first = _outcome(case.adapter, case.body)

    assert _outcome(case.adapter, case.body, {"x-anything": "1"}) == first


def _outcome(
    adapter: Adapter, body: bytes, headers: dict[str, str] | None = None
) -> list[Event] | str:
    try:
        return adapter.parse(body, headers or {})
    except Unreadable as exc:
        return f"unreadable: {exc}"


def _check_that_it_can_be_stored(event: Event) -> None:
    assert isinstance(event, get_args(Event))
    told = golden.as_dict(event)
    stored = json.dumps(told, allow_nan=False, ensure_ascii=False)
    stored.encode()  # no lone surrogate
    assert "\\u0000" not in stored.replace("\\\\", "")
    for name, width in WIDTHS.items():
        assert len(told.get(name, "")) <= width
    for name in ("wa_id", "bsuid", "lid", "username"):
        assert len(told.get("peer", {}).get(name, "")) <= 128
    if isinstance(event, MessageEvent):
        assert event.peer.is_known
        assert event.external_id
    if isinstance(event, StatusEvent):
        assert event.external_id
