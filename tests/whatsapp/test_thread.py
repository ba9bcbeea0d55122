"""The thread: every kind readable, changes on their target, pages backwards."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest

from integrations.providers.base.types import MessageKind
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.selectors import thread


@pytest.fixture
def conversation(world):
    channel = make_room_1.channel(world.workspace, display_name="Vendas")
    lead = make.lead(world.workspace, name="Ana Lima")
    make.identity(lead)
    link = make.link(channel, slug="vitrine")
    make.attribution(lead, touch=make.touch(lead, link=link))
    return make.conversation(lead, channel)


def _address(conversation):
    return f"/w/padaria/conversations/{conversation.key}/"


def _texts(page):
    return [entry.shown_text for entry in page.rows]


def test_messages_come_in_reading_order_and_pages_go_backwards(conversation):
    # Two to a second, as providers' clocks have it.
    for number in range(7):
        make.message(
            conversation,
            text=str(number),
            provider_at=make.NOON + timedelta(seconds=number // 2),
        )

    pages: list[list[str]] = []
    before: str | None = ""
    while before is not None:
        page = thread.list_messages(conversation, before=before, size=3)
        pages.append(_texts(page))
        before = page.older

    assert pages == [["4", "5", "6"], ["1", "2", "3"], ["0"]]


def test_many_messages_of_one_second_are_paged_too(conversation):
    for number in range(8):
        make.message(conversation, text=str(number))

    first = thread.list_messages(conversation, size=3)
    second = thread.list_messages(conversation, before=first.older or "", size=3)
    third = thread.list_messages(conversation, before=second.older or "", size=3)

    assert [_texts(page) for page in (third, second, first)] == [
        ["0", "1"],
        ["2", "3", "4"],
        ["5", "6", "7"],
    ]
    assert third.older is None


def test_changes_are_shown_on_the_message_they_are_about(conversation):
    make.message(conversation, text="sabado", external_id="m1")
    change: dict[str, Any] = {
        "target_id": "m1",
        "provider_at": make.NOON + timedelta(minutes=1),
    }
    make.message(conversation, kind="edit", text="sábado", external_id="m2", **change)
    make.message(
        conversation,
        kind="reaction",
        text="👍",
        direction="outbound",
        external_id="m3",
        **change,
    )
    make.message(conversation, kind="revoke", text="", external_id="m4", **change)

    [entry] = thread.list_messages(conversation).rows

    assert entry.shown_text == "sábado"
    assert entry.text == "sabado"
    assert [one.text for one in entry.reactions] == ["👍"]
    assert entry.revoked_at == make.NOON + timedelta(minutes=1)


def test_a_reaction_taken_back_is_gone(conversation):
    make.message(conversation, external_id="m1")
    for minute, text in enumerate(["👍", ""], start=1):
        make.message(
            conversation,
            kind="reaction",
            text=text,
            target_id="m1",
            provider_at=make.NOON + timedelta(minutes=minute),
        )

    [entry] = thread.list_messages(conversation).rows

    assert entry.reactions == ()


def test_a_change_of_an_unknown_message_stands_for_itself(conversation):
    make.message(conversation, kind="reaction", text="👍", target_id="never-seen")

    [entry] = thread.list_messages(conversation).rows

    assert entry.is_orphan_change


def test_a_quote_from_an_earlier_page_is_shown(conversation):
    make.message(conversation, text="Qual o preço?", external_id="m1")
    make.message(
        conversation,
        text="R$ 80",
        target_id="m1",
        direction="outbound",
        provider_at=make.NOON + timedelta(days=1),
    )

    [entry] = thread.list_messages(conversation, size=1).rows

    assert entry.quote is not None
    assert entry.quote.text == "Qual o preço?"


def test_thread_needs_the_same_queries_for_few_and_for_many(
    world, conversation, signed_in, django_assert_num_queries
):
    client = signed_in(world.agent)

    def add(count):
        for number in range(count):
            name = f"{count}-{number}"
            message = make.message(conversation, kind="image", external_id=name)
            make.media(message)
            make.message(conversation, kind="reaction", text="👍", target_id=name)
            make.message(conversation, text="re", target_id=name)

    add(1)
    with django_assert_num_queries(13):  # session, person, memberships, then the page
        client.get(_address(conversation))
    add(12)
    with django_assert_num_queries(13):
        client.get(_address(conversation))


@pytest.mark.parametrize("kind", [kind.value for kind in MessageKind])
def test_every_kind_of_message_is_shown(world, conversation, signed_in, kind):
    make.message(
        conversation,
        kind=kind,
        text="visto aqui",
        content={"type": "poll_creation", "latitude": -22.9, "longitude": "-43.1"},
        target_id="another",
    )

    page = signed_in(world.agent).get(_address(conversation))

    assert page.status_code == 200
    assert "visto aqui" in page.content.decode()


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        "text",
        {"latitude": "NaN", "longitude": 0},
        {"latitude": "1e400", "longitude": 0},
        {"latitude": [1], "longitude": {}},
        {"contacts": "x"},
        {"contacts": [None, 3, {"name": "x", "phones": [{"phone": 5}, None]}]},
        {"type": {"a": 1}},
    ],
)
@pytest.mark.parametrize("kind", ["location", "contacts", "unsupported"])
def test_odd_content_breaks_no_page(world, conversation, signed_in, kind, content):
    make.message(conversation, kind=kind, content=content)

    assert signed_in(world.agent).get(_address(conversation)).status_code == 200


def test_location_contacts_files_and_unknown_types_are_readable(
    world, conversation, signed_in
):
    make.message(
        conversation,
        kind="location",
        text="Rua A",
        content={"latitude": -22.9345, "longitude": -43.1858},
    )
    make.message(
        conversation,
        kind="contacts",
        content={
            "contacts": [
                {
                    "name": {"formatted_name": "Portaria"},
                    "phones": [{"phone": "+55 21"}],
                }
            ]
        },
    )
    file = make.message(conversation, kind="document", text="")
    make.media(file, kind="document", filename="nota.pdf", size=2048, state="expired")
    make.message(
        conversation, kind="unsupported", text="", content={"type": "poll_creation"}
    )

    page = signed_in(world.agent).get(_address(conversation)).content.decode()

    assert "mlat=-22.934500&amp;mlon=-43.185800" in page
    assert "Portaria" in page
    assert "nota.pdf" in page
    assert "O provedor não tem mais este arquivo" in page
    assert "poll_creation" in page


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("read", "Lida"),
        ("failed", "Falhou"),
        ("unconfirmed", "Sem confirmação"),
        ("odd", "odd"),
    ],
)
def test_status_is_told_by_a_word(world, conversation, signed_in, status, word):
    make.message(conversation, direction="outbound", status=status, text="Olá")

    page = signed_in(world.agent).get(_address(conversation)).content.decode()

    assert f"{word}</span>" in page


def test_the_thread_begins_with_the_origin(world, conversation, signed_in):
    make.message(conversation, text="primeira mensagem")

    page = signed_in(world.agent).get(_address(conversation)).content.decode()

    assert page.index("vitrine") < page.index("primeira mensagem")


def test_missing_and_foreign_conversations_are_the_same_404(
    world, conversation, signed_in
):
    outsider = signed_in(world.outsider)

    foreign = outsider.get(f"/w/oficina/conversations/{conversation.key}/")
    missing = outsider.get(f"/w/oficina/conversations/{uuid.uuid4()}/")

    assert foreign.status_code == missing.status_code == 404
    assert _without_token(foreign) == _without_token(missing)


def _without_token(page):
    return re.sub(r'"X-CSRFToken": "\w+"', "", page.content.decode())
