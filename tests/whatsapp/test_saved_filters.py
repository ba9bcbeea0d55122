"""Filters that a member keeps under names: theirs alone, one click, twenty of a list."""

import uuid

import pytest
from django.utils import timezone

from accounts.models import Membership
from tests.factories import accounts as make_people
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import SavedFilter
from whatsapp.services import saved_filters

LIST = "/w/padaria/conversations/"
FILTERS = f"{LIST}filters/"


@pytest.fixture
def save(signed_in, world):
    def post(name="Urgentes", query="window=urgent", *, user=None, url=FILTERS):
        client = signed_in(user or world.agent)
        return client.post(url, {"act": "save", "name": name, "query": query})

    return post


def _saved(world):
    rows = SavedFilter.objects.for_workspace(world.workspace)
    return list(rows.order_by("name").values_list("name", "query"))


def test_a_filter_is_saved_and_opens_by_one_click(world, save, signed_in):
    answer = save(query="window=urgent&tab=all&unread=1")

    assert answer.headers["Location"] == f"{LIST}?unread=1&window=urgent"
    assert _saved(world) == [("Urgentes", "unread=1&window=urgent")]
    page = signed_in(world.agent).get(answer.headers["Location"]).content.decode()
    chip = f'href="{LIST}?unread=1&amp;window=urgent" aria-current="true"'
    assert chip in page
    assert 'name="query"' not in page  # it is saved already


def test_what_is_open_can_be_saved_and_a_tab_alone_cannot(world, signed_in):
    client = signed_in(world.agent)

    def offers(query):
        return 'name="query"' in client.get(LIST + query).content.decode()

    assert offers("?unread=1")
    assert offers("?q=ana")
    assert not offers("")
    assert not offers("?tab=mine")
    assert not offers("?window=ajar")


def test_only_what_the_list_understands_is_kept(world, save):
    foreign = make_room_1.channel(world.other_workspace)

    save(query=f"unread=1&channel={foreign.key}&before=1-2&evil=<x>&from=2026-02-30")

    assert _saved(world) == [("Urgentes", "unread=1")]


@pytest.mark.parametrize("query", ["", "tab=mine", "x=1", "unread=maybe", "%00", "&&="])
def test_nothing_to_save_is_said(world, save, query):
    answer = save(query=query)

    assert answer.headers["Location"] == LIST
    assert _saved(world) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b"])
def test_a_wrong_name_is_told_by_its_field_and_kept(world, save, name):
    page = save(name)

    assert page.status_code == 422
    html = page.content.decode()
    assert 'aria-invalid="true"' in html
    assert 'name="query" value="window=urgent"' in html
    assert _saved(world) == []


def test_a_name_is_taken_in_any_capitals_and_the_same_form_twice_is_one(world, save):
    assert save("Urgentes").status_code == 302
    assert save("Urgentes").status_code == 302

    refused = save("URGENTES", "unread=1")

    assert refused.status_code == 422
    assert 'value="URGENTES"' in refused.content.decode()
    assert _saved(world) == [("Urgentes", "window=urgent")]
    # The other list and the other members have names of their own.
    save("Urgentes", "stage=&rule=token", url="/w/padaria/leads/filters/")
    save("Urgentes", "unread=1", user=world.owner)
    assert len(_saved(world)) == 3


def test_there_is_room_for_twenty(world, save):
    members = Membership.objects.for_workspace(world.workspace)
    member = members.get(user=world.agent)
    for number in range(saved_filters.MOST):
        saved_filters.save(
            member=member,
            place="conversations",
            name=f"Filtro {number}",
            query="unread=1",
            now=timezone.now(),
        )

    page = save("Mais um")

    assert page.status_code == 422
    assert "Mais um" in page.content.decode()
    assert len(_saved(world)) == saved_filters.MOST


def test_a_filter_is_renamed(world, save, signed_in):
    save("Urgentes")
    save("Novas", "unread=1")
    client = signed_in(world.agent)
    key = SavedFilter.objects.for_workspace(world.workspace).get(name="Novas").key

    form = client.get(FILTERS, {"rename": key}).content.decode()
    taken = client.post(FILTERS, {"act": "rename", "key": key, "name": "urgentes"})
    done = client.post(FILTERS, {"act": "rename", "key": key, "name": "NOVAS"})

    assert 'value="Novas"' in form
    assert taken.status_code == 422
    assert 'value="urgentes"' in taken.content.decode()
    assert done.headers["Location"] == FILTERS
    assert [name for name, _ in _saved(world)] == ["NOVAS", "Urgentes"]


def test_a_filter_is_deleted_after_a_question_and_twice_does_no_harm(
    world, save, signed_in
):
    save()
    client = signed_in(world.agent)
    key = SavedFilter.objects.for_workspace(world.workspace).get().key

    question = client.get(FILTERS, {"delete": key}).content.decode()
    assert "Urgentes" in question
    assert _saved(world)
    for _ in range(2):
        answer = client.post(FILTERS, {"act": "delete", "key": key})
        assert answer.headers["Location"] == FILTERS
    assert _saved(world) == []


@pytest.mark.parametrize("act", ["rename", "delete"])
def test_nobody_reaches_the_filters_of_another(world, save, signed_in, act):
    save()
    saved = SavedFilter.objects.for_workspace(world.workspace).get()
    form = {"act": act, "key": saved.key, "name": "Meu"}

    for user, slug in ((world.owner, "padaria"), (world.outsider, "oficina")):
        client = signed_in(user)
        url = f"/w/{slug}/conversations/filters/"
        client.post(url, form)
        assert "Urgentes" not in client.get(url, {act: saved.key}).content.decode()
        listed = client.get(f"/w/{slug}/conversations/").content.decode()
        assert "Urgentes" not in listed
    assert signed_in(world.outsider).post(FILTERS, form).status_code == 404
    assert signed_in(world.agent).get("/w/oficina/leads/filters/").status_code == 404
    # Nor through the other list.
    signed_in(world.agent).post("/w/padaria/leads/filters/", form)
    assert _saved(world) == [("Urgentes", "window=urgent")]


def test_viewers_keep_filters_too_and_lose_them_with_their_membership(world, save):
    viewer = make_people.user(email="viewer@example.com")
    membership = make_people.membership(world.workspace, viewer, role="viewer")

    assert save(user=viewer).status_code == 302
    membership.delete()

    assert _saved(world) == []


@pytest.mark.parametrize("told", ["", "x", str(uuid.UUID(int=1)), "\0"])
def test_an_unknown_filter_is_said_to_be_gone(world, signed_in, told):
    client = signed_in(world.agent)

    for act in ("rename", "delete"):
        assert client.get(FILTERS, {act: told}).status_code == 200
        page = client.post(FILTERS, {"act": act, "key": told, "name": "x"}, follow=True)
        assert "notice--info" in page.content.decode()
    assert client.post(FILTERS, {"act": "burn"}).status_code == 400


def test_leads_are_filtered_and_saved_the_same_way(world, save, signed_in):
    make.lead(world.workspace, stage="proposta")
    url = "/w/padaria/leads/filters/"

    answer = save("Propostas", "stage=proposta&rule=x&since=0001-01-01&q=", url=url)

    assert answer.headers["Location"] == "/w/padaria/leads/?stage=proposta"
    client = signed_in(world.agent)
    page = client.get("/w/padaria/leads/").content.decode()
    assert 'href="/w/padaria/leads/?stage=proposta"' in page
    assert "Propostas" not in client.get(LIST).content.decode()
    assert "Propostas" in client.get(url).content.decode()


def test_a_saved_filter_whose_number_is_gone_says_so(world, save, signed_in):
    channel = make_room_1.channel(world.workspace, is_active=True)
    save("Vendas", f"channel={channel.key}")
    channel.is_active = False
    channel.save()

    page = signed_in(world.agent).get(LIST, {"channel": str(channel.key)})

    assert page.context["filters"].ignored == ("channel",)
