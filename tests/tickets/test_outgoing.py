"""What happens here is written down for those who asked to hear of it, once and in time."""

import json
from datetime import UTC, datetime

import pytest
from django.db import transaction

from accounts.scoping import workspace_transaction
from tests.factories import events as make
from tests.factories import integrations as make_numbers
from tests.factories import tickets as make_tickets
from tests.factories import whatsapp as make_talk
from tickets import event_kinds
from tickets.models import EventDelivery, EventSource, Subscription
from tickets.services import answers, outgoing, releasing, tickets
from tickets.services.answers import Answer
from tickets.services.tickets import By, Changes

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def subscription(world):
    return make.subscription(world.workspace, kinds=list(event_kinds.OUTGOING))


@pytest.fixture
def by(world):
    return By(world.agent)


def told(world):
    rows = EventDelivery.objects.for_workspace(world.workspace).order_by("pk")
    return [json.loads(row.body) for row in rows]


def kinds(world):
    return [one["type"] for one in told(world)]


def open_one(world, by, **fields):
    return tickets.open_ticket(
        world.workspace, title="Pão queimado", by=by, now=NOW, **fields
    )


def test_each_thing_that_happens_is_told_as_what_it_is(world, subscription, by):
    ticket = open_one(world, by)
    changes: list[Changes] = [
        {"priority": "high"},
        {"assignee_id": world.agent.pk},
        {"status": "waiting"},
        {"status": "resolved"},
        {"status": "open"},
        {"status": "closed"},
    ]
    for change in changes:
        tickets.change(ticket, change, by=by, now=NOW)
    tickets.comment(ticket, text="Oi", is_public=True, by=by, now=NOW)
    tickets.take_answer(ticket, text="Olá", by=By(source=EventSource.CLIENT), now=NOW)

    assert kinds(world) == [
        f"ticket.{kind}"
        for kind in (
            *("created", "updated", "assigned", "waiting", "resolved", "reopened"),
            *("closed", "commented", "replied"),
        )
    ]
    versions = [one["data"]["ticket"]["version"] for one in told(world)]
    assert versions == sorted(set(versions))
    assert len({one["id"] for one in told(world)}) == 9


def test_it_tells_how_the_ticket_stood_then(world, subscription, by, settings):
    client = make_tickets.client(world.workspace, name="Ana", oauth_id="usr_1")
    ticket = open_one(world, by, client=client, description="Muito")
    tickets.change(
        ticket, {"status": "resolved", "description": "Mais"}, by=by, now=NOW
    )

    first, last = told(world)
    assert first["data"]["ticket"] == {
        "id": str(ticket.key),
        "number": 1,
        "version": 1,
        "title": "Pão queimado",
        "description": "Muito",
        "status": "open",
        "priority": "normal",
        "client": {"id": str(client.key), "oauth_id": "usr_1", "name": "Ana"},
        "assignee": None,
        "external_id": None,
        "external_url": None,
        "url": f"{settings.PUBLIC_URL}/w/padaria/tickets/{ticket.key}/",
        "created_at": "2026-11-29T12:00:00.000Z",
        "updated_at": "2026-11-29T12:00:00.000Z",
        "resolved_at": None,
        "closed_at": None,
    }
    assert (first["workspace"], first["timestamp"]) == (
        "padaria",
        "2026-11-29T12:00:00.000Z",
    )
    assert last["data"]["event"] == {
        "source": "page",
        "actor": {"name": world.agent.name, "email": "agent@example.com"},
        "is_public": True,
        "text": "",
        "changed": ["status", "description"],
        "changes": {"status": ["open", "resolved"]},
        "told_by": None,
    }
    assert last["data"]["ticket"]["resolved_at"] == "2026-11-29T12:00:00.000Z"


def test_an_echo_is_known_by_its_own_name(world, subscription):
    name = f"{'a' * 32}:zd-7#c"
    open_one(world, By(source=EventSource.SYSTEM, event_id=name))

    (one,) = told(world)
    assert one["data"]["event"]["told_by"] == "zd-7"
    assert one["data"]["event"]["source"] == "system"


def test_private_comments_stay_here_unless_they_are_asked_for(world, by):
    make.subscription(world.workspace)
    curious = make.subscription(world.workspace, name="BI", with_private=True)
    ticket = open_one(world, by)

    tickets.comment(ticket, text="entre nós", is_public=False, by=by, now=NOW)

    rows = EventDelivery.objects.for_workspace(world.workspace)
    private = rows.filter(kind="ticket.commented")
    assert [row.subscription for row in private] == [curious]


def test_only_what_was_asked_for_is_written_and_nothing_while_it_is_off(world, by):
    make.subscription(world.workspace, kinds=["ticket.closed"])
    make.subscription(world.workspace, name="off", is_active=False)
    make.subscription(world.other_workspace)

    ticket = open_one(world, by)
    tickets.change(ticket, {"status": "closed"}, by=by, now=NOW)

    assert kinds(world) == ["ticket.closed"]
    assert not EventDelivery.objects.for_workspace(world.other_workspace).exists()


def test_where_nobody_asked_it_costs_one_query(world, by, django_assert_num_queries):
    ticket = open_one(world, by)
    entry = ticket.events.get()

    with django_assert_num_queries(1):
        outgoing.tell(entry)


def test_what_is_rolled_back_is_never_told(world, subscription, by):
    with workspace_transaction(world.workspace.pk):
        open_one(world, by)
        transaction.set_rollback(True)

    assert told(world) == []


def test_the_worker_is_woken_after_the_commit(
    world, subscription, by, django_capture_on_commit_callbacks, monkeypatch
):
    asked = []
    monkeypatch.setattr("tickets.queue.deliver", lambda: asked.append(True))

    with django_capture_on_commit_callbacks(execute=True):
        open_one(world, by)
        assert asked == []

    assert asked == [True]


def test_answers_by_whatsapp_are_told_too(world, subscription, by):
    lead = make_talk.lead(world.workspace)
    talk = make_talk.conversation(lead, make_numbers.channel(world.workspace))
    ticket = open_one(world, by, conversation=talk)
    message = make_talk.message(talk, text="E o meu pão?")

    with workspace_transaction(world.workspace.pk):
        answers.take(
            world.workspace.pk, [Answer(message.pk, talk.pk, "E o meu pão?")], now=NOW
        )

    last = told(world)[-1]
    assert last["type"] == "ticket.replied"
    assert last["data"]["event"]["text"] == "E o meu pão?"
    assert last["data"]["ticket"]["id"] == str(ticket.key)


def test_tickets_of_somebody_who_goes_are_told(world, subscription, by):
    open_one(world, by, assignee_id=world.agent.pk)

    with workspace_transaction(world.workspace.pk):
        releasing.release(world.workspace, world.agent, now=NOW)

    last = told(world)[-1]
    assert last["type"] == "ticket.assigned"
    assert last["data"]["ticket"]["assignee"] is None


def test_a_test_event_means_nothing(world, subscription):
    row = outgoing.tell_test(
        Subscription.objects.for_workspace(world.workspace).get(), now=NOW
    )

    (one,) = told(world)
    assert one["type"] == "recado.test"
    assert one["id"] == row.event_id
    assert one["data"]["subscription"]["name"] == "CRM"
