"""`/api/whatsapp/send`: to a client by `oauth_id`, inside the window or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import integrations as make_channels
from tests.factories import tickets as make
from tests.factories import whatsapp as rows
from tests.tickets.api_desk import Desk, refused

URL = "/api/whatsapp/send"
BODY = {"oauth_id": "7", "message": "Seu pedido saiu"}


def ana(desk: Desk, **fields: Any) -> None:
    told = {"oauth_id": "7", "name": "Ana", "phone": "+55 11 98765-4321"} | fields
    assert desk.post("/api/clients", told, key="ana").status_code == 201


def test_a_text_goes_to_the_conversation_of_the_client(desk: Desk) -> None:
    talk = desk.person()
    ana(desk)

    response = desk.post(URL, BODY)

    assert response.status_code == 202, response.content
    [entry] = desk.entries
    assert response.json()["id"] == str(entry.key)
    assert response["Location"] == f"/api/messages/{entry.key}"
    assert entry.message.conversation == talk
    assert entry.message.text == "Seu pedido saiu"
    assert desk.post(URL, BODY).content == response.content
    assert desk.entries.count() == 1
    body = BODY | {"message": "Outra"}
    refused(desk.post(URL, body), 409, "idempotency_key_reused")


@pytest.mark.parametrize("hours", [25, None])
def test_outside_the_window_nothing_is_promised(desk: Desk, hours: Any) -> None:
    if hours:
        desk.person(hours=hours)
    ana(desk)

    refused(desk.post(URL, BODY), 422, "window_closed", "message")

    assert not desk.entries.exists()


def test_of_two_numbers_the_one_they_wrote_to_last(desk: Desk) -> None:
    older = desk.person(hours=5)
    other = make_channels.meta_number(
        desk.world.workspace,
        state="connected",
        phone="+5511900000077",
        external_id="77",
    )
    heard = timezone.now() - timedelta(hours=1)
    newer = rows.conversation(older.lead, other, last_inbound_at=heard)
    ana(desk)

    desk.post(URL, BODY)
    desk.post(URL, BODY | {"channel": desk.channel.phone}, key="k2")

    told = [one.message.conversation for one in desk.entries.order_by("pk")]
    assert told == [newer, older]
    body = BODY | {"channel": "+5511900000099"}
    refused(desk.post(URL, body, key="k3"), 422, "unknown_channel", "channel")


def test_whoever_opted_out_can_still_be_answered(desk: Desk) -> None:
    talk = desk.person()
    ana(desk)
    rows.opt_out(desk.world.workspace, peer_key="p:5511987654321", scope="all")

    assert desk.post(URL, BODY).status_code == 202

    talk.last_inbound_at = timezone.now() - timedelta(hours=30)
    talk.save()
    assert desk.post(URL, BODY, key="k2").status_code == 422
    assert desk.entries.count() == 1


def test_a_client_who_cannot_be_reached_is_told_with_the_reason(desk: Desk) -> None:
    ana(desk, phone=None)

    refused(desk.post(URL, BODY), 422, "client_without_phone", "oauth_id")


def test_an_unknown_client_is_a_404_with_the_id(desk: Desk) -> None:
    make.client(desk.world.other_workspace, oauth_id="7", phone="+5511987654321")

    told = refused(desk.post(URL, BODY), 404, "unknown_client")

    assert told["oauth_id"] == "7"
    assert not desk.entries.exists()


@pytest.mark.parametrize(
    ("body", "error", "field"),
    [
        ({"oauth_id": "7"}, "missing", "message"),
        (BODY | {"message": " "}, "missing", "message"),
        (BODY | {"message": "x" * 5000}, "text_too_long", "message"),
        (BODY | {"message": ["x"]}, "invalid", "message"),
        (BODY | {"to": "1"}, "unknown_field", "to"),
    ],
)
def test_what_cannot_be_sent(desk: Desk, body, error, field) -> None:
    desk.person()
    ana(desk)

    refused(desk.post(URL, body), 422, error, field)

    assert not desk.entries.exists()


def test_a_number_that_is_down_says_so(desk: Desk) -> None:
    desk.person()
    ana(desk)
    desk.channel.state = "disconnected"
    desk.channel.save()

    refused(desk.post(URL, BODY), 422, "number_disconnected", "channel")
