"""The ticket list."""

import pytest

from tests.factories import tickets as make
from tickets.selectors import tickets as selector


def test_list_without_tickets_says_what_will_be_here(world, signed_in):
    page = signed_in(world.agent).get("/w/padaria/tickets/").content.decode()

    assert "Nenhum chamado ainda" in page


def test_list_shows_tickets_newest_first_in_pages(world, django_assert_num_queries):
    client = make.client(world.workspace, name="Ana")
    for number in range(1, 6):
        make.ticket(world.workspace, number=number, client=client)

    with django_assert_num_queries(1):
        first = selector.list_tickets(world.workspace, size=3)
        names = [ticket.client and ticket.client.name for ticket in first.rows]
    make.ticket(world.workspace, number=6)  # the next page begins where it did
    second = selector.list_tickets(world.workspace, before=first.older or "", size=3)

    assert names == ["Ana"] * 3
    assert [ticket.ticket_number for ticket in first.rows] == [5, 4, 3]
    assert [ticket.ticket_number for ticket in second.rows] == [2, 1]
    assert second.older is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²", "1.5"])
def test_a_position_that_is_none_gives_a_page_all_the_same(world, signed_in, before):
    make.ticket(world.workspace, title="<b>um</b>")

    page = signed_in(world.agent).get("/w/padaria/tickets/", {"before": before})

    assert page.status_code == 200
    assert "<b>um" not in page.content.decode()


def test_another_workspaces_tickets_are_not_listed(world, signed_in):
    make.ticket(world.workspace, number=7, title="Segredo")

    page = signed_in(world.outsider).get("/w/oficina/tickets/").content.decode()

    assert "Segredo" not in page
