"""The client's own page of a ticket: who gets in, what they see, and what they may say."""

import time
import uuid
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts import limits
from tests.factories import tickets as make
from tickets.models import Client, EventSource, Ticket, TicketEvent
from tickets.selectors import tickets as selector
from tickets.services import client_links, tickets
from tickets.services.tickets import By, Changes


@pytest.fixture
def ticket(world):
    client = make.client(world.workspace, name="Ana", language="pt-br")
    made = tickets.open_ticket(
        world.workspace,
        title="Pão queimado",
        client=client,
        by=By(world.agent),
        now=timezone.now(),
    )
    return selector.find_ticket(world.workspace, key=made.key)


@pytest.fixture
def address(ticket):
    return urlsplit(client_links.make(ticket)).path


@pytest.fixture
def stranger():
    return Browser()


def said(ticket, **told):
    tickets.comment(ticket, by=By(ticket.assignee), now=timezone.now(), **told)


def test_it_shows_what_is_public_alone(ticket, address, stranger):
    said(ticket, text="segredo da equipe", is_public=False)
    said(ticket, text="Já vai outro", is_public=True)
    change: Changes = {"priority": "urgent", "assignee_id": None, "status": "waiting"}
    tickets.change(ticket, change, by=By(None), now=timezone.now())

    page = stranger.get(address)

    text = page.content.decode()
    assert page.status_code == 200
    assert "Pão queimado" in text
    assert "Já vai outro" in text
    assert "Aguardando" in text
    assert "segredo" not in text
    assert "Urgente" not in text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Cache-Control"] == "no-store"


def test_an_answer_is_entered_once_and_wakes_the_ticket(ticket, address, stranger):
    tickets.change(ticket, {"status": "resolved"}, by=By(None), now=timezone.now())
    told = {"text": "Ainda não chegou", "key": str(uuid.uuid4())}

    answers = [stranger.post(address, told) for _ in range(2)]

    assert {one.headers["Location"] for one in answers} == {f"{address}?sent=1#latest"}
    entries = TicketEvent.objects.for_workspace(ticket.workspace_id)
    entry = entries.get(kind="replied")
    assert (entry.text, entry.source) == ("Ainda não chegou", EventSource.CLIENT)
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert (
        "Sua resposta foi recebida"
        in stranger.get(address, {"sent": "1"}).content.decode()
    )
    assert stranger.post(address, told | {"text": ""}).status_code == 422


def test_a_forged_link_is_nothing_and_touches_no_row(
    ticket, address, stranger, django_assert_num_queries
):
    token = address.split("/")[2]
    for place in (3, len(token) - 3):
        other = "A" if token[place] != "A" else "B"
        forged = f"/t/{token[:place]}{other}{token[place + 1 :]}/"
        limits.forget_this_process()
        with django_assert_num_queries(1):  # the limit's
            page = stranger.get(forged)
        assert page.status_code == 404
    assert stranger.get("/t/x/").status_code == 404


def test_it_ends_by_time_and_says_so(ticket, address, stranger, monkeypatch, settings):
    settings.TICKET_LINK_DAYS = 2
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + timedelta(days=2).total_seconds())

    page = stranger.get(address)
    answer = stranger.post(address, {"text": "oi", "key": str(uuid.uuid4())})

    assert page.status_code == answer.status_code == 410
    assert "Este link venceu" in page.content.decode()
    assert "Padaria" in page.content.decode()
    assert "Pão queimado" not in page.content.decode()
    entries = TicketEvent.objects.for_workspace(ticket.workspace_id)
    assert entries.count() == 1


def test_it_ends_when_withdrawn_and_a_new_one_works(
    world, ticket, address, stranger, signed_in
):
    page = f"/w/padaria/tickets/{ticket.key}/"
    member = signed_in(world.agent)
    asked = member.post(page, {"act": "withdraw"}).content.decode()
    assert stranger.get(address).status_code == 200
    assert 'name="sure"' in asked

    member.post(page, {"act": "withdraw", "sure": "1"})
    made = member.post(page, {"act": "link"}).content.decode()

    assert stranger.get(address).status_code == 410
    fresh = made.split('id="client-link" readonly value="')[1].split('"')[0]
    assert stranger.get(urlsplit(fresh).path).status_code == 200


def test_it_ends_when_the_ticket_becomes_somebody_elses(
    world, ticket, address, stranger
):
    other = make.client(world.workspace, name="Outro")
    tickets.change(ticket, {"client_id": other.pk}, by=By(None), now=timezone.now())

    assert stranger.get(address).status_code == 410


def test_it_speaks_the_clients_language(world, ticket, address, stranger):
    Client.objects.for_workspace(world.workspace).update(language="en")

    page = stranger.get(address, headers={"Accept-Language": "pt-br"})

    assert page.headers["Content-Language"] == "en"
    assert "Send answer" in page.content.decode()


def test_answers_are_limited(ticket, address, stranger, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"ticket_answer": (2, 600)}
    limits.forget_this_process()
    statuses = [
        stranger.post(address, {"text": str(n), "key": str(uuid.uuid4())}).status_code
        for n in range(3)
    ]

    assert statuses == [302, 302, 429]
    assert Ticket.objects.for_workspace(ticket.workspace_id).get().version == 3


def test_what_only_the_team_may_know_is_written_private(ticket):
    by, now = By(None), timezone.now()
    tickets.change(ticket, {"priority": "urgent"}, by=by, now=now)
    tickets.change(ticket, {"description": "Outra"}, by=by, now=now)
    tickets.change(ticket, {"status": "waiting", "priority": "low"}, by=by, now=now)
    tickets.change(ticket, {"title": "Pão queimado de novo"}, by=by, now=now)

    entries = TicketEvent.objects.for_workspace(ticket.workspace_id).order_by("pk")
    told = [
        (sorted(one.details), one.is_public) for one in entries.exclude(kind="created")
    ]
    assert told == [
        (["priority"], False),
        (["description"], False),
        (["priority", "status"], True),
        (["title"], True),
    ]
