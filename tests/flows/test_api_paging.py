"""Lists of the API while rows come and change: none is left out, none comes twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import limits
from tests import walls
from tests.conftest import World
from tests.factories import tickets as make
from tests.factories import whatsapp as rows
from tests.flows.api_house import ApiHouse
from tickets.models import Client, Ticket

SINCE = quote("2020-01-01T00:00:00+00:00")


@pytest.fixture
def house(world: World) -> Any:
    cache.clear()
    limits.forget_this_process()
    yield ApiHouse(world)
    limits.forget_this_process()


class List:
    """A list that grows: `add` makes a row as if it came now."""

    def __init__(self, house: ApiHouse) -> None:
        self.house = house
        self.count = 100

    def clients(self) -> None:
        make.client(self.house.world.workspace, oauth_id=self._next())

    def tickets(self) -> None:
        self._next()
        now = timezone.now()
        make.ticket(
            self.house.world.workspace,
            number=self.count,
            client=self.house.furniture.client,
            created_at=now,
            updated_at=now,
        )

    def leads(self) -> None:
        lead = rows.lead(self.house.world.workspace, created_at=timezone.now())
        rows.identity(lead, value=self._next())

    def conversations(self) -> None:
        lead = rows.lead(self.house.world.workspace)
        state = "open" if self.count % 2 else "closed"
        now = timezone.now()
        self._next()
        rows.conversation(
            lead, self.house.furniture.channel, state=state, last_message_at=now
        )

    def messages(self) -> None:
        rows.send(
            self.house.furniture.channel,
            text=self._next(),
            thread=self.house.furniture.conversation,
            at=timezone.now(),
            state="due",
        )

    def said(self) -> None:
        rows.message(
            self.house.furniture.conversation,
            text=self._next(),
            # As providers' clocks are: many in one second.
            provider_at=timezone.now().replace(microsecond=0),
            external_id=f"said {self.count}",
        )

    def comments(self) -> None:
        make.entry(self.house.furniture.ticket, kind="commented", text=self._next())

    def _next(self) -> str:
        self.count += 1
        return f"row {self.count}"


LISTS = {
    "clients": "/api/clients?",
    "clients changed": f"/api/clients?updated_since={SINCE}&",
    "tickets": "/api/tickets?",
    "tickets changed": f"/api/tickets?updated_since={SINCE}&",
    "leads": "/api/leads?",
    "conversations": "/api/conversations?",
    "conversations active": f"/api/conversations?active_since={SINCE}&",
    "messages": "/api/messages?",
    "said": "/api/conversations/{key}/messages?",
    "comments": "/api/tickets/1/comments?",
}


def _address(house: ApiHouse, name: str) -> str:
    return LISTS[name].format(key=house.furniture.conversation.key)


def _walk(
    house: ApiHouse, address: str, *, meanwhile: Callable[[], None] = lambda: None
) -> list[str]:
    """The ids of all pages; `meanwhile` happens between them, while there are ten."""
    seen: list[str] = []
    pages = 0
    while address and pages < 40:
        response = house.ask("GET", address)
        assert response.status_code == 200, response.content
        told = response.json()
        seen += [one["id"] for one in told["data"]]
        assert (told["next"] is None) == (told["next_cursor"] is None)
        address = told["next"]
        if address:
            assert response.headers["Link"] == f'<{address}>; rel="next"'
        pages += 1
        if pages < 10:
            meanwhile()
    return seen


@pytest.mark.parametrize("name", LISTS)
def test_rows_that_come_meanwhile_move_nothing(house: ApiHouse, name: str) -> None:
    word, _, _ = name.partition(" ")
    add = getattr(List(house), word)
    for _ in range(12):
        add()
    address = _address(house, name)
    before = set(_walk(house, f"{address}limit=100"))
    assert len(before) > 12

    seen = _walk(house, f"{address}limit=3", meanwhile=add)

    assert len(seen) == len(set(seen))
    assert before <= set(seen)


@pytest.mark.parametrize("name", ["clients", "tickets"])
def test_what_changes_meanwhile_comes_again_at_the_end(
    house: ApiHouse, name: str
) -> None:
    lists = List(house)
    for _ in range(9):
        getattr(lists, name)()
    model: Any = {"clients": Client, "tickets": Ticket}[name]
    mine = model.objects.for_workspace(house.world.workspace)
    keys = {str(key) for key in mine.values_list("key", flat=True)}
    touched: list[str] = []

    def touch() -> None:
        """The one that would have been on the next page."""
        row = mine.exclude(key__in=touched).order_by("-updated_at", "-pk")[0]
        touched.append(str(row.key))
        mine.filter(pk=row.pk).update(updated_at=timezone.now())

    seen = _walk(
        house, f"{_address(house, name)}updated_since={SINCE}&limit=2", meanwhile=touch
    )

    assert keys == set(seen)


@pytest.mark.parametrize("name", LISTS)
def test_a_page_costs_the_same_however_much_is_on_it(
    house: ApiHouse, name: str
) -> None:
    word, _, _ = name.partition(" ")
    add = getattr(List(house), word)
    for _ in range(30):
        add()
    address = _address(house, name)
    house.ask("GET", f"{address}limit=2")  # what is remembered is remembered

    counts = []
    for limit in (2, 30):
        with walls.asked() as said:
            told = house.ask("GET", f"{address}limit={limit}").json()
        assert len(told["data"]) == limit
        counts.append(len(said))

    assert counts[0] == counts[1], counts


def test_a_cursor_is_of_one_list_one_filter_and_one_workspace(house: ApiHouse) -> None:
    lists = List(house)
    for _ in range(5):
        lists.clients()
        lists.tickets()
    cursor = house.ask("GET", "/api/clients?limit=2").json()["next_cursor"]

    def status(address: str, token: str = "") -> int:
        return int(house.ask("GET", address, token=token).status_code)

    assert status(f"/api/clients?cursor={cursor}") == 200
    assert status(f"/api/clients?limit=5&cursor={cursor}") == 200
    assert status(f"/api/w/padaria/clients?cursor={cursor}") == 200
    assert status(f"/api/clients?q=row&cursor={cursor}") == 422
    assert status(f"/api/tickets?cursor={cursor}") == 422
    flipped = ("B" if cursor[0] != "B" else "C") + cursor[1:]
    assert status(f"/api/clients?cursor={flipped}") == 422
    house.world.workspace = house.world.other_workspace
    house.world.owner = house.world.outsider
    other = house.make_token("Theirs", *_all_scopes())
    assert status(f"/api/clients?cursor={cursor}", other) == 422


def test_a_cursor_shows_no_number_of_a_row(house: ApiHouse) -> None:
    lists = List(house)
    for _ in range(3):
        lists.clients()

    first, second = (
        house.ask("GET", "/api/clients?limit=2").json()["next_cursor"] for _ in range(2)
    )

    assert first == second
    assert len(first) > 40


def _all_scopes() -> Any:
    from accounts.permissions import Scope

    return list(Scope)


def test_the_moment_of_a_page_may_be_written_with_a_plus(house: ApiHouse) -> None:
    now = (timezone.now() - timedelta(days=1)).isoformat()

    assert house.ask("GET", f"/api/clients?updated_since={now}").status_code == 200
