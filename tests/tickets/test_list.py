"""The ticket list: what its filters find, what its pages hold, and what a selection does."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests.factories import accounts as people
from tests.factories import integrations as make_numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as make_talk
from tests.factories.whatsapp import NOON
from tickets.models import Ticket, TicketEvent
from tickets.selectors import tickets as selector
from tickets.selectors.tickets import TicketFilter

LIST = "/w/padaria/tickets/"


def numbers(world, **asked):
    filters = TicketFilter(**{"status": "all"} | asked)
    page = selector.list_tickets(
        world.workspace, filters=filters, user_id=world.agent.pk
    )
    return {ticket.ticket_number for ticket in page.rows}


@pytest.fixture
def shelf(world):
    """Four tickets that differ in everything a filter asks for."""
    channel = make_numbers.channel(world.workspace, display_name="Vendas")
    lead = make_talk.lead(world.workspace)
    talk = make_talk.conversation(lead, channel)
    ana = make.client(
        world.workspace,
        name="Ana Conceição",
        phone="+5511987654321",
        match_key="p:5511987654321",
        lead=lead,
    )
    make.ticket(world.workspace, number=1, title="Pão queimado", client=ana)
    make.ticket(
        world.workspace, number=2, status="waiting", conversation=talk, priority="high"
    )
    make.ticket(
        world.workspace,
        number=3,
        status="closed",
        assignee=world.agent,
        external_id="x",
    )
    make.ticket(
        world.workspace,
        number=4,
        status="resolved",
        assignee=world.owner,
        created_at=NOON + timedelta(days=2),
    )
    return {"channel": channel, "lead": lead, "client": ana}


def test_each_filter_finds_what_it_says(world, shelf):
    assert numbers(world, status="live") == {1, 2}
    assert numbers(world, status="closed") == {3}
    assert numbers(world, assignee="me") == {3}
    assert numbers(world, assignee="none") == {1, 2}
    assert numbers(world, assignee=str(world.owner.pk)) == {4}
    assert numbers(world, priority="high") == {2}
    assert numbers(world, source="conversation") == {2}
    assert numbers(world, source=str(shelf["channel"].key)) == {2}
    assert numbers(world, source="system") == {3}
    assert numbers(world, source="hand") == {1, 4}
    assert numbers(world, client=shelf["client"].key) == {1}
    assert numbers(world, lead=shelf["lead"].key) == {1, 2}
    assert numbers(world, since=NOON + timedelta(days=1)) == {4}
    assert numbers(world, before=NOON + timedelta(days=1)) == {1, 2, 3}


def test_the_days_may_be_those_of_the_answer_or_of_the_solution(world, signed_in):
    day = timedelta(days=1)
    make.ticket(world.workspace, number=1)
    make.ticket(world.workspace, number=2, first_response_at=NOON + day)
    make.ticket(
        world.workspace,
        number=3,
        status="resolved",
        first_response_at=NOON,
        resolved_at=NOON + 3 * day,
    )

    assert numbers(world, days="answered") == {2, 3}
    assert numbers(world, days="answered", since=NOON + day) == {2}
    assert numbers(world, days="resolved", before=NOON + day) == set()
    assert numbers(world, days="resolved", since=NOON + day) == {3}
    page = signed_in(world.agent).get(LIST, {"days": "answered", "status": "all"})
    assert {ticket.ticket_number for ticket in page.context["page"].rows} == {2, 3}
    odd = signed_in(world.agent).get(LIST, {"days": "x", "status": "all"})
    assert set(odd.context["form"].errors) == {"days"}
    assert len(odd.context["page"].rows) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pao QUEIM", {1}),
        ("#3", {3}),
        ("3", {3}),
        ("conceicao", {1}),
        ("11 98765-4321", {1}),
        ("nada", set()),
        ("' | !!", set()),
    ],
)
def test_a_search_knows_words_numbers_clients_and_phones(world, shelf, text, found):
    assert numbers(world, text=text) == found


def test_tabs_count_what_the_other_filters_leave(world, shelf, signed_in):
    counts = selector.count_by_tab(
        world.workspace, filters=TicketFilter(status="closed", priority="normal")
    )

    assert counts == {
        "live": 1,
        "open": 1,
        "waiting": 0,
        "resolved": 1,
        "closed": 1,
        "all": 3,
    }


def test_a_page_costs_the_same_however_many_rows(
    world, signed_in, django_assert_num_queries
):
    client = make.client(world.workspace)
    for number in range(1, 9):
        make.ticket(world.workspace, number=number, client=client, assignee=world.agent)

    with django_assert_num_queries(2):  # what is looked for, and its rows
        selector.list_tickets(
            world.workspace, filters=TicketFilter(text="chamado"), size=5
        )


def test_impossible_filters_are_told_and_left_out(world, shelf, signed_in):
    page = signed_in(world.agent).get(
        LIST, {"assignee": "99999", "since": "2026-13-01", "status": "gone"}
    )

    assert page.status_code == 200
    assert page.content.decode().count("field__errors") == 2
    assert "Pão queimado" in page.content.decode()


def test_a_filter_is_kept_under_a_name(world, signed_in):
    client = signed_in(world.agent)
    told = {
        "act": "save",
        "name": "Minhas",
        "query": "assignee=me&status=waiting&x=1",
    }

    answer = client.post(f"{LIST}filters/", told)

    assert answer.headers["Location"] == f"{LIST}?assignee=me&status=waiting"
    assert "Minhas" in client.get(LIST).content.decode()


def test_the_export_holds_the_filtered_rows_and_no_formula(world, shelf, signed_in):
    make.ticket(world.workspace, number=5, title="=1+1")

    answer = signed_in(world.agent).get(f"{LIST}export.csv", {"status": "live"})
    lines = b"".join(answer.streaming_content).decode().splitlines()

    assert len(lines) == 4
    assert "'=1+1" in lines[1]
    assert lines[0].startswith("\ufeffNúmero;Título")


# --- a selection ----------------------------------------------------------------
def bulk(client, *tickets, **told):
    keys = [str(ticket.key) for ticket in tickets]
    return client.post(f"{LIST}bulk/", {"ticket": keys, **told}, follow=True)


def test_a_selection_is_asked_about_then_changed_with_a_history(world, signed_in):
    client = signed_in(world.agent)
    one, other = (make.ticket(world.workspace, number=n) for n in (1, 2))
    make.ticket(world.workspace, number=3)

    asked = bulk(client, one, other, status="resolved").content.decode()
    assert "Mudar 2 chamados?" in asked
    assert not TicketEvent.objects.for_workspace(world.workspace).exists()

    told = bulk(client, one, other, status="resolved", step="do").content.decode()
    assert "2 chamados mudados." in told
    rows = Ticket.objects.for_workspace(world.workspace)
    assert set(rows.values_list("ticket_number", "status")) == {
        (1, "resolved"),
        (2, "resolved"),
        (3, "open"),
    }
    again = bulk(client, one, other, status="resolved", step="do").content.decode()
    assert "2 já estavam assim." in again


def test_what_a_selection_may_not_do_is_refused_and_told(world, signed_in):
    client = signed_in(world.agent)
    ticket = make.ticket(world.workspace)
    viewer = people.user(email="viewer@example.com")
    people.membership(world.workspace, viewer, role="viewer")

    told = bulk(client, ticket, assignee=str(viewer.pk), step="do").content.decode()

    assert "Esta mudança não é possível" in told
    assert "Escolha ao menos um chamado" in bulk(client, status="open").content.decode()


def test_another_workspaces_tickets_are_no_selection(world, signed_in):
    ticket = make.ticket(world.workspace)
    client = signed_in(world.outsider)

    client.post(
        "/w/oficina/tickets/bulk/",
        {"ticket": str(ticket.key), "status": "closed", "step": "do"},
    )

    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_each_row_leads_to_its_ticket_and_its_client_and_knows_the_way_back(
    world, shelf, signed_in
):
    page = signed_in(world.agent).get(LIST, {"status": "open", "q": "pao"})

    ticket = Ticket.objects.for_workspace(world.workspace).get(ticket_number=1)
    assert ticket.client is not None
    text = page.content.decode()
    where = {"workspace_slug": "padaria"}
    address = reverse("tickets:ticket-detail", kwargs={**where, "key": ticket.key})
    assert f'href="{address}?from=status%3Dopen%26q%3Dpao"' in text
    key = shelf["client"].key
    address = reverse("tickets:client-detail", kwargs={**where, "key": key})
    assert f'href="{address}"' in text
