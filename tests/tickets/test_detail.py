"""A ticket's page and forms: who may do what, what is kept, and what an older page may not."""

import uuid

import pytest
from django.utils import timezone

from accounts.models import Membership
from tests.factories import accounts as people
from tests.factories import integrations as make_numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as make_talk
from tickets.models import Client, Ticket, TicketEvent
from tickets.services import tickets
from tickets.services.tickets import By
from whatsapp.phones import match_key_for_phone

NEW = "/w/padaria/tickets/new/"


def page_of(ticket, *rest):
    return "/".join(["/w/padaria/tickets", str(ticket.key), *rest, ""])


def only(world, model=Ticket):
    return model.objects.for_workspace(world.workspace).get()


def history(ticket):
    rows = TicketEvent.objects.for_workspace(ticket.workspace_id)
    return list(rows.filter(ticket=ticket).order_by("pk"))


@pytest.fixture
def ticket(world):
    return tickets.open_ticket(
        world.workspace, title="Pão queimado", by=By(world.agent), now=timezone.now()
    )


@pytest.fixture
def talk(world):
    channel = make_numbers.channel(world.workspace)
    lead = make_talk.lead(world.workspace, name="Bruno")
    make_talk.identity(lead, value="5511987654321")
    return make_talk.conversation(lead, channel)


def form(**told):
    return {"title": "Troca", "priority": "normal", "key": str(uuid.uuid4())} | told


def test_a_form_sent_twice_opens_one_ticket(world, signed_in):
    client, told = signed_in(world.agent), form()

    first = client.post(NEW, told)
    again = client.post(NEW, told)

    assert first.status_code == 302
    assert first.headers["Location"] == again.headers["Location"]
    assert only(world).ticket_number == 1


def test_a_conversation_becomes_a_ticket_with_its_lead_as_client(
    world, talk, signed_in
):
    client = signed_in(world.agent)

    page = client.get(NEW, {"conversation": talk.key}).content.decode()
    client.post(NEW, form(conversation=str(talk.key), client="new"))

    assert "Bruno · +55 11 98765-4321, como cliente novo" in page
    ticket, made = only(world), only(world, Client)
    assert (ticket.conversation, ticket.client) == (talk, made)
    assert (made.lead, made.phone) == (talk.lead, "+5511987654321")
    # The second time the client is there already, and chosen.
    second = client.get(NEW, {"conversation": talk.key}).content.decode()
    assert f'value="{made.key}"' in second
    assert "como cliente novo" not in second


@pytest.mark.parametrize(
    ("known", "phone"),
    [
        ("551187654321", "+5511987654321"),
        ("5215512345678", "+525512345678"),
        ("525512345678", "+525512345678"),
        ("5491123456789", "+5491123456789"),
        ("541123456789", "+541123456789"),
        ("999000000000123", "+999000000000123"),  # of no country
    ],
)
def test_whoever_wrote_becomes_a_client_with_a_phone(
    world, talk, signed_in, known, phone
):
    talk.lead.identities.update(value=known, match_key=match_key_for_phone(known))

    signed_in(world.agent).post(NEW, form(conversation=str(talk.key), client="new"))

    made = only(world, Client)
    assert (made.phone, made.lead) == (phone, talk.lead)
    assert made.match_key == match_key_for_phone(known)


def test_a_client_is_found_while_the_form_keeps_what_was_typed(world, signed_in):
    ana = make.client(world.workspace, name="Ana Lima")

    page = signed_in(world.agent).post(
        NEW, form(title="Meu título", who="ana", find="1")
    )

    text = page.content.decode()
    assert page.status_code == 200
    assert "Meu título" in text
    assert f'value="{ana.key}" class' in text or f'value="{ana.key}"' in text
    assert "checked" in text.split(str(ana.key))[1][:120]
    assert not Ticket.objects.for_workspace(world.workspace).exists()


def test_a_viewer_reads_and_does_nothing(world, ticket, signed_in):
    viewer = people.user(email="viewer@example.com")
    people.membership(world.workspace, viewer, role="viewer")
    client = signed_in(viewer)

    page = client.get(page_of(ticket))

    assert page.status_code == 200
    assert "<form" not in page.content.decode().split("<main")[1]
    assert client.post(page_of(ticket), {"act": "link"}).status_code == 403
    assert client.get(NEW).status_code == 403
    assert client.get(page_of(ticket, "edit")).status_code == 403


def test_a_quick_change_of_one_thing_leaves_the_others(world, ticket, signed_in):
    client = signed_in(world.agent)

    client.post(
        page_of(ticket), {"act": "change", "seen": "1", "assignee": world.agent.pk}
    )

    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.status, ticket.version) == (
        world.agent,
        "open",
        2,
    )


def test_an_older_page_is_told_what_changed_and_keeps_what_was_chosen(
    world, ticket, signed_in
):
    tickets.change(
        ticket, {"priority": "urgent"}, by=By(world.owner), now=timezone.now()
    )

    answer = signed_in(world.agent).post(
        page_of(ticket),
        {"act": "change", "seen": "1", "status": "waiting", "priority": "low"},
    )

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Agora é “Urgente”" in text
    assert 'value="low" selected' in text
    assert 'name="seen" value="2"' in text
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority) == ("open", "urgent")


def test_an_older_edit_is_told_too(world, ticket, signed_in):
    tickets.change(ticket, {"title": "Outro"}, by=By(world.owner), now=timezone.now())

    answer = signed_in(world.agent).post(
        page_of(ticket, "edit"), form(title="Meu", seen="1")
    )

    assert answer.status_code == 409
    assert "Agora é “Outro”" in answer.content.decode()
    assert 'value="Meu"' in answer.content.decode()


def test_a_comment_is_for_the_team_unless_said_otherwise_and_is_kept_once(
    world, ticket, signed_in
):
    client, key = signed_in(world.agent), str(uuid.uuid4())
    told = {"act": "comment", "text": "forno 2", "audience": "team", "key": key}

    for _ in range(2):
        client.post(page_of(ticket), told)
    client.post(page_of(ticket), told | {"text": "forno 3"})
    client.post(page_of(ticket), told | {"audience": "client"})

    said = [(one.text, one.is_public) for one in history(ticket)[1:]]
    assert said == [("forno 2", False), ("forno 3", False), ("forno 2", True)]
    empty = client.post(page_of(ticket), told | {"text": " "})
    assert empty.status_code == 422


def test_the_history_tells_who_did_what_in_words(world, ticket, signed_in):
    world.owner.name = "Helena"
    world.owner.save()
    tickets.change(
        ticket,
        {"status": "waiting", "assignee_id": world.owner.pk},
        by=By(world.owner),
        now=timezone.now(),
    )
    tickets.comment(
        ticket,
        text="<b>segredo</b>",
        is_public=False,
        by=By(world.owner),
        now=timezone.now(),
    )

    text = signed_in(world.agent).get(page_of(ticket)).content.decode()

    assert "<del><bdi>Aberto</bdi></del>" in text
    assert "<ins><bdi>Aguardando</bdi></ins>" in text
    assert "<ins><bdi>Helena</bdi></ins>" in text
    assert "Só para a equipe" in text
    assert "<b>segredo" not in text


def test_whoever_goes_leaves_tickets_to_nobody_and_the_history_says_so(
    world, ticket, signed_in
):
    tickets.change(
        ticket, {"assignee_id": world.agent.pk}, by=By(world.owner), now=timezone.now()
    )
    member = Membership.objects.for_workspace(world.workspace).get(user=world.agent)

    signed_in(world.owner).post(f"/w/padaria/settings/members/{member.key}/remove/")

    ticket.refresh_from_db()
    assert ticket.assignee is None
    assert history(ticket)[-1].details == {"assignee_id": [world.agent.pk, None]}
