"""Another system tells of tickets: who is believed, and how often they may call."""

import json
import time
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts import limits
from integrations import signing
from tests.tickets.other_system import DATA, PLAIN, System, entries, the_ticket
from tickets.models import IncomingEvent, IncomingSource, Ticket
from tickets.services import event_sources


@pytest.fixture(autouse=True)
def _no_limits_of_before():
    limits.forget_this_process()


@pytest.fixture
def system(world):
    return System(world.workspace)


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


# --- how often ----------------------------------------------------------------------
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
