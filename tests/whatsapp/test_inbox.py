"""The conversation list: order, pages, tabs, and rows that tell what matters."""

import uuid
from datetime import timedelta

import pytest

from accounts import paging
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import ConversationState
from whatsapp.selectors import inbox


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace, display_name="Vendas")


def _conversations(world, channel, count, *, same_moment=False):
    return [
        make.conversation(
            make.lead(world.workspace, name=f"Lead {number}"),
            channel,
            last_message_at=make.NOON + timedelta(minutes=0 if same_moment else number),
        )
        for number in range(count)
    ]


def _walk(workspace, *, size):
    keys, before = [], ""
    while True:
        page = inbox.list_conversations(
            workspace, state="open", before=before, size=size
        )
        keys.append([row.key for row in page.rows])
        if page.older is None:
            return keys
        before = page.older


@pytest.mark.parametrize("same_moment", [False, True])
def test_pages_follow_each_other_without_gap_or_repeat(world, channel, same_moment):
    made = _conversations(world, channel, 7, same_moment=same_moment)

    pages = _walk(world.workspace, size=3)

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [key for page in pages for key in page] == [
        one.key for one in reversed(made)
    ]


def test_the_last_full_page_leads_nowhere(world, channel):
    _conversations(world, channel, 3)

    assert inbox.list_conversations(world.workspace, state="open", size=3).older is None


def test_a_page_stays_in_place_when_its_last_row_moves_up(world, channel):
    made = _conversations(world, channel, 4)
    first = inbox.list_conversations(world.workspace, state="open", size=2)
    made[2].last_message_at = make.NOON + timedelta(days=1)
    made[2].save()

    second = inbox.list_conversations(
        world.workspace, state="open", before=first.older or "", size=2
    )

    assert [row.key for row in second.rows] == [made[1].key, made[0].key]


@pytest.mark.parametrize(
    "before", ["x", "1-2-3", f"{'9' * 17}-{'a' * 32}", "-1-0", "1e5-0", "٣-٣"]
)
def test_a_position_that_is_none_gives_a_page_all_the_same(world, channel, before):
    _conversations(world, channel, 1)

    page = inbox.list_conversations(world.workspace, state="open", before=before)

    assert len(page.rows) == 1


def test_a_position_survives_being_written_and_read():
    key = uuid.uuid4()

    position = paging.read(paging.write(make.NOON, key))

    assert position == paging.Position(make.NOON, key.hex)
    assert position.key == key


def test_list_is_one_query_however_long(world, channel, django_assert_num_queries):
    for conversation in _conversations(world, channel, 12):
        make.identity(conversation.lead, value=f"55119{conversation.pk:08d}")
        make.attribution(conversation.lead)

    with django_assert_num_queries(1):
        page = inbox.list_conversations(world.workspace, state="open")
    assert len(page.rows) == 12


def test_a_row_names_the_person_and_the_origin_as_well_as_it_can(world, channel):
    lead = make.lead(world.workspace, name="")
    make.identity(lead, kind="bsuid", value="BR.1")
    make.identity(lead, value="5511987654321")
    link = make.link(channel, slug="vitrine")
    make.attribution(lead, touch=make.touch(lead, link=link), confidence="probable")
    make.conversation(lead, channel)

    [row] = inbox.list_conversations(world.workspace, state="open").rows

    assert row.person.phone == "5511987654321"
    assert (row.origin.kind, row.origin.name) == ("link", "vitrine")
    assert row.origin.is_probable


def test_tabs_part_open_from_closed(world, channel, signed_in):
    client = signed_in(world.agent)
    open_one = make.conversation(make.lead(world.workspace, name="Aberta Um"), channel)
    closed = make.conversation(
        make.lead(world.workspace, name="Fechada Dois"),
        channel,
        state=ConversationState.CLOSED,
    )

    first = client.get("/w/padaria/conversations/").content.decode()
    second = client.get("/w/padaria/conversations/?tab=closed").content.decode()

    assert str(open_one.key) in first
    assert str(closed.key) not in first
    assert str(closed.key) in second


def test_our_number_is_named_only_when_there_are_several(world, channel, signed_in):
    client = signed_in(world.agent)
    make.conversation(make.lead(world.workspace), channel)

    assert "Vendas" not in client.get("/w/padaria/conversations/").content.decode()
    make_room_1.channel(world.workspace, display_name="Suporte")
    assert "Vendas" in client.get("/w/padaria/conversations/").content.decode()


def test_older_link_leads_to_the_rest(world, channel, signed_in):
    client = signed_in(world.agent)
    made = _conversations(world, channel, inbox.PAGE_SIZE + 1)
    first = client.get("/w/padaria/conversations/")
    older = first.context["page"].older

    rest = client.get(f"/w/padaria/conversations/?tab=all&before={older}")

    assert f"before={older}" in first.content.decode()
    assert str(made[0].key) in rest.content.decode()
    assert str(made[1].key) not in rest.content.decode()


def test_htmx_gets_the_rows_alone_and_a_cache_can_tell(world, channel, signed_in):
    client = signed_in(world.agent)
    make.conversation(make.lead(world.workspace, name="Ana"), channel)

    page = client.get("/w/padaria/conversations/?q=ana", headers={"HX-Request": "true"})

    assert "<html" not in page.content.decode()
    assert "Ana" in page.content.decode()
    assert "HX-Request" in page.headers["Vary"]
