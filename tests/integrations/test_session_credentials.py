"""What a session works with: credentials, tried and granted, and the webhook it sets."""

import logging

import pytest

from accounts.models import AuditEvent
from integrations import gateway
from integrations.models import Channel, Integration, Session, WebhookToken
from integrations.providers.base.errors import CredentialsInvalid
from integrations.services import sessions, webhook_urls
from tests.integrations.opening import open_session, refresh
from tests.integrations.pairing import number
from tests.twins import pairing
from tests.walls import as_app

DIGITS = pairing.PHONE.lstrip("+")


@pytest.fixture
def channel(world, twin):
    return number(world.workspace, twin.url)


# --- credentials that come with a session -------------------------------------------
def test_granted_credentials_are_sealed_and_used_from_then_on(channel, twin):
    session = open_session(channel)
    twin.sessions[DIGITS] = {
        "state": "connected",
        "phone": DIGITS,
        "granted": {"granted_key": "brand-new", "no_field": "dropped"},
    }

    refresh(session)

    integration = Integration.objects.unscoped("test").get()
    credentials = gateway.unseal_credentials(integration)
    assert credentials["granted_key"] == "brand-new"
    assert "no_field" not in credentials
    assert integration.secret_version == 2
    assert "brand-new" not in integration.credentials
    event = AuditEvent.objects.unscoped("test").latest("pk")
    assert event.action == "integration.credentials_granted"
    assert "brand-new" not in str(event.details)


# --- trying credentials -------------------------------------------------------------
def attempt(world, url, **change):
    credentials = pairing.credentials(url) | change
    with as_app():
        return sessions.try_credentials(
            workspace=world.workspace, provider=pairing.SLUG, credentials=credentials
        )


def test_credentials_are_tried_before_anything_is_kept(world, twin):
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}

    assert attempt(world, twin.url).state == "connected"

    for model in (Integration, Channel, Session):
        assert not model.objects.unscoped("test").exists()


def test_credentials_of_another_number_are_told(world, twin):
    twin.sessions[DIGITS] = {"state": "connected", "phone": "5511900001111"}

    with pytest.raises(sessions.SessionFailed) as failed:
        attempt(world, twin.url)

    assert failed.value.problem == "number_wrong"


def test_a_wrong_key_is_told_and_not_repeated(world, twin):
    twin.status = 401

    with pytest.raises(sessions.SessionFailed) as failed:
        attempt(world, twin.url, api_key="wrong-key-here")

    assert failed.value.problem == "key_wrong"
    assert "wrong-key-here" not in repr(failed.value)


def test_a_wrong_shape_asks_nobody(world, twin):
    with pytest.raises(CredentialsInvalid):
        attempt(world, twin.url, phone_number="12")

    assert not twin.asked


# --- webhooks -----------------------------------------------------------------------
def test_the_webhook_is_set_and_read_back(channel, twin, caplog):
    caplog.set_level(logging.INFO, logger="integrations")
    with as_app():
        told = webhook_urls.subscribe(channel)

    assert told.is_ours
    assert told.missing == ("groups",)
    assert not told.is_complete
    assert twin.told[0]["webhook"] == told.url
    assert "webhook subscription set" in caplog.messages
    assert told.url not in repr(told)


def test_a_webhook_of_somebody_else_is_seen(channel):
    with as_app():
        told = webhook_urls.read_back(channel)

    assert not told.is_ours
    assert told.is_elsewhere


def test_a_url_that_cannot_be_told_again_goes_on_until_it_is_replaced(channel):
    with as_app():
        webhook_urls.current(channel.integration)
    WebhookToken.objects.unscoped("test").update(sealed="")

    with as_app():
        webhook_urls.subscribe(channel)

    old, new = WebhookToken.objects.unscoped("test").order_by("pk")
    assert new.expires_at is None
    assert old.expires_at is not None


def test_a_refusal_to_set_it_is_typed(channel, twin):
    twin.status = 403

    with as_app(), pytest.raises(webhook_urls.WebhookFailed) as failed:
        webhook_urls.subscribe(channel)

    assert failed.value.problem == "permission_missing"
