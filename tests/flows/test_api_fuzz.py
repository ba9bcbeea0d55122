"""The API under requests that its own document suggests, and under those it does not.

Each operation gets some dozens of requests: made by the schemas of the document, with one
part or all of it replaced by something else. Whatever is sent, the answer is one of the
document, in the shape that it says, and never the server's own failure.
"""

import json
import string
from collections import Counter
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts import limits
from tests.conftest import World
from tests.flows.api_house import OAUTH_ID, OFFERS, WORDS, ApiHouse

EXAMPLES: Final = 40
_DEPTH: Final = 4
# Characters that have meant trouble somewhere; half a surrogate pair only fits into JSON.
_NASTY: Final = ["\0", "\x7f", "\u202e", "é", "😀", "'", '"', "\\", "%", "/", "\n"]
_WORDS: Final = st.text(
    st.one_of(
        st.sampled_from(string.ascii_letters + string.digits + " -+_.@:"),
        st.sampled_from(_NASTY),
    ),
    max_size=40,
)
_HALF: Final = st.just("\ud800")
_ANYTHING: Final = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        _WORDS,
        _HALF,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture
def house(world: World) -> Any:
    limits.forget_this_process()
    yield ApiHouse(world)
    limits.forget_this_process()


# Each operation at the address without a workspace: at the other one the view is the same.
# Operations that some of these requests get done; others need what chance seldom makes.
DONE: Final = {
    *("getDocument", "verifyToken", "getWorkspace", "listClients"),
    *("addClient", "getClient", "putClient", "changeClient"),
}
NAMES: Final = [name for name, offer in OFFERS.items() if not offer.in_workspace]


@pytest.mark.parametrize("name", NAMES)
def test_no_request_gets_an_answer_that_the_document_does_not_know(
    house: ApiHouse, settings: Any, name: str
) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS)  # it asks often

    answered = _fuzz(house, name)

    if name in DONE:  # else it would only have knocked
        assert any(status < 300 for status in answered), answered


def _fuzz(house: ApiHouse, name: str) -> Counter[int]:
    """How often each status was answered."""
    offer, answered = OFFERS[name], Counter[int]()
    method = offer.operation.method
    operation = house.document["paths"][offer.path][method.lower()]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def walk(data: st.DataObject) -> None:
        path, query, key = _address(data, house, operation, offer.path)
        body = _body(data, house, operation)
        with transaction.atomic():
            response = house.ask(method, path + query, body, key=key)
            house.check(offer, response)
            transaction.set_rollback(True)
        answered[response.status_code] += 1

    walk()
    return answered


def _address(
    data: st.DataObject, house: ApiHouse, operation: dict[str, Any], path: str
) -> tuple[str, str, str]:
    key, asked = "", {}
    for one in operation["parameters"]:
        name, schema = one["name"], one["schema"]
        if one["in"] == "path":
            value = data.draw(_gap(house, name, schema), label=name)
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        elif one["in"] == "header":
            key = data.draw(st.one_of(st.just("k1"), st.just(""), _keys()), label=name)
        elif data.draw(st.booleans(), label=f"{name}?"):
            asked[name] = data.draw(_text(house, name, schema), label=name)
    if data.draw(st.integers(0, 9), label="stray?") == 0:
        asked[data.draw(_WORDS)] = data.draw(_WORDS)
    query = f"?{urlencode(asked)}" if asked else ""
    return path, query, key


def _keys() -> st.SearchStrategy[str]:
    """Headers are latin-1, and a client sends no line breaks in them."""
    return st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=140)


def _known(house: ApiHouse, name: str) -> list[str]:
    """Values of things that are there, so that not every request ends at a 404."""
    shop = house.furniture
    keys = [
        str(one.key) for one in (shop.lead, shop.conversation, shop.send, shop.client)
    ]
    return {
        "slug": [house.world.workspace.slug],
        "number": ["1", "99999999999999999999"],
        "oauth_id": [OAUTH_ID, keys[3]],
        "client": [OAUTH_ID, keys[3]],
        "client_id": [OAUTH_ID],
        "key": keys,
        "lead": keys[:1],
        "conversation": keys[1:2],
        "channel": [str(shop.channel.key), shop.channel.phone],
        "assignee": [house.world.agent.email],
        "phone": ["+55 11 98765-4321", "11987654321"],
        "to": ["+55 11 98765-4321"],
        "q": [WORDS, "1"],
        "external_id": [WORDS],
    }.get(name, [])


def _gap(house: ApiHouse, name: str, schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """A route takes what its converter takes; the rest is no address of ours."""
    known = st.sampled_from(_known(house, name))
    if name == "oauth_id":
        odd = _WORDS.filter(lambda text: bool(text.strip("/.")))
        return st.one_of(known, odd)
    if name == "key":
        return st.one_of(known, st.uuids().map(str))
    if name == "number":
        return st.one_of(known, st.integers(0, 10**12).map(str))
    return known


def _text(house: ApiHouse, name: str, schema: dict[str, Any]) -> st.SearchStrategy[str]:
    told = _of(house, name, schema, depth=0).map(
        lambda value: value if isinstance(value, str) else json.dumps(value)
    )
    return st.one_of(told, told, _WORDS)


def _body(data: st.DataObject, house: ApiHouse, operation: dict[str, Any]) -> Any:
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    made = _of(house, "", schema, depth=0)
    odd = st.one_of(
        _ANYTHING.map(json.dumps), st.text(max_size=20), st.binary(max_size=20)
    )
    way = data.draw(st.integers(0, 5), label="way")
    if way == 0:
        return data.draw(odd, label="odd body")
    value = data.draw(made, label="body")
    if way in (1, 2) and isinstance(value, dict) and value:
        word = data.draw(st.sampled_from(sorted(value)), label="spoilt")
        value = value | {word: data.draw(_ANYTHING, label="spoilt value")}
    return json.dumps(value)


def _of(
    house: ApiHouse, name: str, schema: dict[str, Any], *, depth: int
) -> st.SearchStrategy[Any]:
    """Values of a schema, most of them valid."""
    if "$ref" in schema:
        return _of(house, name, house.resolved(schema["$ref"]), depth=depth)
    if "anyOf" in schema:
        told = [_of(house, name, one, depth=depth) for one in schema["anyOf"]]
        return st.one_of(told)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if known := _known(house, name):
        return st.one_of(st.sampled_from(known), _plain(schema))
    kind = schema.get("type", "object")
    if kind == "object" and "properties" in schema and depth < _DEPTH:
        return _object(house, schema, depth=depth)
    return _plain(schema)


def _object(
    house: ApiHouse, schema: dict[str, Any], *, depth: int
) -> st.SearchStrategy[Any]:
    fields = {
        name: _of(house, name, one, depth=depth + 1)
        for name, one in schema["properties"].items()
    }
    needed = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: one for name, one in fields.items() if name in needed},
        optional={name: one for name, one in fields.items() if name not in needed},
    )


def _plain(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kinds = schema.get("type", "string")
    if isinstance(kinds, list):
        return st.one_of([_plain(schema | {"type": kind}) for kind in kinds])
    if kinds == "string":
        return _string(schema)
    least, most = schema.get("minimum", -(2**40)), schema.get("maximum", 2**40)
    return {
        "null": st.none(),
        "boolean": st.booleans(),
        "integer": st.integers(least, most),
        "array": st.lists(_ANYTHING, max_size=3),
        "object": st.dictionaries(_WORDS, _ANYTHING, max_size=3),
    }[kinds]


def _string(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    form = schema.get("format")
    if form == "uuid":
        return st.uuids().map(str)
    if form == "date-time":
        moments = st.datetimes().map(lambda at: at.isoformat() + "Z")
        return st.one_of(
            moments, st.just("2026-03-10T15:00:00Z"), st.just("2026-03-10")
        )
    if form == "email":
        return st.one_of(st.just("ana@example.com"), _WORDS)
    if form == "uri":
        return st.one_of(st.just("https://loja.example/a.jpg"), _WORDS)
    longest = schema.get("maxLength", 40)
    edge = st.sampled_from([longest, longest + 1]).map(lambda size: "x" * size)
    return st.one_of(_WORDS, edge) if longest <= 500 else _WORDS
