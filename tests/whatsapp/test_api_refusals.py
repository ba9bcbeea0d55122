"""What `/api/messages` refuses, with the field; and bodies of every shape."""

import json
import random
import string
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from tests.whatsapp.api_shop import URL, Shop
from whatsapp.models import OptOutScope
from whatsapp.services import opt_outs, pauses


def refused(response: Any, field: str, error: str) -> None:
    told = response.json()
    assert response.status_code == 422, told
    assert response["Content-Type"] == "application/problem+json"
    assert (told["field"], told["error"]) == (field, error)
    assert told["detail"].endswith((".", ")"))
    assert told["status"] == 422


# --- refused with the field ------------------------------------------------------------
_LINK = "https://loja.example/arquivo"


@pytest.mark.parametrize(
    ("told", "field", "error"),
    [
        ({"text": ""}, "text", "nothing_to_send"),
        ({"text": " \n "}, "text", "nothing_to_send"),
        ({}, "text", "nothing_to_send"),
        ({"text": "x" * 4097}, "text", "text_too_long"),
        ({"text": "x" * 20_001}, "text", "text_too_long"),
        ({"text": 7}, "text", "invalid"),
        ({"text": "a\0b"}, "text", "invalid"),
        ({"text": "\ud800"}, "text", "invalid"),
        ({"text": "Oi", "type": "fax"}, "type", "unknown_type"),
        ({"text": "Oi", "media": {}}, "media", "wrong_type"),
        ({"text": "Oi", "surprise": 1}, "surprise", "unknown_field"),
        ({"text": "Oi", "bulk": "yes"}, "bulk", "invalid"),
        ({"text": "Oi", "reply_to": "wamid.none"}, "reply_to", "target_gone"),
        ({"text": "Oi", "channel": "+5511000000000"}, "channel", "unknown_channel"),
        ({"text": "Oi", "to": ""}, "to", "recipient_needed"),
        ({"text": "Oi", "to": "Ana"}, "to", "not_a_phone_number"),
        ({"text": "Oi", "to": "12"}, "to", "not_a_phone_number"),
        ({"text": "Oi", "to": "11 98765-4321"}, "to", "not_a_phone_number"),
        ({"text": "Oi", "conversation": "x"}, "to", "recipient_needed"),
        (
            {"text": "Oi", "to": None, "conversation": "x"},
            "conversation",
            "unknown_conversation",
        ),
        (
            {"text": "Oi", "to": None, "conversation": "0" * 32},
            "conversation",
            "unknown_conversation",
        ),
        ({"type": "image"}, "media", "missing"),
        (
            {"type": "image", "media": {"link": "http://a"}},
            "media.link",
            "invalid_link",
        ),
        ({"type": "image", "media": {"link": _LINK}}, "media.mime_type", "missing"),
        (
            {"type": "image", "media": {"link": f"{_LINK}.exe"}},
            "media.mime_type",
            "file_type",
        ),
        (
            {"type": "image", "media": {"link": f"{_LINK}.png", "size": 9_000_000}},
            "media.size",
            "file_too_large",
        ),
        (
            {"type": "image", "media": {"link": f"{_LINK}.png", "size": -1}},
            "media.size",
            "invalid",
        ),
        (
            {
                "type": "image",
                "media": {"link": f"{_LINK}.png", "caption": "x" * 1025},
            },
            "media.caption",
            "text_too_long",
        ),
        ({"type": "template"}, "template", "missing"),
        ({"type": "template", "template": {}}, "template.name", "missing"),
        (
            {"type": "template", "template": {"name": "x", "language": "pt"}},
            "template",
            "template_unknown",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field(
    shop: Shop, told: dict[str, Any], field: str, error: str
) -> None:
    body = {"to": "5511987654321"} | told

    refused(shop.ask(body), field, error)

    assert not shop.entries.exists()


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "template.parameters.body"),
        ({"body": ["Ana"]}, "template.parameters.body"),
        ({"body": ["Ana", "19h", "x"]}, "template.parameters.body"),
        ({"body": {"1": "Ana"}}, "template.parameters.body"),
        ({"body": ["Ana", ""]}, "template.parameters.body.1"),
        ({"body": ["Ana", 7]}, "template.parameters.body.1"),
        ({"body": "Ana"}, "template.parameters.body"),
        ({"body": ["Ana", "19h"], "header": ["x"]}, "template.parameters.header"),
    ],
)
def test_a_template_with_missing_parameters_names_the_part(
    shop: Shop, parameters: dict[str, Any], field: str
) -> None:
    shop.template()
    wanted = {"name": "pedido", "language": "pt_BR", "parameters": parameters}

    response = shop.ask({"to": "5511987654321", "type": "template", "template": wanted})

    refused(response, field, "template_incomplete")
    assert not shop.entries.exists()


def test_a_template_that_is_not_approved(shop: Shop) -> None:
    shop.template(status="paused", parameters=[])
    wanted = {"name": "pedido", "language": "pt_BR"}

    response = shop.ask({"to": "5511987654321", "type": "template", "template": wanted})

    refused(response, "template", "template_not_approved")


def test_a_closed_window(shop: Shop) -> None:
    shop.person("5511955550000", hours=25)

    refused(shop.text(to="5511955550000"), "text", "window_closed")
    refused(shop.text(to="5511955559999"), "text", "window_closed")
    media = {"link": f"{_LINK}.png"}
    response = shop.ask({"to": "5511955550000", "type": "image", "media": media})
    refused(response, "media", "window_closed")
    assert not shop.entries.exists()


def test_a_paused_number(shop: Shop) -> None:
    pauses.pause(shop.channel, actor=shop.world.owner, now=timezone.now())

    refused(shop.text(), "channel", "number_paused")


def test_a_disconnected_number(shop: Shop) -> None:
    shop.channel.state = "disconnected"
    shop.channel.save()

    refused(shop.text(), "channel", "number_disconnected")


def test_one_of_several_numbers_must_be_named(shop: Shop) -> None:
    make.meta_number(shop.world.workspace, phone="+5511922223333", external_id="77")

    refused(shop.text(), "channel", "channel_needed")
    assert shop.text(channel=str(shop.channel.key)).status_code == 202
    assert shop.text(channel=shop.channel.phone, key="k2").status_code == 202


def test_whoever_asked_for_silence(shop: Shop) -> None:
    shop.template(parameters=[])
    opt_outs.note(
        shop.world.workspace.pk,
        peer_key="p:5521999990000",
        scope=OptOutScope.ALL,
        source="stop word",
        now=timezone.now(),
    )
    wanted = {"name": "pedido", "language": "pt_BR"}

    response = shop.ask({"to": "5521999990000", "type": "template", "template": wanted})

    refused(response, "to", "opted_out")
    assert not shop.entries.exists()


def test_a_number_that_is_not_on_whatsapp(shop: Shop) -> None:
    shop.template(parameters=[])
    rows.send(
        shop.channel,
        to="5521999990000",
        at=timezone.now() - timedelta(hours=2),
        delivery="failed",
        reason="131026",
    )
    wanted = {"name": "pedido", "language": "pt_BR"}

    response = shop.ask({"to": "5521999990000", "type": "template", "template": wanted})

    refused(response, "to", "out_of_reach")
    assert "131026" in response.json()["detail"]
    assert shop.entries.count() == 1


# --- anything at all ----------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"to": NaN}', b"[" * 50_000],
)
def test_what_is_no_json_object_is_told_so(shop: Shop, body: bytes) -> None:
    assert shop.ask(body).status_code == 400
    assert not shop.entries.exists()


def test_a_huge_body_is_not_read(shop: Shop) -> None:
    body = json.dumps({"to": "5511987654321", "text": "x" * 70_000})

    assert shop.ask(body).status_code == 413


def test_another_content_type_is_refused(shop: Shop) -> None:
    response = Client().post(
        URL,
        {"to": "5511987654321", "text": "Oi"},
        headers={"Authorization": f"Bearer {shop.token}", "Idempotency-Key": "k"},
    )

    assert response.status_code == 415


def test_no_body_makes_it_fail(shop: Shop) -> None:
    """Bodies of every shape, seeded: a field may hold anything that JSON can say."""
    chance = random.Random(6)
    shop.template()
    seen = set()
    for number in range(400):
        told = {
            name: _anything(chance, depth=3)
            for name in _NAMES
            if chance.random() < 0.45
        }
        response = shop.ask(json.dumps(told), key=f"f{number}")
        seen.add(response.status_code)
        assert response.status_code in (202, 400, 422), (told, response.content)
    assert 422 in seen


_NAMES = (
    *("to", "conversation", "channel", "type", "text", "media", "template"),
    *("reply_to", "bulk"),
)
_LIKELY: tuple[Any, ...] = (
    *("text", "image", "template", "5511987654321", "", "pedido", "pt_BR", _LINK),
    *(f"{_LINK}.png", "https://[", "\ud800", "\0", "١٢٣", 2**70, -1, 1.5, None, True),
    *({"link": f"{_LINK}.png"}, {"name": "pedido", "language": "pt_BR"}),
    {"name": "pedido", "language": "pt_BR", "parameters": {"body": ["a", "b"]}},
    {"name": "pedido", "language": "pt_BR", "parameters": {"body": [{}, []]}},
)


def _anything(chance: random.Random, *, depth: int) -> Any:
    if chance.random() < 0.6 or not depth:
        return chance.choice(_LIKELY)
    if chance.random() < 0.3:
        return "".join(chance.choices(string.printable, k=chance.randint(0, 40)))
    if chance.random() < 0.5:
        return [_anything(chance, depth=depth - 1) for _ in range(chance.randint(0, 3))]
    names = ("link", "size", "caption", "name", "language", "parameters", "body", "x")
    return {
        name: _anything(chance, depth=depth - 1)
        for name in chance.sample(names, chance.randint(0, 4))
    }
