"""What webhooks tell about a number reaches its session, and the monitor soon asks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Episode
from integrations.providers.base.types import Party
from integrations.providers.sandbox import phone
from tests.factories import integrations as make
from tests.factories import webhooks as make_webhooks
from tests.integrations.pairing import connected, fresh
from tests.walls import as_app
from webhooks import processing
from webhooks.models import RawWebhook


@pytest.fixture
def session(world):
    return connected(make.sandbox_number(world.workspace))


def receive(session, *events):
    channel = session.channel
    body, headers = phone.webhook(
        channel.external_id, events, webhook_secret="word-of-the-tests"
    )
    row = make_webhooks.raw_webhook(
        session.workspace,
        body=body,
        headers=headers,
        provider="sandbox",
        integration=channel.integration,
    )
    with as_app():
        processing.drain(budget_seconds=30)
    done: RawWebhook = RawWebhook.objects.get(pk=row.pk)
    return done


def account(state):
    return {"type": "account", "kind": "connection.update", "state": state}


def message(at):
    return phone.message(f"m-{at.timestamp()}", sender=phone_sender(), at=at, text="Oi")


def phone_sender():
    return Party(wa_id="5511988880001", name="Ada")


def test_the_phone_drops_and_comes_back(session):
    row = receive(session, account("disconnected"))

    assert (row.state, row.outcome) == ("done", {"account_events": 1})
    assert (fresh(session).state, fresh(session).signal) == (
        "disconnected",
        "provider",
    )
    session.channel.refresh_from_db()
    assert session.channel.state == "disconnected"

    receive(session, account("connected"))

    assert fresh(session).state == "connected"
    assert Episode.objects.unscoped("test").get().closed_at is not None


def test_a_fresh_message_outdates_the_word_and_an_old_one_does_not(session):
    receive(session, account("disconnected"))
    receive(session, message(timezone.now() - timedelta(hours=2)))
    assert fresh(session).state == "disconnected"

    receive(session, message(timezone.now()))

    assert fresh(session).state == "connected"


def test_a_word_is_no_sign_that_a_new_number_works(world):
    channel = make.sandbox_number(world.workspace)
    session = connected(channel)
    channel.state = "new"
    channel.save()

    receive(session, account(None) | {"state": ""})

    channel.refresh_from_db()
    assert fresh(session).heard_at is None


def test_many_words_in_one_body_end_with_the_last(session):
    receive(session, account("disconnected"), account("connected"))

    assert fresh(session).state == "connected"
    assert not Episode.objects.unscoped("test").exists()
