"""What the address of the conversation list may ask, and what it is told about the rest."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp import windows

URL = "/w/padaria/conversations/"


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace, display_name="Vendas")


@pytest.fixture
def say(world, channel):
    """A conversation whose person wrote so many hours ago."""

    def make_one(name, *, hours=1.0, lead=None, **fields):
        at = timezone.now() - timedelta(hours=hours)
        values = {"last_message_at": at, "last_inbound_at": at} | fields
        lead = lead or make.lead(world.workspace, name=name)
        return make.conversation(lead, values.pop("channel", channel), **values)

    return make_one


def _names(page):
    if page.context["query"]:
        return [hit.conversation.person.name for hit in page.context["result"].rows]
    return [row.person.name for row in page.context["page"].rows]


def test_tabs_hold_mine_unassigned_all_and_closed_and_count_them(world, say, signed_in):
    say("Minha", assignee=world.agent)
    say("Dela", assignee=world.owner, hours=2)
    say("Livre", hours=3)
    say("Fim", state="closed", assignee=world.agent)
    client = signed_in(world.agent)

    shown = {
        tab: _names(client.get(URL, {"tab": tab}))
        for tab in ("mine", "unassigned", "all", "closed")
    }
    counts = {tab["name"]: tab["count"] for tab in client.get(URL).context["tabs"]}

    assert shown == {
        "mine": ["Minha"],
        "unassigned": ["Livre"],
        "all": ["Minha", "Dela", "Livre"],
        "closed": ["Fim"],
    }
    assert counts == {"mine": 1, "unassigned": 1, "all": 3, "closed": 1}


@pytest.mark.parametrize(
    ("window", "names"),
    [
        ("open", ["Nova", "Quase"]),
        ("urgent", ["Quase"]),
        ("closed", ["Passada", "Nunca"]),
    ],
)
def test_the_window_filter_goes_by_the_last_inbound_message(
    world, say, signed_in, window, names
):
    say("Nova", hours=1)
    say("Quase", hours=22.5)
    say("Passada", hours=25)
    say("Nunca", hours=30, last_inbound_at=None)

    page = signed_in(world.agent).get(URL, {"window": window})

    assert _names(page) == names


def test_origin_channel_unread_and_period_narrow_together_and_with_search(
    world, channel, say, signed_in
):
    other = make_room_1.channel(world.workspace, display_name="Suporte")
    leads = {
        name: make.lead(world.workspace, name=f"Ana {name}")
        for name in ("Link", "Anuncio", "Nada")
    }
    make.attribution(
        leads["Link"], touch=make.touch(leads["Link"], link=make.link(channel))
    )
    make.attribution(
        leads["Anuncio"], touch=make.touch(leads["Anuncio"], kind="ad", ad_id="1")
    )
    say("", lead=leads["Link"], unread_count=1)
    say("", lead=leads["Anuncio"], hours=2, channel=other)
    say("", lead=leads["Nada"], hours=24 * 10, unread_count=2)
    client = signed_in(world.agent)

    def asked(**query):
        return _names(client.get(URL, query))

    for query in ({}, {"q": "ana"}):
        assert asked(origin="link", **query) == ["Ana Link"]
        assert asked(origin="ad", **query) == ["Ana Anuncio"]
        assert asked(origin="none", **query) == ["Ana Nada"]
        assert asked(channel=str(other.key), **query) == ["Ana Anuncio"]
        assert asked(unread="1", **query) == ["Ana Link", "Ana Nada"]
        assert asked(unread="1", period="7", **query) == ["Ana Link"]
        assert asked(origin="ad", unread="1", **query) == []


def test_days_are_days_of_the_workspace_and_the_last_one_counts(world, say, signed_in):
    say("Dia", last_message_at=make.NOON)  # 10 March, 12:00 in São Paulo
    client = signed_in(world.agent)

    def found(start, end):
        return _names(client.get(URL, {"from": start, "to": end}))

    assert found("2026-03-10", "2026-03-10") == ["Dia"]
    assert found("2026-03-11", "2026-03-12") == []
    assert found("2026-03-01", "2026-03-09") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tab", "theirs"),
        ("channel", "x"),
        ("channel", "00000000-0000-0000-0000-000000000000"),
        ("origin", "mars"),
        ("window", "ajar"),
        ("unread", "maybe"),
        ("period", "-1"),
        ("from", "2026-02-30"),
        ("to", "9999-12-31"),
        ("window", "\0"),
    ],
)
def test_an_impossible_value_is_left_out_and_told(world, say, signed_in, name, text):
    say("Ana")

    page = signed_in(world.agent).get(URL, {name: text})

    assert page.status_code == 200
    assert _names(page) == ["Ana"]
    assert page.context["filters"].ignored == (name,)
    assert f"<code>{name}</code>" in page.content.decode()


def test_a_period_that_ends_before_it_begins_loses_its_end(world, say, signed_in):
    page = signed_in(world.agent).get(URL, {"from": "2026-03-10", "to": "2026-03-01"})

    assert page.context["filters"].ignored == ("to",)


def test_another_workspaces_number_is_no_filter(world, say, signed_in):
    foreign = make_room_1.channel(world.other_workspace)

    page = signed_in(world.agent).get(URL, {"channel": str(foreign.key)})

    assert page.context["filters"].ignored == ("channel",)


def test_older_page_keeps_the_filters(world, say, signed_in):
    for number in range(31):
        say(f"Lead {number}", unread_count=1, hours=number)
    client = signed_in(world.agent)

    first = client.get(URL, {"unread": "1"})
    older = first.context["page"].older

    assert f"?unread=1&amp;before={older}" in first.content.decode()
    rest = client.get(URL, {"unread": "1", "before": older})
    assert _names(rest) == ["Lead 30"]


def test_news_are_counted_by_the_lists_own_filters(world, say, signed_in):
    world.agent.language = "en"
    world.agent.save()
    client = signed_in(world.agent)
    say("Antiga", hours=5)
    after = client.get(URL).context["after"]
    say("Nova", hours=1, unread_count=1)
    say("Outra", hours=2)

    def polled(**query):
        return client.get(
            URL, {"after": after, **query}, headers={"HX-Request": "true"}
        ).content.decode()

    assert "2 new" in polled()
    assert "1 new" in polled(unread="1")
    assert polled(tab="closed").strip() == ""


@pytest.mark.parametrize("after", ["", "x", "9" * 40])
def test_a_poll_without_a_position_has_no_news(world, signed_in, after):
    page = signed_in(world.agent).get(
        URL, {"after": after}, headers={"HX-Request": "true"}
    )

    assert page.status_code == 204


def test_a_row_tells_since_when_the_person_waits(world, say, signed_in):
    conversation = say("Ana", last_direction="inbound")
    now = timezone.now()
    for minutes, direction in (
        (300, "inbound"),
        (200, "outbound"),
        (90, "inbound"),
        (60, "inbound"),
    ):
        make.message(
            conversation,
            direction=direction,
            provider_at=now - timedelta(minutes=minutes),
        )

    page = signed_in(world.agent).get(URL)

    [row] = page.context["page"].rows
    assert row.waiting_since == now - timedelta(minutes=90)
    assert "badge--warning" in page.content.decode()


def test_nobody_waits_once_answered_or_closed(world, say, signed_in):
    for state, direction in (("open", "outbound"), ("closed", "inbound")):
        conversation = say(state, state=state, last_direction=direction)
        make.message(conversation, direction=direction)
    client = signed_in(world.agent)

    rows = [
        row
        for tab in ("all", "closed")
        for row in client.get(URL, {"tab": tab}).context["page"].rows
    ]

    assert [row.waiting_since for row in rows] == [None, None]


@pytest.mark.parametrize(
    ("hours", "state"),
    [(0, "open"), (21.9, "open"), (22.1, "urgent"), (24, "closed"), (-1, "open")],
)
def test_the_window_is_urgent_in_its_last_two_hours(hours, state):
    now = make.NOON

    window = windows.window_of(now - timedelta(hours=hours), now=now)

    assert window.state == state


def test_list_and_conversation_need_the_same_queries_for_few_and_for_many(
    world, say, signed_in, django_assert_num_queries
):
    client = signed_in(world.agent)
    for _ in range(2):
        for number in range(5):
            newest = say(f"Lead {number}", assignee=world.owner)
            make.message(newest)
        with django_assert_num_queries(
            8
        ):  # session, person, memberships, alerts, then 4
            client.get(URL, {"origin": "none", "unread": ""})
        with django_assert_num_queries(13):
            client.get(f"{URL}{newest.key}/")
