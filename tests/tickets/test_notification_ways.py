"""The way by which a client is told: the best there is, and why not where there is none."""

from datetime import timedelta

import pytest

from integrations.models import Channel
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as talk
from tests.factories.whatsapp import NOON
from tests.tickets.client_news import LATE, paths, resolve, told
from tickets.models import NotificationEmail
from tickets.services.tickets import By
from whatsapp.models import OptOutScope
from whatsapp.services import opt_outs, pauses


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
        scope=OptOutScope.ALL,
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
        scope=OptOutScope.MARKETING,
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
