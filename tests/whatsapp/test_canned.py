"""Canned replies: the workspace's own texts, with gaps that fill themselves."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from tests.factories import accounts as make_room_0
from tests.whatsapp.test_replies import conversation as conversation  # noqa: PLC0414  # a fixture
from tests.whatsapp.test_replies import page, words
from whatsapp import gaps
from whatsapp.models import CannedReply
from whatsapp.services import canned

URL = "/w/padaria/conversations/canned/"


@pytest.fixture
def client(world, signed_in):
    world.agent.language, world.agent.name = "en", "Bia"
    world.agent.save()
    return signed_in(world.agent)


@pytest.fixture
def price(world) -> CannedReply:
    return canned.add(
        world.workspace,
        name="price",
        text="Hi {first_name}, R$ 45. {me}",
        actor=world.owner,
        now=timezone.now(),
    )


def kept(world) -> list[tuple[str, str]]:
    rows = CannedReply.objects.for_workspace(world.workspace).order_by("name")
    return list(rows.values_list("name", "text"))


def test_a_reply_is_written_changed_and_deleted(world, client):
    client.post(URL, {"act": "add", "name": " /Preço ", "text": "R$ 45\r\n"})
    [(name, text)] = kept(world)
    row = CannedReply.objects.for_workspace(world.workspace).get()
    client.post(
        URL, {"act": "change", "key": str(row.key), "name": "preço", "text": "R$ 50"}
    )
    assert kept(world) == [("preço", "R$ 50")]
    asks = client.get(f"{URL}?delete={row.key}")
    client.post(URL, {"act": "delete", "key": str(row.key)})
    client.post(URL, {"act": "delete", "key": str(row.key)})

    assert (name, text) == ("Preço", "R$ 45")
    assert "Delete this canned reply?" in words(asks)
    assert kept(world) == []
    acts = AuditEvent.objects.for_workspace(world.workspace).filter(
        action__startswith="canned."
    )
    assert list(acts.order_by("sequence").values_list("action", flat=True)) == [
        "canned.added",
        "canned.changed",
        "canned.deleted",
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("", "Oi", "This field is required"),
        ("/", "Oi", "Give it a name."),
        ("oi", " ", "This field is required"),
        ("oi", "Oi {nobody}", "Nothing fills {nobody}"),
        ("PRICE", "Oi", "There is a canned reply of this name already"),
        ("oi", "x" * 4097, "4096"),
    ],
)
def test_a_wrong_one_is_refused_and_kept_in_the_form(
    world, client, price, name, text, told
):
    answer = client.post(URL, {"act": "add", "name": name, "text": text})

    assert answer.status_code == 422
    assert told in words(answer)
    assert kept(world) == [(price.name, price.text)]


def test_there_is_room_for_so_many(world, client, price, monkeypatch):
    monkeypatch.setattr(canned, "MOST", 1)

    answer = client.post(URL, {"act": "add", "name": "other", "text": "Oi"})

    assert answer.status_code == 422
    assert "room" in words(answer)


def test_the_same_form_twice_is_one(world, client):
    for _ in range(2):
        client.post(URL, {"act": "add", "name": "oi", "text": "Oi"})

    assert kept(world) == [("oi", "Oi")]


def test_a_name_is_not_taken_by_a_change(world, client, price):
    other = canned.add(
        world.workspace, name="oi", text="Oi", actor=world.owner, now=timezone.now()
    )

    answer = client.post(
        URL, {"act": "change", "key": str(other.key), "name": "Price", "text": "Oi"}
    )

    assert answer.status_code == 422
    assert ("oi", "Oi") in kept(world)


def test_the_list_of_a_composer_is_filled_in_for_the_person(
    conversation, client, price
):
    answer = client.get(
        URL, {"for": str(conversation.key)}, headers={"HX-Request": "true"}
    )

    assert "Hi Ana, R$ 45. Bia" in words(answer)
    assert "<main" not in answer.content.decode()


def test_one_is_chosen_without_a_script(conversation, client, price):
    chosen = f"{page(conversation)}?canned={price.key}"

    assert (
        f"{chosen}#composer"
        in client.get(f"{URL}?for={conversation.key}").content.decode()
    )
    assert ">Hi Ana, R$ 45. Bia</textarea>" in client.get(chosen).content.decode()


def test_they_are_the_workspace_s_own(world, conversation, client, price, signed_in):
    stranger = signed_in(world.outsider)
    theirs = "/w/oficina/conversations/canned/"

    assert stranger.get(URL).status_code == 404
    assert "price" not in stranger.get(theirs).content.decode()
    stranger.post(theirs, {"act": "delete", "key": str(price.key)})
    assert kept(world) == [(price.name, price.text)]


def test_a_viewer_has_none(world, signed_in):
    viewer = make_room_0.user(email="viewer@example.com")
    make_room_0.membership(world.workspace, viewer, role="viewer")

    assert signed_in(viewer).get(URL).status_code == 403


@pytest.mark.parametrize(
    ("text", "person", "told"),
    [
        ("Oi {primeiro_nome}!", "Ana Lima", "Oi Ana!"),
        ("Oi { Nome }, tudo bem?", "Ana Lima", "Oi Ana Lima, tudo bem?"),
        ("Oi {name}, tudo bem?", "", "Oi, tudo bem?"),
        ("{name}", "", ""),
        ("{empresa} e {business}", "Ana", "Padaria e Padaria"),
        ("{outro} {}", "Ana", "{outro} {}"),
        ("{name}", "{me}", "{me}"),
    ],
)
def test_gaps_are_filled_and_leave_no_hole(text, person, told):
    values = gaps.values_for(person=person, business="Padaria", me="Bia")

    assert gaps.fill(text, values) == told
