"""A partner's link led back, and the provider goes on checking: for hours, or for days."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations import gateway
from integrations.models import Channel, Session
from integrations.providers import registry
from integrations.providers.base.types import AccountEvent, NumberRef
from integrations.services import monitor, returns, sessions
from tests.factories import integrations as make
from tests.integrations.pairing import fresh, make_due, time_passes
from tests.twins import dialog360, server
from tests.walls import as_app

PHONE = "5511977776666"
CHANNEL = "ChAnNeL1"
RETURN = "client=ClIeNt1&channels=[ChAnNeL1]"


@pytest.fixture
def hub(settings, monkeypatch) -> Iterator[dialog360.Twin]:
    with server.serving(dialog360.Twin()) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [*settings.EGRESS_ALLOWED_HOSTS, twin.host]
        twin.add_channel(
            dialog360.Channel(CHANNEL, "ClIeNt1", PHONE, status="consents_signed")
        )
        adapter = registry.get("dialog360")
        partner = {
            "api_base": twin.url,
            "hub_base": twin.url,
            "partner_api_base": twin.hub_api,
            "partner_id": twin.partner_id,
            "partner_key": twin.partner_key,
        }
        monkeypatch.setattr(adapter, "settings", {**adapter.settings, **partner})
        yield twin


@pytest.fixture
def channel(world, hub) -> Channel:
    integration = make.integration(
        world.workspace,
        provider="dialog360",
        credentials={"phone_number": f"+{PHONE}", "webhook_secret": "w" * 20},
    )
    return make.channel(
        world.workspace,
        provider="dialog360",
        phone=f"+{PHONE}",
        external_id=None,
        integration=integration,
    )


@pytest.fixture
def client(world, signed_in) -> Any:
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def opened(channel: Channel) -> tuple[Session, str]:
    """A session that waits for the person, and the state that its link carries."""
    with as_app():
        session = sessions.open_session(channel, return_url="https://here.example/r/")
    [state] = re.findall(r"state=([\w-]+)", session.payload)
    return session, str(state)


def come_back(client: Any, state: str) -> Any:
    address = "/w/padaria/integrations/whatsapp/connect/dialog360/return/"
    return client.get(f"{address}?{RETURN}&state={state}", follow=True)


def watch(session: Session) -> Session:
    make_due(session)
    with as_app():
        monitor.run()
    return fresh(session)


def test_a_number_that_is_checked_for_hours_stays_and_is_asked_less_often(
    client, channel
):
    session, state = opened(channel)
    come_back(client, state)
    assert fresh(session).state == "verifying"
    soon = fresh(session).next_check_at

    time_passes(session, minutes=16)
    after = watch(session)

    assert soon < datetime.now(UTC) + timedelta(seconds=10)
    assert (after.state, after.ended_at) == ("verifying", None)
    assert after.external_id == "ClIeNt1/ChAnNeL1"
    assert after.next_check_at > datetime.now(UTC) + timedelta(minutes=3)
    time_passes(session, hours=70)
    assert watch(session).state == "verifying"


def test_who_never_comes_back_has_a_quarter_of_an_hour(channel):
    session, _ = opened(channel)

    time_passes(session, minutes=16)

    assert (watch(session).state, fresh(session).problem) == ("expired", "too_late")


def test_a_check_that_never_ends_is_given_up_after_three_days(client, channel):
    session, state = opened(channel)
    come_back(client, state)

    time_passes(session, hours=73)

    assert watch(session).state == "expired"


def test_the_poll_finishes_what_took_a_day(client, channel, hub):
    session, state = opened(channel)
    come_back(client, state)
    time_passes(session, hours=24)
    hub.channels[CHANNEL].status = "ready"

    soon = watch(session).next_check_at - timezone.now()
    after = watch(session)

    assert soon < timedelta(seconds=10), (
        "it is asked again before the pause of a review"
    )
    # Its key was made by this answer; that nobody posts to us yet is another matter.
    assert after.connected_at is not None
    assert after.channel.integration is not None
    assert hub.channels[CHANNEL].keys == [
        gateway.unseal_credentials(after.channel.integration)["api_key"]
    ]


def test_the_providers_word_that_it_is_ready_has_it_asked_at_once(
    client, channel, hub, world
):
    session, state = opened(channel)
    come_back(client, state)
    time_passes(session, hours=5)
    assert watch(session).next_check_at > timezone.now() + timedelta(minutes=3)
    hub.channels[CHANNEL].status = "ready"
    event = AccountEvent(number=NumberRef(phone=PHONE), kind="channel_ready")
    with as_app():
        gateway.note_news(
            gateway.News(words=[(channel.pk, event, timezone.now())]),
            workspace_id=world.workspace.pk,
        )

    with as_app():
        monitor.run()
    assert hub.asked[-1].path.endswith("/api_keys")

    assert watch(session).connected_at is not None


def test_the_page_says_who_checks_and_that_it_may_be_left(client, channel):
    _session, state = opened(channel)

    page = come_back(client, state).content.decode()

    assert 'data-face="checking"' in page
    assert "360dialog is checking the account" in page
    assert "There is time until" not in page
    assert "hx-trigger" in page


def test_a_preview_of_the_return_does_not_use_it_up(client, channel):
    session, state = opened(channel)
    address = "/w/padaria/integrations/whatsapp/connect/dialog360/return/"

    head = client.head(f"{address}?{RETURN}&state={state}")

    assert head.status_code == 405
    assert fresh(session).state == "awaiting_user"
    come_back(client, state)
    assert fresh(session).state == "verifying"


def test_a_page_left_open_over_night_asks_twice_a_minute_at_most(client, channel, hub):
    session, state = opened(channel)
    come_back(client, state)
    time_passes(session, hours=2)
    page = f"/w/padaria/integrations/whatsapp/{channel.key}/session/"
    asked = len(hub.asked)
    client.get(page, headers={"HX-Request": "true"})
    assert len(hub.asked) > asked
    asked = len(hub.asked)
    time_passes(session, seconds=5)

    client.get(page, headers={"HX-Request": "true"})

    assert len(hub.asked) == asked
    assert fresh(session).state == "verifying"


# --- what a link brings, or does not ----------------------------------------------
def test_a_key_whose_answer_nobody_waited_for_is_no_stranger(channel, hub, monkeypatch):
    """Somebody took the session over while the key was being made."""
    hub.channels[CHANNEL].status = "ready"
    session = led_back(channel)
    adapter = registry.get("dialog360")
    real = type(adapter).session_status

    def meanwhile(self, *asked):
        report = real(self, *asked)
        if report.granted.get("api_key"):
            sessions.take_over(session)
        return report

    with as_app():
        assert sessions.refresh(session).state == "verifying"
    time_passes(session, seconds=40)
    monkeypatch.setattr(type(adapter), "session_status", meanwhile)
    with as_app():
        assert sessions.refresh(session).state == "verifying"
    assert hub.made == 1
    monkeypatch.setattr(type(adapter), "session_status", real)
    time_passes(session, seconds=40)

    with as_app():
        assert sessions.refresh(session).state == "connected"

    assert len(hub.channels[CHANNEL].keys) == 1


def led_back(channel: Channel) -> Session:
    _, state = opened(channel)
    with as_app():
        return returns.redeem_state(
            channel.workspace, state=state, external_id=f"ClIeNt1/{CHANNEL}"
        )


def test_who_comes_back_with_nothing_finds_a_fresh_link(client, channel):
    session, state = opened(channel)
    before = session.payload

    address = "/w/padaria/integrations/whatsapp/connect/dialog360/return/"
    page = client.get(f"{address}?state={state}", follow=True)

    session = fresh(session)
    assert session.state == "awaiting_user"
    assert session.payload
    assert session.payload != before
    assert state not in page.content.decode()
    [told] = re.findall(r"state=([\w-]+)", session.payload)
    assert come_back(client, told).status_code == 200
    assert fresh(session).state == "verifying"


def test_a_link_that_led_back_is_shown_no_more(channel):
    session = led_back(channel)

    assert (session.payload, session.link_digest) == ("", None)


def test_a_key_that_nobody_entered_is_not_asked_for(client, channel, hub):
    hub.channels[CHANNEL].status = "ready"
    session = led_back(channel)
    for _ in range(2):
        time_passes(session, seconds=40)
        with as_app():
            session = sessions.refresh(session)
    assert session.state == "connected"
    hub.channels[CHANNEL].keys = ["somebody-made-another"]
    time_passes(session, minutes=2)
    with as_app():
        assert sessions.refresh(session).problem == "key_wrong"

    place = f"/w/padaria/integrations/whatsapp/{channel.key}/"
    number_page = client.get(place).content.decode()
    session_page = client.get(f"{place}session/").content.decode()
    form = client.get(f"{place}credentials/").content.decode()

    assert "Connect again: a new one is made" in number_page
    assert "Connect again: a new one is made" in session_page
    assert "session-keys" not in session_page
    assert "Nobody enters the key of this number" in form
    client.post(f"{place}reconnect/")
    assert fresh(session).state in {"connected", "degraded"}
    assert hub.channels[CHANNEL].keys != ["somebody-made-another"]
