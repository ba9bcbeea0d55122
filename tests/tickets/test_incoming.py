"""Another system tells of tickets: what becomes of its events."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import limits
from accounts.models import AuditEvent
from tests.factories import tickets as make
from tests.tickets.other_system import System, entries, log, the_ticket
from tickets.models import Notification, TicketEvent
from tickets.services import tickets
from tickets.services.tickets import By


@pytest.fixture(autouse=True)
def _no_limits_of_before():
    limits.forget_this_process()


@pytest.fixture
def system(world):
    return System(world.workspace)


# --- what becomes of it -------------------------------------------------------------
def test_the_whole_life_of_a_ticket(world, system):
    make.client(world.workspace, oauth_id="usr_1")
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("ticket.created", {"client_id": "usr_1", "url": "https://erp.example.com/1"}),
        ("ticket.assigned", {"assignee": "agent@example.com"}),
        ("ticket.commented", {"comment": {"text": "Vamos ver", "public": False}}),
        ("ticket.updated", {"priority": "urgent", "title": "Pacote rasgado"}),
        ("ticket.waiting", {}),
        ("ticket.commented", {"comment": {"text": "Foto", "author": "client"}}),
        ("ticket.resolved", {"comment": {"text": "Trocado"}}),
        ("ticket.closed", {}),
        ("ticket.reopened", {}),
        ("ticket.assigned", {"assignee": None}),
    )
    for place, (kind, data) in enumerate(steps):
        told = {"ticket_id": "T-1"} | ({"title": "Pacote"} if not place else {}) | data
        answer = system.post({"id": f"e{place}", "type": kind, "data": told})
        assert answer.json() == {"success": True, "ticket_number": 1}, kind

    ticket = the_ticket(world)
    assert (ticket.title, ticket.priority, ticket.status) == (
        "Pacote rasgado",
        "urgent",
        "open",
    )
    assert ticket.assignee is None
    assert entries(world) == [
        *("created", "assigned", "commented", "updated", "waiting", "replied"),
        *("resolved", "commented", "closed", "reopened", "assigned"),
    ]
    comments = TicketEvent.objects.for_workspace(world.workspace)
    public = comments.filter(kind="commented").order_by("pk")
    assert list(public.values_list("is_public", flat=True)) == [False, True]
    assert set(comments.values_list("source", flat=True)) == {"system"}


def test_told_again_it_happens_once(world, system):
    first = system.tell(comment={"text": "Olá"})
    again = system.tell(comment={"text": "Olá"}, title="Outro")

    assert first.json() == {"success": True, "ticket_number": 1}
    assert again.status_code == 200
    assert again.json() == {"success": True, "ticket_number": 1, "repeated": True}
    assert entries(world) == ["created", "commented"]
    assert the_ticket(world).title == "Pacote amassado"


def test_two_sources_may_name_their_events_alike(world, system):
    other = System(world.workspace, name="Shop")

    system.tell()
    answer = other.tell(ticket_id="S-1")

    assert answer.json() == {"success": True, "ticket_number": 2}


def test_a_ticket_of_ours_is_found_by_its_number(world, system):
    tickets.open_ticket(
        world.workspace, title="Nosso", by=By(world.agent), now=timezone.now()
    )

    answer = system.post(
        {"id": "e", "type": "ticket.resolved", "data": {"ticket_number": 1}}
    )

    assert answer.json() == {"success": True, "ticket_number": 1}
    assert the_ticket(world).status == "resolved"


def test_what_comes_late_moves_nothing_back(world, system):
    at = "2026-03-10T12:00:0{}Z".format
    system.tell(at=at(0))
    system.tell("ticket.resolved", event_id="e3", at=at(3))

    late = system.tell("ticket.waiting", event_id="e2", at=at(2), priority="urgent")
    later = system.tell("ticket.waiting", event_id="e1", at=at(1), title="Velho")

    ticket = the_ticket(world)
    assert (ticket.status, ticket.priority) == ("resolved", "urgent")
    assert late.json() == {"success": True, "ticket_number": 1}  # the priority was news
    assert later.json()["result"] == "late"
    # The title of the resolution is the same moment's, so the older one is overtaken.
    assert ticket.title == "Pacote amassado"


def test_an_event_that_overtook_the_first_one_opens_the_ticket(world, system):
    at = "2026-03-10T12:00:0{}Z".format
    system.tell("ticket.resolved", event_id="e2", at=at(2), title="Resolvido já")
    answer = system.tell(event_id="e1", at=at(1), description="O começo")

    ticket = the_ticket(world)
    assert answer.status_code == 200
    assert (ticket.status, ticket.title) == ("resolved", "Resolvido já")
    assert ticket.description == "O começo"
    assert entries(world) == ["created", "resolved", "updated"]


def test_a_ticket_first_heard_of_as_resolved_is_told_as_that_alone(world, system):
    for kind in ("created", "resolved"):
        make.rule(world.workspace, event=kind)

    ana = {"oauth_id": "usr_1", "name": "Ana", "phone": "+5511987654321"}
    assert system.tell("ticket.resolved", client=ana).status_code == 200

    told = Notification.objects.for_workspace(world.workspace)
    assert [one.event for one in told] == ["resolved"]


def test_a_late_comment_is_said_all_the_same(world, system):
    system.tell("ticket.resolved", event_id="e2", at="2026-03-10T12:00:02Z")
    system.tell(
        "ticket.commented",
        event_id="e1",
        at="2026-03-10T12:00:01Z",
        comment={"text": "Antes"},
    )

    assert entries(world) == ["created", "resolved", "commented"]
    assert the_ticket(world).status == "resolved"


def test_a_clock_ahead_of_ours_stops_nobody(world, system):
    system.tell("ticket.created", at="2099-01-01T00:00:00Z")
    answer = system.tell("ticket.resolved", event_id="e2")

    assert answer.json() == {"success": True, "ticket_number": 1}
    assert the_ticket(world).status == "resolved"


def test_nothing_to_change_is_said_so(world, system):
    system.tell()
    answer = system.tell("ticket.updated", event_id="e2")

    assert answer.json()["result"] == "unchanged"
    assert entries(world) == ["created"]


def test_it_stands_in_the_audit_log_without_its_words(world, system):
    system.tell(title="segredo do cliente")

    entry = AuditEvent.objects.for_workspace(world.workspace).order_by("-pk")[0]
    assert (entry.action, entry.actor_label) == ("event.received", "Help desk")
    assert entry.details == {"kind": "ticket.created", "number": 1}


def test_unicode_survives(world, system):
    system.tell(title="Pão 🍞 عربي", comment={"text": "ação\u202e"})

    assert the_ticket(world).title == "Pão 🍞 عربي"


# --- at once ------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_same_event_twenty_times_at_once_has_one_effect(world, system):
    def tell(_):
        try:
            return system.tell(comment={"text": "Olá"}, priority="high").json()
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(tell, range(20)))

    assert all(one["success"] and one["ticket_number"] == 1 for one in answers)
    assert sum("repeated" not in one for one in answers) == 1
    assert entries(world) == ["created", "commented"]
    assert len(log(world)) == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_events_of_one_new_ticket_at_once_open_one(world, system):
    kinds = ["ticket.created", "ticket.updated", "ticket.assigned", "ticket.resolved"]

    def tell(place):
        data = {"assignee": "agent@example.com", "priority": "high"}
        try:
            return system.tell(kinds[place % 4], event_id=f"e{place}", **data)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(tell, range(20)))

    assert {one.status_code for one in answers} == {200}
    ticket = the_ticket(world)
    assert (ticket.status, ticket.priority) == ("resolved", "high")
    assert ticket.assignee == world.agent
