"""Clients: found in any notation, one per oauth_id, linked to a lead by phone or by hand."""

import uuid

import pytest

from accounts.models import AuditEvent
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as make_talk
from tickets.models import Client
from tickets.selectors import clients as selector
from whatsapp.phones import match_key_for_phone

LIST = "/w/padaria/clients/"


def names(world, text):
    page = selector.list_clients(world.workspace, text=text)
    return {one.name for one in page.rows}


def only(world, **told):
    return Client.objects.for_workspace(world.workspace).get(**told)


def test_a_search_knows_name_phone_email_and_oauth_id(world, signed_in):
    client = signed_in(world.agent)
    told = {
        "name": "Ana Conceição",
        "phone": "(11) 98765-4321",
        "email": "ana@padaria.example",
        "oauth_id": "usr_4821",
    }
    client.post(f"{LIST}new/", told)
    client.post(f"{LIST}new/", {"name": "Outro"})

    for text in ("conceicao", "11987654321", "+55 11 8765-4321", "ana@pad", "usr_48"):
        assert names(world, text) == {"Ana Conceição"}, text
    assert names(world, "") == {"Ana Conceição", "Outro"}
    assert names(world, "!!") == set()
    assert only(world, oauth_id="usr_4821").phone == "+5511987654321"


@pytest.mark.parametrize(
    ("own", "typed", "phone"),
    [
        ("+5511900000000", "+5215512345678", "+525512345678"),
        ("+5511900000000", "+52 55 1234 5678", "+525512345678"),
        ("+5511900000000", "+54 9 11 2345-6789", "+5491123456789"),
        ("+5511900000000", "0055 31 98765-4321", "+5531987654321"),
        ("+5511900000000", "041 31 8765-4321", "+5531987654321"),
        ("+525511112222", "55 1234 5678", "+525512345678"),
        ("+541140001111", "011 15 2345-6789", "+5491123456789"),
    ],
)
def test_a_phone_is_read_as_people_of_the_workspace_write(
    world, signed_in, own, typed, phone
):
    numbers.channel(world.workspace, phone=own)
    client = signed_in(world.agent)

    client.post(f"{LIST}new/", {"name": "Ana", "phone": typed})

    assert only(world, name="Ana").phone == phone
    for text in (typed, phone, phone[:8]):
        assert names(world, text) == {"Ana"}, text


def test_to_save_a_client_unchanged_changes_nothing(world, signed_in):
    client = signed_in(world.agent)
    client.post(f"{LIST}new/", {"name": "Ana", "phone": "+5215512345678"})
    row = only(world, name="Ana")
    page = client.get(f"{LIST}{row.key}/edit/").context["form"]

    told = {name: page[name].value() or "" for name in page.fields}
    client.post(f"{LIST}{row.key}/edit/", told)

    assert told["phone"] == "+52 55 1234 5678"
    assert only(world, name="Ana").updated_at == row.updated_at


def test_pages_of_clients_begin_where_the_one_before_ended(world):
    for number in range(4):
        make.client(world.workspace, name=f"c{number}")

    first = selector.list_clients(world.workspace, size=2)
    make.client(world.workspace, name="new")
    second = selector.list_clients(world.workspace, before=first.older or "", size=2)

    assert [one.name for one in first.rows] == ["c3", "c2"]
    assert [one.name for one in second.rows] == ["c1", "c0"]
    assert second.older is None


def test_what_is_no_phone_and_who_is_known_is_said_beside_the_field(world, signed_in):
    other = make.client(world.workspace, name="A <b>outra", oauth_id="7")

    page = signed_in(world.agent).post(
        f"{LIST}new/", {"name": "Ana", "phone": "12", "oauth_id": "7"}
    )
    known = signed_in(world.agent).post(f"{LIST}new/", {"name": "Ana", "oauth_id": "7"})

    assert page.status_code == known.status_code == 422
    assert "não é um número de telefone" in page.content.decode()
    text = known.content.decode()
    assert f'<a href="{LIST}{other.key}/">' in text
    assert "A &lt;b&gt;outra" in text
    assert 'value="Ana"' in text


def test_a_form_sent_twice_adds_one_client(world, signed_in):
    client = signed_in(world.agent)
    told = {"name": "Ana", "key": str(uuid.uuid4())}

    first, again = (client.post(f"{LIST}new/", told) for _ in range(2))

    assert first.headers["Location"] == again.headers["Location"]
    assert only(world).name == "Ana"


def test_a_lead_is_suggested_linked_by_hand_and_unlinked(world, signed_in):
    client = signed_in(world.agent)
    row = make.client(world.workspace, name="Ana Lima", email="ANA@example.com")
    lead = make_talk.lead(world.workspace, name="Aninha", email="ana@example.com")
    make_talk.identity(lead)
    page = client.get(f"{LIST}{row.key}/").content.decode()
    assert "Aninha" in page

    client.post(f"{LIST}{row.key}/link/", {"lead": str(lead.key)})
    assert only(world).lead == lead
    linked = client.get(f"{LIST}{row.key}/").content.decode()
    assert "Perfil no WhatsApp" in linked
    assert "Talvez seja este cliente" not in linked

    client.post(f"{LIST}{row.key}/link/", {"lead": ""})
    assert only(world).lead is None
    actions = AuditEvent.objects.for_workspace(world.workspace)
    assert actions.filter(action="client.linked").count() == 2


def test_another_phone_undoes_what_the_old_one_told_but_no_link_made_by_hand(
    world, signed_in
):
    client = signed_in(world.agent)
    lead = make_talk.lead(world.workspace)
    make_talk.identity(lead, match_key=match_key_for_phone("5511987654321"))
    client.post(f"{LIST}new/", {"name": "Ana", "phone": "11 98765-4321"})
    row = only(world)
    assert row.lead == lead

    client.post(f"{LIST}{row.key}/edit/", {"name": "Ana", "phone": "11 91111-2222"})
    assert only(world).lead is None

    client.post(f"{LIST}{row.key}/link/", {"lead": str(lead.key)})
    client.post(f"{LIST}{row.key}/edit/", {"name": "Ana", "phone": "11 93333-2222"})
    assert only(world).lead == lead


def test_a_merged_lead_leads_to_what_it_has_become(world, signed_in):
    gone, stays = (make_talk.lead(world.workspace, name=name) for name in ("A", "B"))
    row = make.client(world.workspace, lead=gone)
    make_talk.merge(gone, into=stays, actor=world.owner)

    page = signed_in(world.agent).get(f"{LIST}{row.key}/").content.decode()

    assert f"/leads/{stays.key}/" in page


@pytest.mark.parametrize("part", ["", "edit/", "link/"])
def test_another_workspaces_client_is_not_there(world, signed_in, part):
    row = make.client(world.workspace)
    client = signed_in(world.outsider)
    ask = client.post if part == "link/" else client.get

    assert ask(f"/w/oficina/clients/{row.key}/{part}").status_code == 404


def test_the_export_holds_no_formula(world, signed_in):
    make.client(world.workspace, name="=cmd()", phone="+5511987654321")

    answer = signed_in(world.agent).get(f"{LIST}export.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()

    assert lines[1].startswith("'=cmd()")


def test_an_older_edit_is_told_what_changed_and_keeps_what_was_typed(world, signed_in):
    row = make.client(world.workspace, name="Ana", email="ana@padaria.example")
    page = f"{LIST}{row.key}/edit/"
    one, other = signed_in(world.agent), signed_in(world.owner)
    seen = one.get(page).context["form"]["seen"].value()
    told = {"name": "Ana", "email": "nova@padaria.example", "seen": seen}
    assert other.post(page, told).status_code == 302

    late = one.post(page, {"name": "Ana Lima", "email": row.email, "seen": seen})

    text = late.content.decode()
    assert late.status_code == 409
    assert "Agora é “nova@padaria.example”" in text
    assert 'value="Ana Lima"' in text
    row.refresh_from_db()
    assert (row.name, row.email) == ("Ana", "nova@padaria.example")
    again = late.context["form"]["seen"].value()
    assert one.post(page, told | {"name": "Ana Lima", "seen": again}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.email) == ("Ana Lima", "nova@padaria.example")
