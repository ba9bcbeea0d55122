"""What an ill-meaning or careless sender could post."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.integrations.providers import golden

_texts = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "\x00",
        "9" * 400,
        "x" * 3000,
        "2026-01-01",
        "1760000000",
        "\U0001f600",
        "text",
    ]
)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**301)
    | st.floats()
    | _texts
)
values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4)
    ),
    max_leaves=12,
)


def _bodies_with_one_value_replaced(slug: str) -> st.SearchStrategy[bytes]:
    """Real shapes, cut open at one place: this reaches every branch of a parser."""
    bodies = [
        json.loads(case.body)
        for case in golden.cases("inbound", slug)
        if "events" in case.data
    ]

    @st.composite
    def operate(draw: st.DrawFn) -> bytes:
        body = draw(st.sampled_from(bodies))
        paths = list(_paths(body))
        path = draw(st.sampled_from(paths))
        replaced = _replace(body, path, draw(values))
        return json.dumps(replaced).encode("utf-8", "surrogatepass")

    return operate()


def bodies_with_a_stranger_between_two(slug: str) -> st.SearchStrategy[bytes]:
    """The golden case `duplicate` with any value between its two equal elements."""
    [case] = [
        case for case in golden.cases("inbound", slug) if case.name == "duplicate"
    ]
    body = json.loads(case.body)
    [(path, twins)] = [
        (path, value)
        for path in _paths(body)
        if isinstance(value := _at(body, path), list)
        and len(value) == 2
        and value[0] == value[1]
    ]
    return values.map(
        lambda stranger: json.dumps(
            _replace(body, path, [twins[0], stranger, twins[1]])
        ).encode()
    )


def bodies(slug: str) -> st.SearchStrategy[bytes]:
    as_json = values.map(lambda value: json.dumps(value).encode())
    return st.one_of(
        st.binary(max_size=200), as_json, _bodies_with_one_value_replaced(slug)
    )


def _paths(value: Any, path: tuple[Any, ...] = ()):
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield from _paths(item, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _replace(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replace(value[path[0]], path[1:], new)
    return copy
