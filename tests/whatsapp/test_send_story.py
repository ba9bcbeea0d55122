"""One send: what is shown of it, its story with exact times, and why, in plain words."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.models import Channel
from integrations.providers.base.outgoing import Template
from tests.conftest import World
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from whatsapp.models import StatusEvent

LIST = "/w/padaria/sends/"
Sign = Callable[[User], Client]


@pytest.fixture
def channel(world: World) -> Channel:
    return make.meta_number(world.workspace, display_name="Balcão", state="connected")


@pytest.fixture
def client(world: World, signed_in: Sign) -> Client:
    world.agent.language = "en"
    world.agent.save()
    return signed_in(world.agent)


def ago(**span: int) -> Any:
    return timezone.now() - timedelta(**span)


def body(client: Client, path: str = LIST, **asked: str) -> str:
    response = client.get(path, asked)
    assert response.status_code == 200
    return response.content.decode()


def told(client: Client, **asked: str) -> list[str]:
    """The texts of the rows that are listed, in their order."""
    return re.findall(r"<bdi>(n\d+)</bdi>", body(client, **asked))


# --- what is shown of a send ---------------------------------------------------
@pytest.mark.parametrize(
    ("state", "delivery", "shown"),
    [
        ("due", "", "queued"),
        ("claimed", "", "queued"),
        ("submitting", "", "sending"),
        ("accepted", "", "accepted"),
        ("accepted", "accepted", "accepted"),
        ("accepted", "queued", "accepted"),
        ("accepted", "sent", "sent"),
        ("accepted", "delivered", "delivered"),
        ("accepted", "read", "read"),
        ("accepted", "played", "read"),
        ("accepted", "failed", "failed"),
        ("failed", "", "failed"),
        ("failed", "failed", "failed"),
        ("uncertain", "", "unconfirmed"),
        ("dropped", "", "dropped"),
    ],
)
def test_what_we_did_and_what_the_provider_said_are_one_word(
    channel: Channel, state: str, delivery: str, shown: str
) -> None:
    assert rows.send(channel, state=state, delivery=delivery).shown == shown


def test_a_template_is_known_by_its_name(channel: Channel) -> None:
    entry = rows.send(channel, content=Template("pedido_pronto", "pt_BR"))

    assert (entry.template, rows.send(channel).template) == ("pedido_pronto", "")


# --- one send ---------------------------------------------------------------------
def test_the_story_of_a_send_with_exact_times(
    client: Client, channel: Channel, world: World
) -> None:
    at = ago(hours=1)
    entry = rows.send(
        channel,
        at=at,
        attempts=3,
        delivery="failed",
        reason="131026",
        detail="Message undeliverable",
    )
    for number, (status, code) in enumerate((("sent", ""), ("failed", "131026"))):
        StatusEvent.objects.create(
            workspace=world.workspace,
            message=entry.message,
            status=status,
            provider_at=at + timedelta(seconds=number + 1),
            received_at=at + timedelta(seconds=number + 2),
            error_code=code,
        )

    page = body(client, f"{LIST}{entry.key}/")

    steps = re.findall(
        r'timeline__item">\s*<div class="cluster"><strong>([^<]+?)\s*</strong>', page
    )
    assert steps == [
        "Written and queued",
        "Handed over to the provider",
        "Sent to WhatsApp",
        "Failed on the way",
    ]
    assert "attempt 3" in page
    assert "Message undeliverable" in page
    assert str(entry.message.external_id) in page
    assert "What was said to the provider" not in page  # for those who connect


def test_admins_are_led_to_the_exchanges_of_that_time(
    channel: Channel, world: World, signed_in: Sign
) -> None:
    entry = rows.send(channel, at=ago(hours=1))
    make.exchange(channel)
    client = signed_in(world.owner)

    page = client.get(f"{LIST}{entry.key}/").content.decode()
    [address] = re.findall(r'href="([^"]*/log/\?before=[^"]*)"', page)

    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        ("failed", "window_closed", "24 hours have passed"),
        ("failed", "opted_out", "asked not to be written to"),
        ("failed", "gave_up:130429", "Recado tried 8 times and gave up"),
        ("failed", "a_word_of_tomorrow", "a_word_of_tomorrow"),
        ("uncertain", "worker_gone", "may have been sent"),
        ("uncertain", "http_500", "may have been sent"),
        ("dropped", "sent_again", "sent it again"),
    ],
)
def test_reasons_are_plain_words(
    client: Client, channel: Channel, state: str, reason: str, sentence: str
) -> None:
    entry = rows.send(channel, state=state, reason=reason)

    assert sentence in body(client, f"{LIST}{entry.key}/")
