"""`/api/notifications/send`: a ticket of another system, told here by the rules."""

from typing import Any

import pytest

from tests.factories import tickets as make
from tests.tickets.api_desk import Desk, refused
from tickets.models import Notification, Ticket, TicketEvent

URL = "/api/notifications/send"


def body(kind: str = "ticket_updated", **data: Any) -> dict[str, Any]:
    told = {"ticket_number": "OS-9", "title": "Forno"} | data
    return {"client_id": "7", "notification_type": kind, "data": told}


@pytest.fixture
def ana(desk: Desk) -> Desk:
    """A client who wrote an hour ago."""
    desk.person()
    told = {"oauth_id": "7", "name": "Ana", "phone": "+55 11 98765-4321"}
    assert desk.post("/api/clients", told, key="ana").status_code == 201
    return desk


def told(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 202, response.content
    return [(one["event"], one["path"]) for one in response.json()["notifications"]]


def test_a_ticket_of_another_system_is_opened_and_told(ana: Desk) -> None:
    make.rule(ana.world.workspace, event="created")

    response = ana.post(URL, body("ticket_created", url="https://os.example/9"))

    assert told(response) == [("created", "free_text")]
    answer = response.json()
    [entry] = ana.entries
    [one] = answer["notifications"]
    assert one["message"] == str(entry.key)
    assert (one["client"], one["reason"]) == ("7", None)
    ticket = Ticket.objects.for_workspace(ana.world.workspace).get()
    assert (ticket.external_id, ticket.external_url) == ("OS-9", "https://os.example/9")
    assert answer["ticket"]["number"] == ticket.ticket_number
    assert ana.post(
        URL, body("ticket_created", url="https://os.example/9")
    ).content == (response.content)
    assert Notification.objects.for_workspace(ana.world.workspace).count() == 1


def test_the_ticket_is_brought_to_where_it_stands_there(ana: Desk) -> None:
    make.rule(ana.world.workspace, event="resolved")
    ana.post(URL, body("ticket_created"))

    response = ana.post(URL, body("ticket_resolved", priority="high"), key="k2")

    assert told(response) == [("resolved", "free_text")]
    ticket = response.json()["ticket"]
    assert (ticket["status"], ticket["priority"]) == ("resolved", "high")
    assert [one["kind"] for one in response.json()["events"]] == ["resolved"]


def test_who_hears_of_a_ticket_when_it_is_resolved_is_told_that_alone(
    ana: Desk,
) -> None:
    make.rule(ana.world.workspace, event="created")
    make.rule(ana.world.workspace, event="resolved")

    response = ana.post(URL, body("ticket_resolved"))

    assert told(response) == [("resolved", "free_text")]
    answer = response.json()
    assert answer["ticket"]["status"] == "resolved"
    assert [one["kind"] for one in answer["events"]] == ["created", "resolved"]
    ticket = Ticket.objects.for_workspace(ana.world.workspace).get()
    assert ticket.resolved_at == ticket.created_at


def test_what_changes_nothing_here_is_told_all_the_same(ana: Desk) -> None:
    make.rule(ana.world.workspace, event="updated")
    ana.post(URL, body("ticket_created"))

    response = ana.post(URL, body("ticket_updated"), key="k2")

    assert told(response) == [("updated", "free_text")]


def test_a_comment_is_told_as_one(ana: Desk) -> None:
    make.rule(ana.world.workspace, event="commented", text="{comentário}")
    ana.post(URL, body("ticket_created"))

    response = ana.post(URL, body("ticket_commented", comment="Às 15h"), key="k2")

    assert told(response) == [("commented", "free_text")]
    [entry] = ana.entries
    assert entry.message.text == "Às 15h"


def test_our_own_number_of_a_ticket_of_this_client(ana: Desk) -> None:
    make.rule(ana.world.workspace, event="closed")
    made = ana.post("/api/tickets", {"title": "Forno", "client": "7"}).json()

    response = ana.post(
        URL, body("ticket_closed", ticket_number=made["number"]), key="n"
    )

    assert response.json()["ticket"]["id"] == made["id"]
    assert told(response) == [("closed", "free_text")]


def test_the_number_of_somebody_elses_ticket_is_another_ticket(ana: Desk) -> None:
    theirs = ana.post("/api/tickets", {"title": "De outro"}).json()

    response = ana.post(URL, body(ticket_number=theirs["number"]), key="n")

    assert response.json()["ticket"]["id"] != theirs["id"]
    assert response.json()["ticket"]["external_id"] == str(theirs["number"])


def test_who_cannot_be_told_is_in_the_answer_with_the_reason(desk: Desk) -> None:
    make.rule(desk.world.workspace, event="created")
    desk.post("/api/clients", {"oauth_id": "7", "name": "Ana"}, key="ana")

    response = desk.post(URL, body("ticket_created"))

    assert told(response) == [("created", "nobody")]
    [one] = response.json()["notifications"]
    assert (one["reason"], one["message"]) == ("no_phone", None)
    assert one["detail"] == "No phone number is known of this client."


def test_without_a_rule_nobody_is_told(ana: Desk) -> None:
    response = ana.post(URL, body("ticket_created"))

    assert told(response) == []
    assert not ana.entries.exists()


def test_an_unknown_client_is_a_404_with_the_id(desk: Desk) -> None:
    make.client(desk.world.other_workspace, oauth_id="7")

    assert refused(desk.post(URL, body()), 404, "unknown_client")["oauth_id"] == "7"
    assert not TicketEvent.objects.for_workspace(desk.world.workspace).exists()


@pytest.mark.parametrize(
    ("changed", "error", "field"),
    [
        ({"notification_type": "ticket_eaten"}, "invalid", "notification_type"),
        ({"data": {}}, "missing", "data.ticket_number"),
        ({"data": {"ticket_number": True}}, "invalid", "data.ticket_number"),
        ({"data": {"ticket_number": 10**30}}, "invalid", "data.ticket_number"),
        ({"data": {"ticket_number": 9}}, "missing", "data.title"),
        ({"data": {"ticket_number": 9, "status": "x"}}, "invalid", "data.status"),
        ({"data": {"ticket_number": 9, "x": "x"}}, "unknown_field", "data.x"),
        ({"data": []}, "invalid", "data"),
    ],
)
def test_what_cannot_be_told(ana: Desk, changed, error, field) -> None:
    refused(ana.post(URL, body() | changed), 422, error, field)

    assert not TicketEvent.objects.for_workspace(ana.world.workspace).exists()
