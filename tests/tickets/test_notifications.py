"""Telling clients: with the event or not at all, once, by hand too, and of many at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts.scoping import workspace_transaction
from tests import walls
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories.whatsapp import NOON
from tests.tickets.client_news import SOON, paths, resolve, told
from tickets.models import EventKind, EventSource, NotificationEmail, TicketEvent
from tickets.selectors import notifications as selector
from tickets.services import bulk_changes, notifications, retelling, tickets
from tickets.services.tickets import By
from whatsapp.models import Message, OutboxEntry


@pytest.fixture
def official(world):
    """A number that has the window of 24 hours."""
    return numbers.meta_number(world.workspace, state="connected")


@pytest.fixture
def client(official):
    return make.reachable(official)


@pytest.fixture
def ticket(world, client):
    return make.ticket(world.workspace, client=client)


@pytest.fixture
def by(world):
    return By(world.agent)


@pytest.fixture
def with_mail(settings):
    settings.EMAIL_HOST = "mail.example.com"


def test_a_change_tells_the_client_in_their_conversation(world, ticket, by, client):
    make.rule(world.workspace)

    event = resolve(ticket, by)

    [row] = told(world.workspace)
    assert (row.path, row.reason, row.ticket_event) == ("free_text", "", event)
    assert row.text == "Olá, Ana! O chamado nº 1 está resolvido."
    assert row.message.text == row.text
    assert row.message.conversation.lead == client.lead
    assert row.message.outbox_entry.state == "due"
    assert row.message.outbox_entry.is_bulk is False


def test_without_a_rule_nobody_is_told(world, ticket, by, django_assert_num_queries):
    make.rule(world.workspace, event="closed")
    make.rule(world.workspace, event="resolved", language="en", is_active=False)

    resolve(ticket, by)

    assert told(world.workspace) == []


def test_what_is_rolled_back_tells_nobody(world, ticket, by):
    make.rule(world.workspace)

    with transaction.atomic():
        resolve(ticket, by)
        transaction.set_rollback(True)

    assert told(world.workspace) == []
    assert not OutboxEntry.objects.for_workspace(world.workspace).exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_event_twenty_times_at_once_tells_once(world, ticket):
    make.rule(world.workspace)
    workspace_id = world.workspace.pk

    def raise_it(_place):
        try:
            with walls.as_app(), workspace_transaction(workspace_id):
                by = By(source=EventSource.SYSTEM, event_id="evt-1")
                resolve(ticket, by)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(raise_it, range(20)))

    with workspace_transaction(workspace_id):
        assert len(told(world.workspace)) == 1
        assert OutboxEntry.objects.for_workspace(world.workspace).count() == 1


def test_told_again_of_an_event_it_makes_nothing_more(world, ticket, by):
    make.rule(world.workspace)
    event = resolve(ticket, by)

    notifications.raise_for(world.workspace.pk, [event], now=SOON)

    assert paths(world.workspace) == [("free_text", "")]
    assert Message.objects.for_workspace(world.workspace).count() == 1


# --- who is told of what ------------------------------------------------------------
def test_a_team_comment_tells_nobody_and_a_public_one_says_it(world, ticket, by):
    make.rule(world.workspace, event="commented", text="{comentário}")

    tickets.comment(ticket, text="só nós", is_public=False, by=by, now=SOON)
    tickets.comment(ticket, text="sai {hoje}", is_public=True, by=by, now=SOON)

    assert [one.text for one in told(world.workspace)] == ["sai {hoje}"]


@pytest.mark.usefixtures("with_mail")
def test_an_answer_of_the_client_tells_the_assignee_alone(world, ticket, by):
    make.rule(world.workspace, event="replied")
    make.rule(
        world.workspace, event="replied", audience="assignee", text="{comment} {link}"
    )
    tickets.change(ticket, {"assignee_id": world.agent.pk}, by=by, now=SOON)

    tickets.take_answer(
        ticket, text="chegou!", by=By(source=EventSource.CLIENT), now=SOON
    )

    [row] = told(world.workspace)
    assert (row.audience, row.path, row.member) == ("assignee", "email", world.agent)
    [mail] = NotificationEmail.objects.for_workspace(world.workspace)
    assert mail.to_address == world.agent.email
    assert mail.body.startswith("chegou! http")


@pytest.mark.usefixtures("with_mail")
def test_nobody_is_told_what_they_did_themselves(world, ticket):
    make.rule(world.workspace, event="assigned", audience="assignee", text="é seu")
    mine = By(world.agent)

    tickets.change(ticket, {"assignee_id": world.agent.pk}, by=mine, now=SOON)
    tickets.change(ticket, {"assignee_id": world.owner.pk}, by=mine, now=SOON)

    assert [one.member for one in told(world.workspace)] == [world.owner]


# --- by hand ------------------------------------------------------------------------
def test_tell_again_tells_once_for_a_form(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by)

    for _ in range(2):
        again = retelling.tell(ticket, actor=world.agent, key="form-1", now=SOON)

    assert [path for path, _ in paths(world.workspace)] == ["free_text", "free_text"]
    assert again.actor == world.agent
    assert told(world.workspace)[1].message.author == world.agent


@pytest.mark.usefixtures("with_mail")
def test_tell_by_email_takes_no_other_way(world, ticket, by, client):
    make.rule(world.workspace)
    client.email = "ana@example.com"
    client.save()
    resolve(ticket, by)

    told_ = retelling.tell(
        ticket, actor=world.agent, key="form-1", now=SOON, by_email=True
    )

    assert told_.path == "email"


def test_with_nothing_to_say_it_says_so(world, ticket, by):
    resolve(ticket, by)

    with pytest.raises(retelling.NothingToTell):
        retelling.tell(ticket, actor=world.agent, key="form-1", now=SOON)


def test_what_another_system_announces_is_told_once(world, ticket):
    make.rule(world.workspace, event="updated")
    system = By(source=EventSource.SYSTEM, event_id="evt-9")

    first = tickets.announce(ticket, EventKind.UPDATED, by=system, now=SOON)
    again = tickets.announce(ticket, EventKind.UPDATED, by=system, now=SOON)

    assert first == again
    [row] = selector.of_event(first)
    seen = selector.Told.of(row)
    assert (row.path, seen.state.level, seen.who) == ("free_text", "quiet", "Ana Lima")


# --- in bulk ------------------------------------------------------------------------
def test_many_tickets_change_and_tell_in_few_statements(
    world, official, by, django_assert_num_queries
):
    make.rule(world.workspace)
    rows = [
        make.ticket(
            world.workspace,
            number=number,
            client=make.reachable(official, digits=f"55119876500{number:02}"),
        )
        for number in range(1, 41)
    ]
    tickets.change(rows[0], {"status": "resolved"}, by=by, now=SOON)

    with walls.asked() as said:
        done = bulk_changes.change_many(
            world.workspace.pk,
            [one.pk for one in rows],
            {"status": "resolved"},
            by=by,
            now=SOON,
        )

    assert (done.changed, done.same) == (39, 1)
    assert len(said) < 32, "\n".join(said)
    assert [path for path, _ in paths(world.workspace)] == ["free_text"] * 40
    bulk = OutboxEntry.objects.for_workspace(world.workspace).filter(is_bulk=True)
    assert bulk.count() == 39
    entries = TicketEvent.objects.for_workspace(world.workspace)
    assert entries.filter(details__status=["open", "resolved"]).count() == 40
    rows[5].refresh_from_db()
    assert (rows[5].version, rows[5].status_at, rows[5].resolved_at) == (2, SOON, SOON)


def test_closing_many_keeps_when_each_was_resolved(world, by):
    rows = [make.ticket(world.workspace, number=number) for number in (1, 2)]
    tickets.change(rows[0], {"status": "resolved"}, by=by, now=NOON)

    bulk_changes.change_many(
        world.workspace.pk,
        [one.pk for one in rows],
        {"status": "closed"},
        by=by,
        now=SOON,
    )

    for one in rows:
        one.refresh_from_db()
    assert [one.resolved_at for one in rows] == [NOON, SOON]
    assert [one.closed_at for one in rows] == [SOON, SOON]
