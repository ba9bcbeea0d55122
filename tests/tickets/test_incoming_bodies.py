"""Another system tells of tickets: what an event may hold, and what is said of a wrong one."""

import pytest

from accounts import limits
from tests.factories import accounts as people
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.tickets.other_system import DATA, System, log, the_ticket
from tickets.models import Client, Ticket


@pytest.fixture(autouse=True)
def _no_limits_of_before():
    limits.forget_this_process()


@pytest.fixture
def system(world):
    return System(world.workspace)


def test_other_methods_are_refused(system):
    for method in ("get", "put", "delete", "patch"):
        assert getattr(system.browser, method)(system.address).status_code == 405


def test_a_large_body_is_refused_before_it_is_read(system):
    answer = system.post(b"[" * (256 * 1024 + 1))

    assert answer.status_code == 413
    assert answer.json()["error"] == "The body is too large"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"a":NaN}', b"[" * 9000]
)
def test_what_is_no_object_is_400(world, system, body):
    answer = system.post(body)

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]
    assert log(world) == [("refused", "not_json", "")]


def test_a_packed_body_is_refused(system):
    answer = system.post(b"{}", {"Content-Encoding": "gzip", **system.plain(b"{}")})

    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "id"),
        ({"id": 7}, "id"),
        ({"id": "e" * 161}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"id": "a\0b"}, "id"),
        ({"id": "\ud800"}, "id"),
        ({"type": None}, "type"),
        ({"type": ["ticket.created"]}, "type"),
        ({"type": "t" * 61}, "type"),
        ({"type": "ticket.create"}, "type"),
        ({"data": None}, "data"),
        ({"data": []}, "data"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-03-10T12:00:00"}, "timestamp"),
        ({"timestamp": "1200-03-10T12:00:00Z"}, "timestamp"),
        ({"timestamp": 10**30}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
    ],
)
def test_a_part_of_the_event_that_is_wrong_is_named(world, system, change, field):
    answer = system.post({"id": "e", "type": "ticket.created", "data": DATA} | change)

    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert not Ticket.objects.for_workspace(world.workspace).exists()
    assert [verdict for verdict, *_ in log(world)] == ["refused"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ticket_id": None}, "data.ticket_id"),
        ({"ticket_id": 7}, "data.ticket_id"),
        ({"ticket_id": "x" * 201}, "data.ticket_id"),
        ({"ticket_number": "1"}, "data.ticket_number"),
        ({"ticket_number": True}, "data.ticket_number"),
        ({"ticket_number": 10**12}, "data.ticket_number"),
        ({"title": ""}, "data.title"),
        ({"title": "x" * 201}, "data.title"),
        ({"title": {"a": 1}}, "data.title"),
        ({"title": "a\0b"}, "data.title"),
        ({"status": "done"}, "data.status"),
        ({"priority": 1}, "data.priority"),
        ({"url": "javascript:alert(1)"}, "data.url"),
        ({"url": "https://"}, "data.url"),
        ({"client_id": ["a"]}, "data.client_id"),
        ({"client": "usr_1"}, "data.client"),
        ({"client": {}}, "data.client.oauth_id"),
        ({"client": {"oauth_id": "u", "email": "x"}}, "data.client.email"),
        ({"client": {"oauth_id": "u", "phone": "x"}}, "data.client.phone"),
        ({"assignee": 3}, "data.assignee"),
        ({"comment": "x"}, "data.comment"),
        ({"comment": {"text": " "}}, "data.comment.text"),
        ({"comment": {"text": "x", "public": 1}}, "data.comment.public"),
        ({"comment": {"text": "x", "author": "me"}}, "data.comment.author"),
        (
            {"comment": {"text": "x", "author": "client", "public": False}},
            "data.comment.public",
        ),
    ],
)
def test_a_field_of_the_wrong_shape_is_named(world, system, change, field):
    answer = system.tell(**change)

    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["detail"]
    assert not Ticket.objects.for_workspace(world.workspace).exists()


def test_an_unknown_type_about_tickets_is_a_slip_and_others_are_let_pass(world, system):
    slip = system.tell("ticket.create")
    other = system.post({"id": "e2", "type": "invoice.paid", "data": 7})

    assert slip.status_code == 422
    assert slip.json()["error"] == "Unknown event type"
    assert other.status_code == 200
    assert other.json() == {"success": True, "result": "ignored"}
    assert log(world) == [("refused", "unknown_type", "type"), ("ignored", "", "")]


def test_an_unknown_client_is_named_and_the_event_may_come_again(world, system):
    answer = system.tell(client_id="usr_99")

    assert answer.status_code == 404
    assert answer.json() == {
        "error": "Unknown client",
        "field": "data.client_id",
        "client_id": "usr_99",
    }
    assert not Ticket.objects.for_workspace(world.workspace).exists()
    make.client(world.workspace, oauth_id="usr_99")
    again = system.tell(client_id="usr_99")
    assert again.json() == {"success": True, "ticket_number": 1}
    assert the_ticket(world).client.oauth_id == "usr_99"


def test_a_client_of_another_workspace_is_unknown(world, system):
    make.client(world.other_workspace, oauth_id="usr_99")

    assert system.tell(client_id="usr_99").status_code == 404


def test_a_client_that_comes_with_a_name_is_made_or_brought_up_to_date(world, system):
    told = {"oauth_id": "usr_1", "name": "Ana", "phone": "+55 11 98765-4321"}

    assert system.tell(client=told).status_code == 200
    told = {"oauth_id": "usr_1", "email": "ana@example.com"}
    system.tell("ticket.updated", event_id="e2", client=told)

    client = Client.objects.for_workspace(world.workspace).get()
    assert (client.name, client.phone) == ("Ana", "+5511987654321")
    assert client.email == "ana@example.com"


@pytest.mark.parametrize(
    ("own", "written", "phone"),
    [
        ("+5511900000000", "+5215512345678", "+525512345678"),
        ("+5511900000000", "5215512345678", "+525512345678"),
        ("+5511900000000", "+54 9 11 2345-6789", "+5491123456789"),
        ("+5511900000000", "551187654321", "+5511987654321"),
        ("+525511112222", "55 1234 5678", "+525512345678"),
        ("+541140001111", "011 15 2345-6789", "+5491123456789"),
    ],
)
def test_a_clients_phone_comes_in_any_notation(world, system, own, written, phone):
    numbers.channel(world.workspace, phone=own)

    answer = system.tell(client={"oauth_id": "usr_1", "phone": written})

    assert answer.status_code == 200, answer.json()
    assert Client.objects.for_workspace(world.workspace).get().phone == phone


def test_nobody_is_given_a_ticket_who_may_not_work_on_it(world, system):
    viewer = people.user(email="viewer@example.com")
    people.membership(world.workspace, viewer, role="viewer")

    people.membership(
        world.workspace, people.user(email="kate@example.com"), role="agent"
    )

    lookalike = "\u212aate@example.com"  # with the sign of the kelvin
    for email in ("viewer@example.com", "outsider@example.com", "x", lookalike):
        answer = system.tell(assignee=email)
        assert answer.status_code == 422
        assert answer.json()["assignee"] == email
    assert system.tell(assignee="AGENT@example.com").status_code == 200
    assert the_ticket(world).assignee == world.agent


def test_an_unknown_ticket_is_named(system):
    by_theirs = system.post(
        {"id": "e", "type": "ticket.resolved", "data": {"ticket_id": "T-9"}}
    )
    by_ours = system.post(
        {"id": "e", "type": "ticket.resolved", "data": {"ticket_number": 9}}
    )

    assert (by_theirs.status_code, by_ours.status_code) == (404, 404)
    assert by_theirs.json()["ticket_id"] == "T-9"
    assert by_ours.json()["ticket_number"] == 9
