"""Whatever another system writes is read, or refused by the name of what is wrong."""

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tickets import event_bodies, event_kinds
from tickets.event_bodies import Invalid, NotJson, Told

_NAMES = (
    *("id", "type", "timestamp", "data", "ticket_id", "ticket_number", "title", "url"),
    *("description", "status", "priority", "client_id", "client", "assignee"),
    *("comment", "text", "public", "author", "oauth_id", "name", "phone", "email"),
)
_plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        [*event_kinds.INCOMING, "open", "high", "\0", "\ud800", "😀" * 300]
    )
)
_anything = st.recursive(
    _plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=8)
    ),
    max_leaves=12,
)
_events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(sorted(event_kinds.INCOMING)) | _anything,
        "data": st.dictionaries(st.sampled_from(_NAMES), _anything, max_size=10)
        | _anything,
    },
    optional={
        "id": st.text(min_size=1, max_size=170) | _anything,
        "timestamp": _anything,
    },
)


def _read(told: dict[str, Any], event_id: str) -> Told | Invalid:
    try:
        return event_bodies.read(told, event_id=event_id)
    except Invalid as wrong:
        return wrong


@given(_events, st.sampled_from(["", "msg_1", "\xff", "x" * 200]))
@settings(max_examples=400, deadline=None)
def test_every_object_is_an_event_or_names_what_is_wrong(told, event_id):
    names = event_bodies.name_of(told, event_id=event_id)
    assert all(len(name) <= 160 and "\0" not in name for name in names)
    found = _read(told, event_id)
    if isinstance(found, Invalid):
        assert 0 < len(found.field) <= 60
        assert found.why
        return
    assert 0 < len(found.id) <= 160
    json.dumps([found.ticket_id, dict(found.values)]).encode()
    assert all("\0" not in value for value in found.values.values())


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_every_body_is_an_object_or_no_json(body):
    with contextlib.suppress(NotJson):
        assert isinstance(event_bodies.read_json(body), dict)


def test_a_number_of_a_million_digits_is_no_json():
    try:
        event_bodies.read_json(b'{"a":' + b"9" * 250_000 + b"}")
    except NotJson:
        return
    raise AssertionError
