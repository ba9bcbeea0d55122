"""`/api/tickets` from outside: opened once, changed with a version, commented on."""

import json
from typing import Any

import pytest
from django.test import Client as HttpClient

from accounts.models import ApiReceipt, AuditEvent
from tests.factories import tickets as make
from tests.threads import together
from tests.tickets.api_desk import Desk, refused
from tickets.models import Ticket, TicketEvent

URL = "/api/tickets"
NOBODYS = "00000000-0000-4000-8000-000000000000"


def tickets(desk: Desk) -> Any:
    return Ticket.objects.for_workspace(desk.world.workspace)


def opened(desk: Desk, key: str = "t1", **told: Any) -> Any:
    response = desk.post(URL, {"title": "Forno não esquenta"} | told, key=key)
    assert response.status_code == 201, response.content
    return response.json()


# --- opening ----------------------------------------------------------------------
def test_a_ticket_is_opened_with_all_that_belongs_to_it(desk: Desk) -> None:
    client = make.client(desk.world.workspace, name="Ana", oauth_id="7")
    talk = desk.person()

    response = desk.post(
        URL,
        {
            "title": "Forno não esquenta",
            "description": "Desde ontem.",
            "priority": "high",
            "client": "7",
            "assignee": "AGENT@example.com",
            "conversation": str(talk.key),
            "external_id": "OS-9",
            "external_url": "https://os.example/9",
        },
    )

    assert response.status_code == 201, response.content
    told = response.json()
    assert response["Location"] == f"{URL}/1"
    assert told["number"] == 1
    assert told["client"] == {"id": str(client.key), "oauth_id": "7", "name": "Ana"}
    assert told["assignee"]["email"] == "agent@example.com"
    assert told["conversation"] == str(talk.key)
    assert told["url"].endswith(f"/w/padaria/tickets/{told['id']}/")
    assert desk.get(f"{URL}/1").json() == told
    [event] = TicketEvent.objects.for_workspace(desk.world.workspace)
    assert (event.kind, event.source, event.actor) == ("created", "system", None)
    [noted] = AuditEvent.objects.for_workspace(desk.world.workspace).filter(
        action="ticket.opened"
    )
    assert noted.actor_label == "token CRM"


def test_one_external_id_is_one_ticket(desk: Desk) -> None:
    first = opened(desk, external_id="OS-9")

    again = desk.post(URL, {"title": "Outra", "external_id": "OS-9"}, key="other")

    assert (again.status_code, again.json()) == (200, first)
    assert tickets(desk).count() == 1


@pytest.mark.parametrize(
    ("told", "error", "field"),
    [
        ({"title": " "}, "missing", "title"),
        ({"title": "x" * 201}, "too_long", "title"),
        ({"priority": "now"}, "invalid", "priority"),
        ({"status": "closed"}, "unknown_field", "status"),
        ({"client": "nobody"}, "unknown_client", "client"),
        ({"assignee": "nobody@example.com"}, "unknown_member", "assignee"),
        ({"assignee": "outsider@example.com"}, "unknown_member", "assignee"),
        ({"assignee": "a\u0261ent@example.com"}, "invalid", "assignee"),
        ({"conversation": NOBODYS}, "unknown_conversation", "conversation"),
        ({"conversation": "7"}, "invalid", "conversation"),
        ({"external_url": "javascript:alert(1)"}, "invalid", "external_url"),
    ],
)
def test_what_cannot_be_opens_nothing(desk: Desk, told, error, field) -> None:
    refused(desk.post(URL, {"title": "Forno"} | told), 422, error, field)

    assert not tickets(desk).exists()
    assert not ApiReceipt.objects.for_workspace(desk.world.workspace).exists()


def test_ids_of_another_workspace_are_unknown(desk: Desk) -> None:
    theirs = make.client(desk.world.other_workspace, oauth_id="theirs")
    make.ticket(desk.world.other_workspace, number=7)

    for told in ("theirs", str(theirs.key)):
        body = {"title": "x", "client": told}
        refused(desk.post(URL, body), 422, "unknown_client", "client")
    told = refused(desk.get(f"{URL}/7"), 404, "unknown_ticket")
    assert told["ticket_number"] == "7"
    refused(desk.ask("PATCH", f"{URL}/7", {"title": "x"}), 404, "unknown_ticket")


# --- changing ---------------------------------------------------------------------
def test_a_change_is_one_entry_of_the_history(desk: Desk) -> None:
    opened(desk)

    told = desk.ask("PATCH", f"{URL}/1", {"status": "resolved", "version": 1}).json()

    assert (told["status"], told["version"]) == ("resolved", 2)
    assert told["resolved_at"]
    events = TicketEvent.objects.for_workspace(desk.world.workspace).order_by("pk")
    assert [one.kind for one in events] == ["created", "resolved"]
    assert desk.ask("PATCH", f"{URL}/1", {"status": "resolved"}).json() == told
    assert events.count() == 2


def test_somebody_who_was_faster_is_told(desk: Desk) -> None:
    opened(desk)
    desk.ask("PATCH", f"{URL}/1", {"priority": "urgent"})

    body = {"status": "closed", "version": 1}
    told = refused(
        desk.ask("PATCH", f"{URL}/1", body), 409, "changed_meanwhile", "version"
    )

    assert "2" in told["detail"]
    assert tickets(desk).get().status == "open"


def test_client_and_assignee_come_and_go(desk: Desk) -> None:
    make.client(desk.world.workspace, name="Ana", oauth_id="7")
    opened(desk)
    body = {"client": "7", "assignee": "agent@example.com"}

    told = desk.ask("PATCH", f"{URL}/1", body).json()
    assert (told["client"]["name"], told["assignee"]["name"]) == ("Ana", "")

    told = desk.ask("PATCH", f"{URL}/1", {"client": None, "assignee": None}).json()
    assert (told["client"], told["assignee"]) == (None, None)
    refused(
        desk.ask("PATCH", f"{URL}/1", {"client": "8"}), 422, "unknown_client", "client"
    )


# --- comments ---------------------------------------------------------------------
def test_comments_are_read_in_their_order(desk: Desk) -> None:
    opened(desk)

    first = desk.post(f"{URL}/1/comments", {"text": "Às 15h", "is_public": True})
    desk.post(f"{URL}/1/comments", {"text": "Só para nós"}, key="k2")

    assert first.status_code == 201
    told = desk.get(f"{URL}/1/comments").json()["data"]
    assert [(one["text"], one["is_public"]) for one in told] == [
        ("Às 15h", True),
        ("Só para nós", False),
    ]
    assert told[0] == first.json()
    assert desk.get(f"{URL}/1").json()["first_response_at"]
    assert desk.post(f"{URL}/1/comments", {"text": "x"}, key="k2").status_code == 409


def test_what_the_client_said_wakes_the_ticket(desk: Desk) -> None:
    opened(desk)
    desk.ask("PATCH", f"{URL}/1", {"status": "resolved"})

    body = {"text": "Voltou a falhar", "by_client": True}
    told = desk.post(f"{URL}/1/comments", body).json()

    assert (told["kind"], told["is_public"]) == ("replied", True)
    assert tickets(desk).get().status == "open"


# --- the list ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [3, 2, 1]),
        ({"status": "live"}, [3, 1]),
        ({"status": "closed"}, [2]),
        ({"priority": "urgent"}, [3]),
        ({"client": "7"}, [1]),
        ({"client": "nobody"}, []),
        ({"phone": "11 98765-4321"}, [1]),
        ({"assignee": "agent@example.com"}, [3]),
        ({"assignee": "nobody@example.com"}, []),
        ({"external_id": "OS-9"}, [2]),
        ({"q": "esteira"}, [2]),
        ({"q": "3"}, [3]),
        ({"updated_since": "2020-01-01T00:00:00Z"}, [1, 3, 2]),
        ({"created_before": "2020-01-01T00:00:00Z"}, []),
        ({"limit": "2"}, [3, 2]),
    ],
)
def test_the_list_and_its_filters(desk: Desk, query, numbers) -> None:
    desk.post("/api/clients", {"oauth_id": "7", "name": "Ana", "phone": "11987654321"})
    opened(desk, "t1", client="7")
    opened(desk, "t2", title="Esteira", external_id="OS-9")
    opened(desk, "t3", priority="urgent", assignee="agent@example.com")
    desk.ask("PATCH", f"{URL}/2", {"status": "closed"})

    told = desk.get(URL, **query).json()

    assert [one["number"] for one in told["data"]] == numbers


# --- at once ----------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_twenty_of_one_key_at_once_are_one_ticket(world) -> None:
    desk = Desk(world)
    headers = {"Authorization": f"Bearer {desk.token}", "Idempotency-Key": "same"}

    def ask() -> tuple[int, bytes]:
        response = HttpClient().post(
            URL,
            json.dumps({"title": "Forno"}),
            content_type="application/json",
            headers=headers,
        )
        return response.status_code, response.content

    told = together(*[ask] * 20)

    assert len(set(told)) == 1
    assert told[0][0] == 201
    assert tickets(desk).count() == 1
    assert TicketEvent.objects.for_workspace(world.workspace).count() == 1
