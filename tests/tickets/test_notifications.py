"""Telling clients: with the event or not at all, once, by the best way, and why not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.scoping import workspace_transaction
from integrations.models import Channel
from tests import walls
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as talk
from tests.factories.whatsapp import NOON
from tickets.models import (
    EventKind,
    EventSource,
    Notification,
    NotificationEmail,
    NotificationSettings,
    TicketEvent,
)
from tickets.selectors import notifications as selector
from tickets.services import bulk_changes, holding, notifications, retelling, tickets
from tickets.services.tickets import By
from whatsapp.models import Message, OutboxEntry
from whatsapp.services import opt_outs, pauses

SOON = NOON + timedelta(hours=1)
LATE = NOON + timedelta(hours=30)


@pytest.fixture
def channel(world):
    return numbers.sandbox_number(world.workspace, state="connected")


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


def told(workspace):
    rows = Notification.objects.for_workspace(workspace)
    return list(rows.select_related("message__outbox_entry").order_by("pk"))


def paths(workspace):
    return [(one.path, one.reason) for one in told(workspace)]


def resolve(ticket, by, *, now=SOON):
    return tickets.change(ticket, {"status": "resolved"}, by=by, now=now)


def reopen(ticket, by, *, now=SOON):
    return tickets.change(ticket, {"status": "open"}, by=by, now=now)


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


# --- the ladder ---------------------------------------------------------------------
def test_when_the_window_is_closed_the_template_goes(world, ticket, by, official):
    template = talk.template(official)
    make.rule(
        world.workspace,
        template=template,
        template_values={"body-1": "{nome}", "body-2": "{número}"},
    )

    resolve(ticket, by, now=LATE)

    [row] = told(world.workspace)
    assert (row.path, row.reason) == ("template", "window_closed")
    assert row.text == "Olá, Ana! Seu pedido 1 saiu para entrega."
    assert row.message.kind == "template"


@pytest.mark.usefixtures("with_mail")
def test_without_a_template_it_is_an_email(world, ticket, by, client):
    make.rule(world.workspace)
    client.email = "ana@example.com"
    client.save()

    resolve(ticket, by, now=LATE)

    assert paths(world.workspace) == [("email", "window_closed")]
    [mail] = NotificationEmail.objects.for_workspace(world.workspace)
    assert (mail.to_address, mail.state) == ("ana@example.com", "due")
    assert mail.subject == "#1 Chamado 1"
    assert mail.body == "Olá, Ana! O chamado nº 1 está resolvido."


def test_nobody_is_reached_where_nothing_is_left(world, ticket, by):
    make.rule(world.workspace)

    resolve(ticket, by, now=LATE)

    assert paths(world.workspace) == [("nobody", "window_closed")]


@pytest.mark.parametrize(
    ("phone", "reason"), [("", "no_phone"), ("123", "not_a_phone_number")]
)
@pytest.mark.usefixtures("official")
def test_a_client_without_a_good_phone_is_listed_with_the_reason(
    world, by, phone, reason
):
    make.rule(world.workspace)
    ticket = make.ticket(
        world.workspace, client=make.client(world.workspace, phone=phone)
    )

    resolve(ticket, by)

    assert paths(world.workspace) == [("nobody", reason)]


def test_without_a_number_of_ours_nobody_is_reached(world, by):
    make.rule(world.workspace)
    client = make.client(world.workspace, phone="+5511987654321")
    ticket = make.ticket(world.workspace, client=client)

    resolve(ticket, by)

    assert paths(world.workspace) == [("nobody", "no_channel")]


@pytest.mark.usefixtures("with_mail")
def test_who_opted_out_is_left_alone_by_email_too(world, ticket, by, client):
    make.rule(world.workspace)
    client.email = "ana@example.com"
    client.save()
    opt_outs.note(
        world.workspace.pk,
        peer_key="p:5511987654321",
        scope="all",
        source="word",
        now=NOON,
    )

    resolve(ticket, by)

    assert paths(world.workspace) == [("nobody", "opted_out")]


def test_who_wants_no_campaigns_still_hears_of_their_ticket(world, ticket, by):
    make.rule(world.workspace)
    opt_outs.note(
        world.workspace.pk,
        peer_key="p:5511987654321",
        scope="marketing",
        source="word",
        now=NOON,
    )

    resolve(ticket, by)

    assert paths(world.workspace) == [("free_text", "")]


def test_a_paused_number_sends_nothing(world, ticket, by, official):
    make.rule(world.workspace)
    pauses.pause(official, actor=world.owner, now=NOON)

    resolve(ticket, by)

    assert paths(world.workspace) == [("nobody", "number_paused")]


def test_a_number_that_was_disconnected_gives_way_to_another(
    world, ticket, by, official, client
):
    make.rule(world.workspace)
    other = numbers.sandbox_number(world.workspace, state="connected")
    talk.conversation(client.lead, other, last_inbound_at=NOON - timedelta(hours=2))
    Channel.objects.for_workspace(world.workspace).filter(pk=official.pk).update(
        state="disconnected"
    )

    resolve(ticket, by)

    [row] = told(world.workspace)
    assert (row.path, row.message.channel) == ("free_text", other)


@pytest.mark.parametrize(
    ("values", "state", "reason"),
    [
        ({"body-1": "{nome}"}, "approved", "template_incomplete"),
        ({"body-1": "{nome}", "body-2": "1"}, "paused", "template_not_approved"),
    ],
)
def test_a_template_that_cannot_go_is_the_reason(
    world, ticket, by, official, values, state, reason
):
    template = talk.template(official, status=state)
    make.rule(world.workspace, template=template, template_values=values)

    resolve(ticket, by, now=LATE)

    assert paths(world.workspace) == [("nobody", reason)]


def test_a_number_without_windows_writes_freely_at_any_time(world, channel, by):
    make.rule(world.workspace)
    channel.provider = "evolution"
    channel.save()
    ticket = make.ticket(world.workspace, client=make.reachable(channel))

    resolve(ticket, by, now=LATE)

    assert paths(world.workspace) == [("free_text", "")]


def test_whom_the_last_message_did_not_reach_is_not_tried_again(
    world, ticket, by, official, client
):
    make.rule(world.workspace)
    [thread] = client.lead.conversations.for_workspace(world.workspace)
    talk.send(
        official,
        thread=thread,
        at=NOON + timedelta(minutes=1),
        state="failed",
        reason="131026",
    )

    resolve(ticket, by)

    assert paths(world.workspace) == [("nobody", "out_of_reach")]


def test_the_language_of_the_client_decides(world, ticket, by, client):
    make.rule(world.workspace)
    make.rule(world.workspace, language="en", text="Ticket {number} is {status}.")
    client.language = "en"
    client.save()

    resolve(ticket, by)

    assert told(world.workspace)[0].text == "Ticket 1 is resolved."


def test_the_link_leads_to_the_clients_page(world, ticket, by, signed_in):
    make.rule(world.workspace, text="Veja {link}")

    resolve(ticket, by)

    url = told(world.workspace)[0].text.removeprefix("Veja ")
    path = url.partition("://")[2].partition("/")[2]
    assert signed_in(world.outsider).get(f"/{path}").status_code == 200


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


# --- repetitions and quiet hours ----------------------------------------------------
def test_the_state_they_were_told_last_is_not_told_again(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by)
    reopen(ticket, by)

    resolve(ticket, by, now=SOON + timedelta(minutes=5))

    assert paths(world.workspace) == [("free_text", ""), ("skipped", "told_before")]


def test_what_is_news_again_is_told(world, ticket, by):
    make.rule(world.workspace)
    make.rule(world.workspace, event="reopened")
    for step in (resolve, reopen, resolve):
        step(ticket, by)

    assert [path for path, _ in paths(world.workspace)] == ["free_text"] * 3


def test_after_an_hour_the_same_is_told_again(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by)
    reopen(ticket, by)

    resolve(ticket, by, now=SOON + timedelta(minutes=61))

    assert [path for path, _ in paths(world.workspace)] == ["free_text", "free_text"]


@pytest.fixture
def quiet(world):
    """From 11 to 13 o'clock in the workspace's time zone; noon UTC-3 is 15:00 UTC."""
    return NotificationSettings.objects.create(
        workspace=world.workspace, is_quiet=True, quiet_from=660, quiet_until=780
    )


@pytest.mark.usefixtures("quiet")
def test_in_quiet_hours_it_waits_for_their_end(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by, now=NOON)
    [row] = told(world.workspace)
    assert (row.path, row.message) == ("held", None)
    assert row.due_at == datetime(2026, 3, 10, 16, 0, tzinfo=UTC)

    release(now=NOON + timedelta(minutes=59))
    assert paths(world.workspace) == [("held", "quiet_hours")]
    release(now=NOON + timedelta(minutes=60))

    [row] = told(world.workspace)
    assert (row.path, row.due_at) == ("free_text", None)
    assert row.message.outbox_entry.state == "due"
    release(now=NOON + timedelta(minutes=61))
    assert Message.objects.for_workspace(world.workspace).count() == 1


@pytest.mark.usefixtures("quiet")
def test_what_is_not_so_any_more_is_not_told(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by, now=NOON)
    reopen(ticket, by, now=NOON)

    release(now=SOON + timedelta(minutes=1))

    assert paths(world.workspace) == [("skipped", "superseded")]


@pytest.mark.usefixtures("quiet")
def test_of_two_states_only_the_later_waits(world, ticket, by):
    make.rule(world.workspace)
    make.rule(world.workspace, event="closed")
    resolve(ticket, by, now=NOON)
    tickets.change(ticket, {"status": "closed"}, by=by, now=NOON)

    assert paths(world.workspace) == [
        ("skipped", "superseded"),
        ("held", "quiet_hours"),
    ]


@pytest.mark.usefixtures("quiet")
def test_urgent_tickets_wake_people(world, ticket, by):
    make.rule(world.workspace)
    tickets.change(ticket, {"priority": "urgent"}, by=by, now=NOON)

    resolve(ticket, by, now=NOON)

    assert paths(world.workspace) == [("free_text", "")]


@pytest.mark.parametrize(
    ("begins", "ends", "at", "expected"),
    [
        (21 * 60, 8 * 60, (2, 0), 6),  # 23:00 of the day before, until 8:00
        (21 * 60, 8 * 60, (10, 59), 1 / 60 + 0),  # 7:59
        (21 * 60, 8 * 60, (11, 0), None),  # 8:00
        (60, 120, (4, 30), 0.5),  # 1:30
        (60, 60, (4, 30), None),
    ],
)
def test_quiet_hours_end_by_the_clock_of_the_workspace(
    world, begins, ends, at, expected
):
    from tickets.services.notification_facts import Desk

    habits = NotificationSettings(
        workspace=world.workspace, is_quiet=True, quiet_from=begins, quiet_until=ends
    )
    now = datetime(2026, 3, 10, *at, tzinfo=UTC)

    until = Desk(world.workspace, habits).quiet_until(now)

    if expected is None:
        assert until is None
    else:
        assert until is not None
        assert until.astimezone(UTC).strftime("%H:%M") == (
            "11:00" if ends == 480 else "05:00"
        )
        assert until > now


def release(*, now):
    """As the worker does it, by the database's clock for what is due."""
    workspace_ids = {
        row.workspace_id
        for row in Notification.objects.unscoped("of the tests").filter(path="held")
    }
    for workspace_id in workspace_ids:
        holding.release_of(workspace_id, now=now)


# --- by hand ------------------------------------------------------------------------
def test_tell_again_tells_once_for_a_form(world, ticket, by):
    make.rule(world.workspace)
    resolve(ticket, by)

    for _ in range(2):
        again = retelling.tell(ticket, actor=world.agent, key="form-1", now=SOON)

    assert [path for path, _ in paths(world.workspace)] == ["free_text", "free_text"]
    assert (again.actor, again.message.author) == (world.agent, world.agent)


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
    assert (row.path, row.state) == ("free_text", "queued")


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
