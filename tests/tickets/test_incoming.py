"""Another system tells of tickets: who is believed, and what becomes of it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from accounts import limits
from accounts.models import AuditEvent
from integrations import signing
from tests.factories import accounts as people
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tickets.models import (
    Client,
    IncomingEvent,
    IncomingSource,
    Notification,
    Ticket,
    TicketEvent,
)
from tickets.services import event_sources, tickets
from tickets.services.tickets import By

PLAIN = "/webhooks/ticket-events"
DATA = {"ticket_id": "T-1", "title": "Pacote amassado"}


@pytest.fixture(autouse=True)
def _no_limits_of_before():
    limits.forget_this_process()


class System:
    """Another system, which signs as it is told."""

    def __init__(self, workspace, name="Help desk"):
        made = event_sources.add(workspace, name=name, actor=None, now=timezone.now())
        self.source, self.secret = made.source, made.secret
        self.browser = Browser()

    @property
    def address(self):
        return f"{PLAIN}/{self.source.key}/"

    def post(self, body, headers=None, *, address=None):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = headers if headers is not None else self.plain(raw)
        return self.browser.post(
            address or self.address,
            raw,
            content_type="application/json",
            headers=signed,
        )

    def plain(self, raw):
        return {"X-Signature": signing.sign_plain(self.secret, raw)}

    def standard(self, raw, *, event_id="evt-1", at=None):
        at = int(time.time()) if at is None else at
        signature = signing.sign(self.secret, event_id=event_id, at=at, body=raw)
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature,
        }

    def tell(self, kind="ticket.created", *, event_id="evt-1", at=None, **data):
        told = {"id": event_id, "type": kind, "data": DATA | data}
        if at is not None:
            told["timestamp"] = at
        return self.post(told)


@pytest.fixture
def system(world):
    return System(world.workspace)


def the_ticket(world):
    return Ticket.objects.for_workspace(world.workspace).get()


def entries(world):
    rows = TicketEvent.objects.for_workspace(world.workspace).order_by("pk")
    return [str(kind) for kind in rows.values_list("kind", flat=True)]


def log(world):
    rows = IncomingEvent.objects.for_workspace(world.workspace).order_by("pk")
    return list(rows.values_list("verdict", "reason", "field"))


# --- who is believed ----------------------------------------------------------------
def test_a_plain_signature_opens_a_ticket(world, system):
    answer = system.tell(priority="high", description="Caixa aberta")

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "ticket_number": 1}
    ticket = the_ticket(world)
    assert (ticket.title, ticket.priority) == ("Pacote amassado", "high")
    assert (ticket.external_id, ticket.description) == ("T-1", "Caixa aberta")
    assert entries(world) == ["created"]
    source = IncomingSource.objects.for_workspace(world.workspace).get()
    assert source.last_received_at is not None


def test_standard_webhooks_name_the_event_by_their_header(world, system):
    raw = json.dumps({"type": "ticket.created", "data": DATA}).encode()

    answer = system.post(raw, system.standard(raw, event_id="msg_77"))

    assert answer.json()["success"] is True
    told = IncomingEvent.objects.for_workspace(world.workspace).get()
    assert told.event_id == "msg_77"


@pytest.mark.parametrize("address", [PLAIN, f"{PLAIN}/"])
def test_the_plain_address_knows_the_only_source(world, system, address):
    raw = json.dumps({"id": "e", "type": "ticket.created", "data": DATA}).encode()

    assert system.post(raw, address=address).status_code == 200


def test_with_several_sources_the_plain_address_wants_a_name(world, system):
    other = System(world.other_workspace)
    raw = json.dumps({"id": "e", "type": "ticket.created", "data": DATA}).encode()

    unnamed = other.post(raw, address=PLAIN)
    named = {"X-Recado-Source": str(other.source.key), **other.plain(raw)}

    assert unnamed.status_code == 400
    assert "X-Recado-Source" in unnamed.json()["detail"]
    assert other.post(raw, named, address=PLAIN).status_code == 200
    assert Ticket.objects.for_workspace(world.other_workspace).count() == 1
    assert not Ticket.objects.for_workspace(world.workspace).exists()


def test_a_wrong_signature_is_refused_in_these_words(world, system):
    raw = json.dumps({"id": "e", "type": "ticket.created", "data": DATA}).encode()
    stranger = {"X-Signature": signing.sign_plain(signing.new_secret(), raw)}

    for headers in (stranger, {}, {"X-Signature": "sha256=0"}):
        answer = system.post(raw, headers)
        assert answer.status_code == 403
        assert answer.json() == {"error": "Invalid signature"}
    source = IncomingSource.objects.for_workspace(world.workspace).get()
    assert (source.refused, source.last_refusal) == (3, "wrong")
    assert not IncomingEvent.objects.for_workspace(world.workspace).exists()
    assert not Ticket.objects.for_workspace(world.workspace).exists()


def test_where_nobody_tells_no_signature_is_right(db):
    answer = Browser().post(PLAIN, b"{}", content_type="application/json")

    assert answer.status_code == 403
    assert answer.json() == {"error": "Invalid signature"}


@pytest.mark.parametrize(
    "key", ["nope", "0" * 32, "00000000-0000-4000-8000-000000000000"]
)
def test_a_source_that_is_not_there_is_unknown(world, system, key):
    answer = system.post({"id": "e"}, address=f"{PLAIN}/{key}/")

    assert answer.status_code == 404
    assert answer.json() == {"error": "Unknown source"}


@pytest.mark.parametrize(("ahead", "word"), [(-400, "old"), (400, "future")])
def test_a_moment_too_far_away_changes_nothing(world, system, ahead, word):
    raw = json.dumps({"type": "ticket.created", "data": DATA}).encode()

    answer = system.post(raw, system.standard(raw, at=int(time.time()) + ahead))

    assert answer.status_code == 403
    assert word in answer.json()["error"]
    assert not Ticket.objects.for_workspace(world.workspace).exists()
    assert not IncomingEvent.objects.for_workspace(world.workspace).exists()


def test_a_secret_of_another_workspace_proves_nothing(world, system):
    other = System(world.other_workspace)
    raw = json.dumps({"id": "e", "type": "ticket.created", "data": DATA}).encode()

    assert system.post(raw, other.plain(raw)).status_code == 403


def test_while_secrets_change_both_count_and_then_one(world, system):
    old, raw = system.secret, b'{"id":"e","type":"x.y"}'
    system.secret = event_sources.rotate(
        system.source,
        overlap=timedelta(hours=1),
        actor=world.owner,
        now=timezone.now(),
    )
    before = {"X-Signature": signing.sign_plain(old, raw)}

    assert system.post(raw, before).status_code == 200
    assert system.post(raw).status_code == 200
    event_sources.rotate(
        system.source, overlap=timedelta(), actor=world.owner, now=timezone.now()
    )
    assert system.post(raw, before).status_code == 403
    assert system.post(raw).status_code == 403


# --- bad input ----------------------------------------------------------------------
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


def test_strangers_are_slowed_down_and_the_system_is_not(world, system, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"ticket_event_refused": (2, 60)}
    raw = b'{"id":"e","type":"x.y"}'
    statuses = [system.post(raw, {"X-Signature": "x"}).status_code for _ in range(4)]

    assert statuses == [403, 403, 429, 429]
    elsewhere = system.browser.post(
        system.address,
        raw,
        content_type="application/json",
        headers=system.plain(raw),
        REMOTE_ADDR="203.0.113.9",
    )
    assert elsewhere.status_code == 200


def test_a_system_that_tells_too_much_is_asked_to_wait(world, system, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"ticket_event": (1, 60)}
    raw = b'{"id":"e","type":"x.y"}'

    assert system.post(raw).status_code == 200
    answer = system.post(raw)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


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
