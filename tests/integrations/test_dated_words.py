"""A provider dates what it says of itself: what it posts again is no news any more."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import gateway
from integrations.models import Episode
from integrations.providers import registry
from integrations.providers.base.types import AccountEvent, NumberRef
from tests.factories import integrations as make
from tests.integrations.pairing import connected, fresh
from tests.walls import as_app

MINUTE = timedelta(minutes=1)


@pytest.fixture
def session(world):
    return connected(make.sandbox_number(world.workspace))


def told(session, state, *, at, came_in=None):
    event = AccountEvent(
        NumberRef(), kind="session.status", state=state, provider_at=at
    )
    news = gateway.News(words=[(session.channel_id, event, came_in or timezone.now())])
    with as_app():
        gateway.note_news(news, workspace_id=session.workspace_id)
    return fresh(session)


def test_a_word_that_is_posted_again_does_not_undo_a_newer_one(session):
    now = timezone.now()
    told(session, "connected", at=now - MINUTE)

    after = told(session, "disconnected", at=now - 6 * MINUTE)

    assert (after.state, after.told_state) == ("connected", "connected")
    assert not Episode.objects.unscoped("test").exists()
    assert after.next_check_at <= timezone.now(), "it is asked all the same"


def test_a_word_from_before_the_last_good_answer_raises_nothing(session):
    now = timezone.now()
    type(session).objects.unscoped("test").filter(pk=session.pk).update(
        last_heartbeat_at=now - MINUTE
    )

    after = told(session, "disconnected", at=now - 6 * MINUTE)

    assert after.state == "connected"


def test_a_clock_ahead_of_ours_makes_no_word_of_the_future(session):
    now = timezone.now()
    told(session, "disconnected", at=now + timedelta(hours=2))

    assert told(session, "connected", at=now + timedelta(hours=1)).state == "connected"


def test_meta_dates_its_news_of_an_account():
    value = {"event": "PARTNER_REMOVED", "phone_number": "5511987654321"}
    change = {"field": "account_update", "value": value}
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "time": 1764590400, "changes": [change]}],
    }

    [event] = registry.get("meta_cloud").parse(json.dumps(body).encode(), {})

    assert isinstance(event, AccountEvent)
    assert event.provider_at is not None
    assert event.provider_at.timestamp() == 1764590400
