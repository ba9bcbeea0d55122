"""News of a number that come in after what they are older than."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations import news, settling
from integrations.models import Episode
from integrations.providers.base.types import Party
from integrations.providers.sandbox import phone
from tests.factories import integrations as make
from tests.factories import webhooks as make_webhooks
from tests.integrations.pairing import connected, fresh
from tests.walls import as_app
from webhooks import processing


@pytest.fixture
def session(world):
    return connected(make.sandbox_number(world.workspace))


def receive(session, *events, at=None):
    channel = session.channel
    body, headers = phone.webhook(
        channel.external_id, events, webhook_secret="word-of-the-tests"
    )
    make_webhooks.raw_webhook(
        session.workspace,
        body=body,
        headers=headers,
        provider="sandbox",
        integration=channel.integration,
        **({"received_at": at} if at else {}),
    )
    with as_app():
        processing.drain(budget_seconds=30)


def message(at):
    sender = Party(wa_id="5511988880001", name="Ada")
    return phone.message(f"m-{at.timestamp()}", sender=sender, at=at, text="Oi")


@pytest.fixture
def begun(world):
    """The number was disconnected a moment ago, and waits for somebody to scan its code."""
    channel = make.sandbox_number(world.workspace, state="disconnected")
    return make.session(
        channel,
        state="awaiting_user",
        kind="qr",
        payload="2@code",
        connected_at=None,
        probe_state="",
        probe_at=timezone.now(),
        expires_at=timezone.now() + timedelta(minutes=15),
    )


def test_a_message_of_before_connects_no_session_that_began_since(begun):
    receive(begun, message(begun.started_at - timedelta(seconds=5)))

    after = fresh(begun)
    assert (after.state, after.connected_at) == ("awaiting_user", None)
    assert after.payload == "2@code"
    begun.channel.refresh_from_db()
    assert begun.channel.state == "disconnected"


def test_a_message_written_since_connects_it(begun):
    receive(begun, message(begun.started_at + timedelta(seconds=5)))

    assert fresh(begun).state == "connected"


def test_a_message_of_before_brings_no_number_back_that_somebody_disconnected(session):
    with as_app(), workspace_transaction(session.workspace_id):
        [held] = news.held(session.workspace_id, [session.channel_id])
        settling.end(held, reason="disconnected by a person", now=timezone.now())

    receive(session, message(timezone.now() - timedelta(seconds=5)))

    session.channel.refresh_from_db()
    assert session.channel.state == "disconnected"


def test_a_message_that_came_in_before_the_word_leaves_the_word(session):
    now = timezone.now()
    receive(session, {"type": "account", "kind": "x", "state": "disconnected"}, at=now)
    receive(
        session,
        message(now - timedelta(seconds=40)),
        at=now - timedelta(seconds=30),
    )

    assert fresh(session).state == "disconnected"
    assert Episode.objects.unscoped("test").get().closed_at is None
