"""What goes over the wire: whatever a browser or Redis said, only lines of ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.broadcast import EVERY_KEY, MOST_KEYS
from webhooks.streams import frames
from webhooks.streams.frames import After


@pytest.mark.parametrize(
    ("header", "last", "since", "expected"),
    [
        ("", "", "", After()),
        ("1700000000000-3", "", "", After(id="1700000000000-3")),
        ("", "1700000000000-3", "", After(id="1700000000000-3")),
        ("1-1", "2-2", "1700000000000", After(id="1-1")),
        ("", "", "1700000000000", After(moment=1_700_000_000_000)),
        ("", "", "yesterday", After(is_garbled=True)),
        ("", "", "1" * 400, After(is_garbled=True)),
        ("$", "", "", After(is_garbled=True)),
        ("+", "", "", After(is_garbled=True)),
        ("1-1\r\nset-cookie: a=b", "", "", After(is_garbled=True)),
        ("1-1\n", "", "", After(is_garbled=True)),
        ("\u0663-\u0661", "", "", After(is_garbled=True)),  # digits, too
        ("9" * 4000, "", "", After(is_garbled=True)),
    ],
)
def test_a_position_is_read_strictly(header, last, since, expected):
    assert frames.read_after(header, last, since) == expected


@given(st.text(), st.text(), st.text())
def test_any_position_is_read_or_garbled(header, last, since):
    frames.read_after(header, last, since)


@given(st.binary())
def test_what_comes_from_redis_is_news_or_refused(text):
    try:
        id_, news = frames.read_news(text)
    except ValueError:
        return
    assert frames.change(id_, news).count(b"\n\n") == 1


@given(st.dictionaries(st.text(), st.lists(st.text())))
def test_news_cannot_begin_a_line_of_their_own(told):
    told.pop("id", None)
    id_, news = frames.read_news(json.dumps(told))

    frame = frames.change(id_, news)

    lines = frame.decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["event", "data", ""]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"id": 1}',
        '{"ticket": "x"}',
        '{"ticket": [1]}',
        '{"id": "x", "ticket": []}',
    ],
)
def test_other_shapes_are_no_news(text):
    with pytest.raises(ValueError, match="not"):
        frames.read_news(text)


def test_many_pieces_of_news_are_told_as_one():
    few = [{"ticket": frozenset({f"{n}"})} for n in range(3)]
    many = [{"ticket": frozenset({f"{n}"})} for n in range(MOST_KEYS + 1)]

    assert frames.together([*few, {"delivery": frozenset({"a"})}]) == {
        "ticket": frozenset({"0", "1", "2"}),
        "delivery": frozenset({"a"}),
    }
    assert frames.together(many) == {"ticket": frozenset({EVERY_KEY})}


def test_who_listens_for_one_row_hears_of_that_alone():
    news = {"public_ticket": frozenset({"a", "b"}), "ticket": frozenset({"a"})}

    assert frames.narrowed(news, "public_ticket", "a") == {
        "public_ticket": frozenset({"a"})
    }
    assert frames.narrowed(news, "public_ticket", "c") == {}
    everything = {"public_ticket": frozenset({EVERY_KEY})}
    assert frames.narrowed(everything, "public_ticket", "c") == {
        "public_ticket": frozenset({"c"})
    }
