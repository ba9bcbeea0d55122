"""A number knows when it was last written to and posted about, to the minute."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import gateway
from integrations.models import Channel
from integrations.providers.base.types import Party
from integrations.providers.sandbox import phone
from tests import walls
from tests.factories import integrations as make
from tests.factories import webhooks as make_webhooks
from tests.walls import as_app
from webhooks import processing

ADA = Party(wa_id="5511988880001", name="Ada")


@pytest.fixture
def channel(world):
    return make.sandbox_number(world.workspace, state="connected")


def receive(channel, *events):
    body, headers = phone.webhook(
        channel.external_id, events, webhook_secret="word-of-the-tests"
    )
    make_webhooks.raw_webhook(
        channel.workspace,
        body=body,
        headers=headers,
        provider="sandbox",
        integration=channel.integration,
    )
    with as_app(), walls.asked() as said:
        processing.drain(budget_seconds=30)
    channel.refresh_from_db()
    return [sql for sql in said if "UPDATE integrations_channel" in sql]


def message(at, *, name="m"):
    return phone.message(f"{name}-{at.timestamp()}", sender=ADA, at=at, text="Oi")


def test_a_message_leaves_its_time_and_the_posts(channel):
    at = timezone.now() - timedelta(seconds=20)

    receive(channel, message(at))

    assert abs(channel.last_inbound_at - at) < timedelta(seconds=2)
    assert timezone.now() - channel.last_webhook_at < timedelta(minutes=1)


def test_a_status_leaves_the_posts_alone(channel):
    receive(
        channel, {"type": "account", "kind": "connection.update", "state": "connected"}
    )

    assert channel.last_inbound_at is None
    assert channel.last_webhook_at is not None


def test_the_next_messages_of_the_minute_write_no_row(channel):
    now = timezone.now()
    assert len(receive(channel, message(now))) == 1

    assert receive(channel, message(now, name="n"), message(now, name="o")) == []


def test_a_minute_later_it_moves_on_and_never_back(channel):
    now = timezone.now()
    Channel.objects.unscoped("test").update(
        last_inbound_at=now - timedelta(minutes=5), last_webhook_at=now
    )

    receive(channel, message(now))
    assert abs(channel.last_inbound_at - now) < timedelta(seconds=2)
    receive(channel, message(now - timedelta(hours=3)))

    assert abs(channel.last_inbound_at - now) < timedelta(seconds=2)


def test_a_clock_ahead_of_ours_is_not_believed(channel):
    receive(channel, message(timezone.now() + timedelta(hours=2)))

    assert channel.last_inbound_at <= timezone.now()


def test_news_for_another_workspace_touch_nothing(world, channel):
    now = timezone.now()
    news = gateway.News(written={channel.pk: now}, posted={channel.pk: now})

    with as_app():
        gateway.note_news(news, workspace_id=world.other_workspace.pk)

    channel.refresh_from_db()
    assert channel.last_inbound_at is None
