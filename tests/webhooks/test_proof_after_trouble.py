"""The last step of connecting, for a number that had trouble a few minutes before."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Episode
from integrations.services.webhook_urls import Subscription
from tests.factories import integrations as make
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make_talk
from webhooks import proof

OURS = Subscription(url="", is_ours=True, is_elsewhere=False)


@pytest.fixture
def number(world):
    channel = make.meta_number(world.workspace, state="connected")
    make.session(channel)
    channel.sessions.update(started_at=timezone.now() - timedelta(days=1))
    return channel


def received(number, *, minutes_ago: float, **fields: Any):
    return make_webhooks.raw_webhook(
        number.workspace,
        integration=number.integration,
        received_at=timezone.now() - timedelta(minutes=minutes_ago),
        **fields,
    )


def broken(number, *, is_over: bool) -> str:
    now = timezone.now()
    facts = proof.read(number, since=now - timedelta(minutes=15))
    told = OURS if is_over else None
    links = proof.chain(facts, subscription=told, is_over=is_over, now=now)
    return next((one.why for one in links if one.state == "broken"), "")


@pytest.mark.parametrize("state", ["parked", "unrouted"])
def test_trouble_of_before_is_no_trouble_once_requests_are_processed(number, state):
    received(number, minutes_ago=9, state=state, error="of another phone")
    assert broken(number, is_over=False) == state

    received(number, minutes_ago=1, state="done", outcome={"statuses": 1})

    assert broken(number, is_over=False) == ""
    assert broken(number, is_over=True) == "only_statuses"


def test_the_newest_trouble_is_told_though_another_request_was_fine(number):
    received(number, minutes_ago=3, state="done", outcome={"statuses": 1})
    received(number, minutes_ago=2, state="unrouted", error="of another phone")
    received(number, minutes_ago=1, state="parked", error="no JSON")

    assert broken(number, is_over=True) == "parked"


def face_in(answer: Any) -> str:
    [face] = re.findall(r'data-face="(\w+)"', answer.content.decode())
    return str(face)


def test_a_message_from_before_the_number_was_lost_proves_nothing(
    number, world, signed_in
):
    at = timezone.now() - timedelta(minutes=5)
    talk = make_talk.conversation(make_talk.lead(world.workspace), number)
    make_talk.message(talk, provider_at=at, received_at=at, stored_at=at)
    client = signed_in(world.owner)
    page = f"/w/padaria/integrations/whatsapp/{number.key}/proof/"
    assert face_in(client.get(page)) == "proven"

    Episode.objects.create(
        workspace=world.workspace,
        channel=number,
        state="disconnected",
        signal="probe",
        opened_at=at + timedelta(minutes=2),
        closed_at=at + timedelta(minutes=3),
        end="recovered",
    )

    assert face_in(client.get(page)) == "waiting"
