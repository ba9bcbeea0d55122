"""What a client writes on WhatsApp lands in their ticket, once."""

from datetime import UTC, datetime, timedelta

import pytest

from tests import walls
from tests.factories import accounts as people
from tests.factories import cloud_api as cloud
from tests.factories import tickets as make
from tests.factories import whatsapp as make_talk
from tickets.models import Client, EventSource, Ticket, TicketEvent
from tickets.services import answers
from whatsapp.models import Conversation, Lead, Message

NOW = datetime.now(UTC)


@pytest.fixture
def talk(shop):
    """Somebody has written before."""
    shop.process(cloud.body(cloud.message("Bom dia")))
    return shop.rows(Conversation).get()


def write(shop, *texts):
    bodies = [cloud.body(cloud.message(text)) for text in texts]
    return shop.process(*bodies), bodies


def replies(shop):
    rows = shop.rows(TicketEvent).filter(kind="replied").order_by("pk")
    return [(one.ticket.ticket_number, one.text) for one in rows]


def test_an_answer_is_entered_and_wakes_the_linked_ticket(shop, talk):
    ticket = make.ticket(talk.workspace, conversation=talk, status="waiting")

    _, bodies = write(shop, "Já passo aí", "Às 9h")
    shop.process(*bodies)

    assert replies(shop) == [(1, "Já passo aí"), (1, "Às 9h")]
    entries = shop.rows(TicketEvent).order_by("pk")
    assert [one.details for one in entries] == [{"status": ["waiting", "open"]}, {}]
    assert {one.source for one in entries} == {EventSource.WHATSAPP}
    assert entries[0].message == shop.rows(Message).get(text="Já passo aí")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.version) == ("open", 2)
    assert ticket.updated_at == ticket.status_at


def test_a_client_without_a_linked_talk_is_known_by_the_lead(shop, talk):
    client = make.client(talk.workspace, lead=shop.rows(Lead).get())
    make.ticket(talk.workspace, client=client)

    write(shop, "E o meu pão?")

    assert replies(shop) == [(1, "E o meu pão?")]


def test_a_client_is_known_by_a_lead_that_was_merged(shop, talk):
    gone = make_talk.lead(talk.workspace, name="Outra")
    client = make.client(talk.workspace, lead=gone)
    make.ticket(talk.workspace, client=client)
    actor = people.user(email="quem@example.com")
    make_talk.merge(gone, into=shop.rows(Lead).get(pk=talk.lead_id), actor=actor)

    write(shop, "Sou eu")

    assert replies(shop) == [(1, "Sou eu")]


def test_the_tickets_of_the_talk_come_first_and_live_ones_before_resolved(shop, talk):
    client = make.client(talk.workspace, lead=shop.rows(Lead).get())
    make.ticket(talk.workspace, number=1, client=client, updated_at=NOW)
    make.ticket(talk.workspace, number=2, conversation=talk)
    make.ticket(
        talk.workspace,
        number=3,
        conversation=talk,
        status="resolved",
        resolved_at=NOW,
        updated_at=NOW,
    )

    write(shop, "Oi")

    assert replies(shop) == [(2, "Oi")]


@pytest.mark.parametrize(
    ("fields", "is_heard"),
    [
        ({"status": "closed", "resolved_at": NOW, "closed_at": NOW}, False),
        ({"status": "resolved", "resolved_at": NOW - timedelta(days=8)}, False),
        ({"status": "resolved", "resolved_at": NOW - timedelta(days=6)}, True),
    ],
)
def test_what_rests_for_long_sleeps_on(shop, talk, fields, is_heard):
    ticket = make.ticket(talk.workspace, conversation=talk, **fields)

    write(shop, "Obrigada!")

    ticket.refresh_from_db()
    assert bool(replies(shop)) == is_heard
    assert (ticket.status == "open") == is_heard
    assert ticket.resolved_at is None or not is_heard


def test_a_reaction_is_no_answer(shop, talk):
    make.ticket(talk.workspace, conversation=talk)
    reaction = {"message_id": shop.rows(Message).get().external_id, "emoji": "👍"}

    shop.process(cloud.body(cloud.message(type="reaction", reaction=reaction)))

    assert shop.rows(Message).filter(kind="reaction").count() == 1
    assert replies(shop) == []


def test_statements_do_not_grow_with_the_answers(shop, talk):
    client = make.client(talk.workspace, lead=shop.rows(Lead).get())
    for number in range(1, 4):
        make.ticket(talk.workspace, number=number, client=client)
    messages = [
        Message.objects.create(
            workspace=talk.workspace,
            conversation=talk,
            channel=talk.channel,
            text=str(number),
            direction="inbound",
            kind="text",
            provider_at=NOW,
            received_at=NOW,
            stored_at=NOW,
        )
        for number in range(20)
    ]
    told = [answers.Answer(one.pk, talk.pk, one.text) for one in messages]

    with walls.asked() as said:
        answers.take(talk.workspace_id, told, now=NOW)
        again = answers.take(talk.workspace_id, told, now=NOW)

    assert len(said) == 8 + 3
    assert again == {}
    assert len(replies(shop)) == 20
    assert Ticket.objects.for_workspace(talk.workspace).filter(version=2).count() == 1
    assert Client.objects.for_workspace(talk.workspace).count() == 1
