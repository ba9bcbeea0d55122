"""`/api/messages` from outside: promised once, refused with the field, and told afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.permissions import Scope
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from tests.whatsapp.api_shop import NOBODYS, URL, Shop, token_of
from whatsapp.phones import match_key_for_phone


# --- what is promised --------------------------------------------------------------
def test_a_text_is_promised_to_the_persons_conversation(shop: Shop) -> None:
    response = shop.text()

    assert response.status_code == 202
    told = response.json()
    entry = shop.entries.get(key=told["id"])
    assert response["Location"] == told["url"] == f"{URL}/{entry.key}"
    assert entry.message.conversation == shop.thread
    assert entry.message.text == "Seu pedido saiu"
    assert (entry.state, entry.is_bulk) == ("due", False)
    assert entry.payload["recipient"] == {"wa_id": "5511987654321"}
    [event] = AuditEvent.objects.for_workspace(shop.world.workspace).filter(
        action="send.requested"
    )
    assert event.actor_label == "token CRM"


@pytest.mark.parametrize(
    ("known", "to"),
    [
        ("551187654320", "+55 11 98765-4320"),
        ("551187654320", "+55 11 8765-4320"),
        ("551187654320", "0055 11 98765-4320"),
        ("5215512345678", "+5215512345678"),
        ("5215512345678", "5215512345678"),
        ("5215512345678", "+52 55 1234 5678"),
        ("5491123456789", "5491123456789"),
        ("5491123456789", "+54 11 2345-6789"),
        ("5491123456789", "+54 11 15 2345-6789"),
        ("999000000000123", "999000000000123"),  # of no country, but they wrote
    ],
)
def test_in_any_notation_it_goes_to_the_digits_that_whatsapp_gave(
    shop: Shop, known: str, to: str
) -> None:
    lead = rows.lead(shop.world.workspace)
    rows.identity(lead, value=known, match_key=match_key_for_phone(known))
    heard = timezone.now() - timedelta(hours=1)
    talk = rows.conversation(lead, shop.channel, last_inbound_at=heard)

    response = shop.text(to=to)

    assert response.status_code == 202
    [entry] = shop.entries
    assert entry.message.conversation == talk
    assert entry.payload["recipient"] == {"wa_id": known}


@pytest.mark.parametrize(
    ("to", "wa_id"),
    [
        ("5215512345678", "5215512345678"),
        ("551187654320", "551187654320"),
        ("+54 11 15 2345-6789", "5491123456789"),
    ],
)
def test_whoever_never_wrote_is_written_to_as_it_was_asked(
    shop: Shop, to: str, wa_id: str
) -> None:
    shop.template()
    wanted = {
        "name": "pedido",
        "language": "pt_BR",
        "parameters": {"body": ["Ana", "19h"]},
    }

    response = shop.ask({"to": to, "type": "template", "template": wanted})

    assert response.status_code == 202, response.json()
    [entry] = shop.entries
    assert entry.payload["recipient"] == {"wa_id": wa_id}


def test_one_of_ours_is_named_in_any_notation(shop: Shop) -> None:
    make.meta_number(shop.world.workspace, phone="+525511112222", external_id="52")

    for number, told in enumerate(("5511933334444", "0055 11 93333-4444")):
        response = shop.text(channel=told, key=f"k{number}")
        assert response.status_code == 202, response.json()
    refused = shop.text(channel="5215511112222", key="mx").json()
    assert refused["error"] != "unknown_channel"


def test_by_the_key_of_the_conversation_with_a_quote(shop: Shop) -> None:
    rows.message(shop.thread, external_id="wamid.asked")

    response = shop.ask(
        {
            "conversation": str(shop.thread.key),
            "text": "Sim!",
            "reply_to": "wamid.asked",
        }
    )

    assert response.status_code == 202
    [entry] = shop.entries
    assert entry.payload["reply_to"]["external_id"] == "wamid.asked"


def test_a_picture_by_its_link(shop: Shop) -> None:
    media = {"link": "https://loja.example/bolo.jpg", "caption": "Bolo", "size": 5000}

    response = shop.ask({"to": "5511987654321", "type": "image", "media": media})

    assert response.status_code == 202
    [entry] = shop.entries
    assert entry.payload["content"]["file"] == {
        "mime_type": "image/jpeg",
        "size": 5000,
        "url": "https://loja.example/bolo.jpg",
    }


@pytest.mark.parametrize(
    "parameters", [{"body": ["Ana", "19h"]}, {"body": {"1": "Ana", "2": "19h"}}]
)
def test_a_template_to_somebody_who_never_wrote(
    shop: Shop, parameters: dict[str, Any]
) -> None:
    shop.template()
    wanted = {"name": "pedido", "language": "pt_BR", "parameters": parameters}

    response = shop.ask(
        {"to": "+5521999990000", "type": "template", "template": wanted}
    )

    assert response.status_code == 202
    [entry] = shop.entries
    assert entry.template == "pedido"
    assert entry.message.conversation is None
    assert entry.peer_key == "p:5521999990000"
    [body] = entry.payload["content"]["components"]
    assert [one["text"] for one in body["parameters"]] == ["Ana", "19h"]


def test_the_thread_shows_a_template_as_it_went_out(shop: Shop) -> None:
    shop.template(
        components=[
            {"type": "HEADER", "format": "TEXT", "text": "Padaria"},
            {"type": "BODY", "text": "Oi, {{1}}! Seu pedido sai às {{2}}."},
            {"type": "FOOTER", "text": "Não responda"},
        ]
    )
    wanted = {
        "name": "pedido",
        "language": "pt_BR",
        "parameters": {"body": ["Ana", "19h"]},
    }

    shop.ask({"to": "5511987654321", "type": "template", "template": wanted})

    [entry] = shop.entries
    assert entry.message.text == "Oi, Ana! Seu pedido sai às 19h."
    assert entry.message.content["shown"]["header"] == "Padaria"
    assert entry.message.content["shown"]["footer"] == "Não responda"


def test_gaps_by_name_of_header_body_and_button(shop: Shop) -> None:
    shop.template(
        parameters=[
            {"part": "header", "kind": "media", "media": "image"},
            {"part": "body", "kind": "text", "name": "first_name"},
            {
                "part": "button",
                "kind": "text",
                "name": "1",
                "index": 2,
                "button": "url",
            },
        ]
    )
    parameters = {
        "header": [{"link": "https://loja.example/a.jpg"}],
        "body": {"first_name": "Ana"},
        "buttons": ["pedido-7"],
    }
    wanted = {"name": "pedido", "language": "pt_BR", "parameters": parameters}

    response = shop.ask({"to": "5511987654321", "type": "template", "template": wanted})

    assert response.status_code == 202, response.content
    [entry] = shop.entries
    header, body, button = entry.payload["content"]["components"]
    assert header["parameters"][0]["media"]["file"]["url"].endswith("a.jpg")
    assert body["parameters"] == [{"text": "Ana", "name": "first_name"}]
    assert (button["index"], button["button"]) == (2, "url")


# --- once --------------------------------------------------------------------------
def test_the_same_key_and_body_are_one_message_with_one_answer(shop: Shop) -> None:
    first = shop.text()
    again = shop.ask(
        ' {"text": "Seu pedido saiu",  "to": "+55 11 98765-4321"}'
    )  # written otherwise

    assert (again.status_code, again.content) == (202, first.content)
    assert shop.entries.count() == 1


def test_the_same_key_answers_the_same_when_it_would_be_refused_by_now(
    shop: Shop,
) -> None:
    first = shop.text()
    shop.thread.last_inbound_at = timezone.now() - timedelta(hours=30)
    shop.thread.save()

    assert shop.text().content == first.content


def test_the_same_key_for_another_message_is_a_conflict(shop: Shop) -> None:
    shop.text()

    response = shop.text(text="Outra coisa")

    assert response.status_code == 409
    assert response.json()["error"] == "idempotency_key_reused"
    assert shop.entries.count() == 1


def test_two_systems_may_use_the_same_key(shop: Shop) -> None:
    shop.text()
    shop.token = token_of(shop.world, name="ERP")

    assert shop.text(text="Outra coisa").status_code == 202
    assert shop.entries.count() == 2


@pytest.mark.parametrize("key", ["", " ", "k" * 129, "chave\tx"])
def test_without_a_good_key_nothing_is_promised(shop: Shop, key: str) -> None:
    response = shop.ask({"to": "5511987654321", "text": "Oi"}, key=key)

    assert response.status_code == 400
    assert "idempotency_key" in response.json()["error"]
    assert not shop.entries.exists()


# --- who ---------------------------------------------------------------------------
def test_without_the_scope_nothing_is_sent(shop: Shop) -> None:
    shop.token = token_of(shop.world, Scope.WORKSPACE_READ, name="Reader")

    assert shop.text().status_code == 403
    assert shop.get(f"{URL}/{NOBODYS}").status_code == 403


def test_a_workspace_may_be_named_and_must_be_ones_own(shop: Shop) -> None:
    told = {"to": "5511987654321", "text": "Oi"}

    assert shop.ask(told, path="/api/w/padaria/messages").status_code == 202
    assert shop.ask(told, path="/api/w/oficina/messages").status_code == 404


def test_messages_of_others_do_not_exist(shop: Shop) -> None:
    theirs = rows.send(make.channel(shop.world.other_workspace))

    assert shop.get(f"{URL}/{theirs.key}").status_code == 404
    assert shop.get(f"{URL}/{NOBODYS}").status_code == 404


# --- what became of it ------------------------------------------------------------------
def test_the_state_is_told_with_the_reason(shop: Shop) -> None:
    entry = rows.send(shop.channel, delivery="failed", reason="131026", detail="No")

    told = shop.get(f"{URL}/{entry.key}").json()

    assert (told["state"], told["provider_id"]) == (
        "failed",
        entry.message.external_id,
    )
    assert told["reason"]["code"] == "131026"
    assert told["reason"]["detail"].endswith(".")
    assert told["conversation"] is None
