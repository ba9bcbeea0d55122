"""Clients: one per `oauth_id`, and the lead whose WhatsApp they write from."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.factories import whatsapp as make
from tickets.models import Client
from tickets.services import clients
from tickets.services.clients import Known
from whatsapp.phones import match_key_for_phone

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def add(world, **facts):
    told: Any = {"name": "Ana"} | facts
    return clients.add(world.workspace, told, actor=world.agent, now=NOW)


@pytest.mark.parametrize("written", ["+5511987654321", "+551187654321"])
def test_a_phone_finds_its_lead_in_any_notation(world, written):
    lead = make.lead(world.workspace)
    make.identity(lead, match_key=match_key_for_phone("5511987654321"))

    client = add(world, phone=written)

    assert client.lead == lead
    assert add(world, phone="+5511912345678").lead is None


def test_an_oauth_id_is_one_client(world):
    first = add(world, oauth_id="7")

    with pytest.raises(Known) as known:
        add(world, oauth_id="7")
    assert known.value.client == first

    other = add(world, oauth_id="8")
    with pytest.raises(Known):
        clients.edit(other, {"oauth_id": "7"}, actor=world.agent, now=NOW)
    assert add(world).oauth_id is None
    assert add(world).oauth_id is None


def test_an_edit_writes_what_changed_alone(world):
    client = add(world, oauth_id="7", email="ana@example.com")

    changed = clients.edit(
        client, {"name": "Ana Lima", "oauth_id": "7"}, actor=world.agent, now=NOW
    )

    client.refresh_from_db()
    assert changed == ["name"]
    assert client.search_text == "ana lima ana example com 7"


def test_another_system_makes_a_client_and_brings_it_up_to_date(world):
    made = clients.sync(
        world.workspace, "7", {"name": "Ana", "phone": "+5511987654321"}, now=NOW
    )
    again = clients.sync(
        world.workspace, "7", {"name": "", "email": "a@b.example"}, now=NOW
    )

    assert made.pk == again.pk
    assert (again.name, again.phone, again.email) == (
        "Ana",
        "+5511987654321",
        "a@b.example",
    )
    assert Client.objects.for_workspace(world.workspace).count() == 1
