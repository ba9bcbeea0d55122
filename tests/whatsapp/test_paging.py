"""Pages by position: rows that come in between move nothing, and garbage is told."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import paging
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import Conversation
from whatsapp.selectors import inbox, leads, links, thread


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


def _walk(read, disturb, *, name):
    """Every row of every page, with something new before each further page."""
    seen, before = [], ""
    while before is not None:
        page = read(before)
        seen += [name(row) for row in page.rows]
        before = page.older
        disturb()
    return seen


def test_new_conversations_between_pages_move_no_row(world, channel):
    def talk(name, at):
        lead = make.lead(world.workspace, name=name)
        return make.conversation(lead, channel, last_message_at=at)

    # Pairs of one second, since providers' clocks have seconds.
    for number in range(9):
        talk(f"{number}", make.NOON - timedelta(minutes=number // 2))

    seen = _walk(
        lambda before: inbox.list_conversations(
            world.workspace, state="open", before=before, size=2
        ),
        lambda: talk("nova", timezone.now()),
        name=lambda row: row.person.name,
    )

    assert sorted(seen) == [f"{number}" for number in range(9)]


def test_a_conversation_that_moves_up_between_pages_hides_no_other(world, channel):
    for number in range(6):
        make.conversation(
            make.lead(world.workspace, name=f"{number}"),
            channel,
            last_message_at=make.NOON - timedelta(minutes=number),
        )
    rows = Conversation.objects.for_workspace(world.workspace)

    def moves():  # the very row that the position names, too
        rows.filter(lead__name__in=["1", "4"]).update(last_message_at=timezone.now())

    seen = _walk(
        lambda before: inbox.list_conversations(
            world.workspace, state="open", before=before, size=2
        ),
        moves,
        name=lambda row: row.person.name,
    )

    assert seen == ["0", "1", "2", "3", "5"]  # "4" is at the top by then


def test_new_leads_between_pages_move_no_row(world):
    for number in range(9):
        make.lead(
            world.workspace,
            name=f"{number}",
            created_at=make.NOON - timedelta(minutes=number // 2),
        )

    seen = _walk(
        lambda before: leads.list_leads(world.workspace, before=before, size=2),
        lambda: make.lead(world.workspace, name="nova", created_at=timezone.now()),
        name=lambda row: row.person.name,
    )

    assert sorted(seen) == [f"{number}" for number in range(9)]


def test_new_messages_between_pages_lose_none(world, channel):
    talk = make.conversation(make.lead(world.workspace), channel)
    for number in range(9):
        make.message(
            talk,
            text=f"{number}",
            provider_at=make.NOON - timedelta(minutes=number // 2),
        )

    seen = _walk(
        lambda before: thread.list_messages(talk, before=before, size=2),
        lambda: make.message(talk, text="nova", provider_at=timezone.now()),
        name=lambda row: row.text,
    )

    assert sorted(seen) == [f"{number}" for number in range(9)]


def test_new_clicks_between_pages_move_no_row(world, channel):
    link = make.link(channel, slug="vitrine", created_at=make.NOON)
    lead = make.lead(world.workspace)
    for number in range(5):
        make.touch(lead, link=link, utm_source=f"{number}", token=f"{number}")

    clicks = _walk(
        lambda before: links.list_clicks(link, before=before, size=2),
        lambda: make.touch(
            lead,
            link=link,
            utm_source="nova",
            token=uuid.uuid4().hex,
            occurred_at=timezone.now(),
        ),
        name=lambda row: row.utm_source,
    )
    assert sorted(clicks) == [f"{number}" for number in range(5)]


GARBAGE = (
    "x",
    "0",
    "-1-1",
    "9" * 40,
    "1-2-3",
    "1-" + "g" * 32,
    "\u0661-\u0661",
    "\0",
    "1-",
)


@pytest.mark.parametrize("text", GARBAGE)
def test_a_position_that_is_none_is_left_out_and_told(world, channel, signed_in, text):
    link = make.link(channel)
    talk = make.conversation(make.lead(world.workspace), channel)
    client = signed_in(world.agent)

    for path, name in (
        ("conversations/", "before"),
        (f"conversations/{talk.key}/", "before"),
        (f"conversations/{talk.key}/", "earlier"),
        ("leads/", "before"),
        ("links/", "page"),
        (f"links/{link.key}/clicks/", "before"),
        (f"links/{link.key}/conversations/", "before"),
    ):
        page = client.get(f"/w/padaria/{path}", {name: text})
        assert page.status_code == 200
        assert f"<code>{name}</code>" in page.content.decode(), path


def test_a_position_of_another_workspace_shows_nothing_of_it(world, channel, signed_in):
    foreign = make.conversation(
        make.lead(world.other_workspace, name="Alheia"),
        make_room_1.channel(world.other_workspace),
    )
    make.conversation(make.lead(world.workspace, name="Minha"), channel)
    position = paging.write(timezone.now(), foreign.key)
    client = signed_in(world.agent)

    for path in ("conversations/", "leads/"):
        html = client.get(f"/w/padaria/{path}", {"before": position}).content.decode()
        assert "Minha" in html
        assert "Alheia" not in html


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("since", "2026-02-30"),
        ("since", "0001-01-01"),
        ("until", "9999-12-31"),
        ("rule", "magic"),
        ("link", "alheio"),
        ("stage", "nenhum"),
        ("confidence", "\0"),
        ("q", "a\0b"),
    ],
)
def test_an_impossible_filter_of_leads_is_told_by_its_field_and_exports_nothing(
    world, signed_in, name, text
):
    make.link(make_room_1.channel(world.other_workspace), slug="alheio")
    make.lead(world.workspace, name="Ana")
    client = signed_in(world.agent)

    page = client.get("/w/padaria/leads/", {name: text})
    export = client.get("/w/padaria/leads/export.csv", {name: text})

    assert page.status_code == 200
    assert "Ana" in page.content.decode()
    assert 'aria-invalid="true"' in page.content.decode()
    assert export.status_code == 302
    assert export.headers["Location"].startswith(f"/w/padaria/leads/?{name}=")


@pytest.mark.parametrize("text", ["20260310", "2026-W10-1", "10/03/2026", "2026-3-1"])
def test_days_that_no_date_field_writes_are_told(world, signed_in, text):
    page = signed_in(world.agent).get("/w/padaria/conversations/", {"from": text})

    assert page.context["filters"].ignored == ("from",)
