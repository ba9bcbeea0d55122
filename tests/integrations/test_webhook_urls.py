"""Which of our addresses a provider posts to, however often another one is made."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from accounts.models import AuditEvent
from integrations import gateway
from integrations.models import WebhookToken
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.types import WebhookReport
from integrations.services import acts, asking, connections, webhook_urls
from integrations.services.webhook_urls import WebhookFailed
from tests.factories import integrations as make
from tests.integrations.pairing import number
from tests.twins.pairing import PairingAdapter
from tests.walls import as_app

PLACE = "/w/padaria/integrations/whatsapp/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel(world, twin):
    return number(world.workspace, twin.url)


@pytest.fixture
def kept(monkeypatch):
    """What the provider keeps is what it was told last."""
    urls = ["https://elsewhere.example/"]
    set_webhook = PairingAdapter.set_webhook

    def remember(self, url, credentials, http):
        set_webhook(self, url, credentials, http)
        urls.append(url)
        return WebhookReport(url=url)

    monkeypatch.setattr(PairingAdapter, "set_webhook", remember)
    monkeypatch.setattr(
        PairingAdapter,
        "webhook_report",
        lambda self, credentials, http: WebhookReport(url=urls[-1]),
    )
    return urls


@pytest.fixture
def client(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def renew(channel):
    return connections.rotate_webhook_token(channel.integration, now=timezone.now())


def token_of(url):
    return WebhookToken.objects.unscoped("test").get(digest=webhook_urls.digest_of(url))


def order(client, channel, act):
    response = client.post(f"{PLACE}{channel.key}/webhook/", {"act": act})
    told = [str(one) for one in get_messages(response.wsgi_request)]
    return " ".join(told)


def page(client, channel):
    return client.get(f"{PLACE}{channel.key}/webhook/").content.decode()


# --- what is in use goes on -------------------------------------------------------
def test_the_address_in_use_outlives_two_presses(channel):
    with as_app():
        used = webhook_urls.subscribe(channel).url

        renew(channel)
        renew(channel)

        assert gateway.load_endpoint(webhook_urls.digest_of(used)).new_token == b""
    assert token_of(used).expires_at is None


def test_the_week_begins_when_the_new_address_is_read_back(channel, kept):
    with as_app():
        used = webhook_urls.subscribe(channel).url
        fresh = renew(channel)
    assert token_of(used).expires_at is None

    with as_app():
        webhook_urls.subscribe(channel)

    left = token_of(used).expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert (kept[-1], token_of(fresh).expires_at) == (fresh, None)


def test_reading_the_new_address_back_begins_the_week_too(channel, kept):
    with as_app():
        used = webhook_urls.subscribe(channel).url
        fresh = renew(channel)
        kept.append(fresh)  # put in at the provider by hand

        webhook_urls.read_back(channel)

    assert token_of(used).expires_at is not None


def test_a_new_address_that_was_not_taken_leaves_the_old_one(
    world, channel, twin, client, kept
):
    with as_app():
        used = webhook_urls.subscribe(channel).url
        twin.status = 503
        with pytest.raises(WebhookFailed):
            acts.renew_webhook_url(channel, actor=world.owner)
    twin.status = 200

    text = page(client, channel)

    ending = used.rstrip("/")[-6:]
    assert f"posts to the one that ends in {ending}" in text
    assert "It posts to the address of before" in text
    assert "somebody else" not in text
    assert token_of(used).expires_at is None
    with as_app():
        reading = webhook_urls.last_reading(asking.integration_of(channel))
    assert reading is not None
    assert (reading.is_former, reading.is_elsewhere) == (True, False)


# --- two at once ------------------------------------------------------------------
def test_what_the_provider_was_told_last_never_ends(channel, kept, monkeypatch):
    """One tab is slow; meanwhile another makes a new address and sets it."""
    with as_app():
        webhook_urls.subscribe(channel)
    real = PairingAdapter.set_webhook
    others: list[str] = []

    def slowly(self, url, credentials, http):
        if not others:
            others.append(url)
            renew(channel)
            others.append(webhook_urls.subscribe(channel).url)
        return real(self, url, credentials, http)

    monkeypatch.setattr(PairingAdapter, "set_webhook", slowly)

    with as_app():
        told = webhook_urls.subscribe(channel)

    assert told.url == kept[-1] == others[-1]
    assert token_of(kept[-1]).expires_at is None
    assert token_of(others[0]).expires_at is not None


# --- nothing is taken away in passing ---------------------------------------------
def test_the_wizard_takes_the_webhook_from_nobody_unasked(channel, client, kept):
    order(client, channel, "next")

    assert kept == ["https://elsewhere.example/"]
    assert not AuditEvent.objects.unscoped("t").filter(action__endswith="webhook_set")
    assert "that other system hears nothing more" in page(client, channel)

    order(client, channel, "set")
    assert "/webhooks/whatsapp/" in kept[-1]


def test_the_wizard_sets_what_posts_nowhere(channel, client, kept):
    kept.append("")

    told = order(client, channel, "next")

    assert "was set and read back" in told
    assert "/webhooks/whatsapp/" in kept[-1]


def test_the_page_of_a_session_orders_the_careful_way(channel, client):
    make.session(channel, kind="qr", state="connected", connected_at=timezone.now())

    text = client.get(f"{PLACE}{channel.key}/session/").content.decode()

    assert 'value="next" id="session-next"' in text


# --- by hand ----------------------------------------------------------------------
def test_by_hand_the_old_address_waits_for_the_first_post(channel, client, monkeypatch):
    by_hand = PairingAdapter.capabilities - {Capability.WEBHOOK_BY_API}
    monkeypatch.setattr(PairingAdapter, "capabilities", by_hand)
    with as_app():
        used = webhook_urls.current(channel.integration)
        gateway.confirm_url(gateway.load_endpoint(webhook_urls.digest_of(used)))

    told = order(client, channel, "renew")

    with as_app():
        fresh = webhook_urls.current(channel.integration)
    assert "until Pairing uses the new one, and for 7 days after that" in told
    assert f"ends in {used.rstrip('/')[-6:]}" in page(client, channel)
    assert token_of(used).expires_at is None
    with as_app():
        gateway.confirm_url(gateway.load_endpoint(webhook_urls.digest_of(fresh)))
    assert token_of(used).expires_at is not None
    assert "The new address is not in use yet" not in page(client, channel)


# --- how long a page waits --------------------------------------------------------
def test_a_page_waits_ten_seconds_at_most_for_all_it_asks(channel, monkeypatch):
    budgets = []
    open_line = gateway.open_line

    def note(*args, budget=None, **more):
        budgets.append(budget)
        return open_line(*args, budget=budget, **more)

    monkeypatch.setattr(gateway, "open_line", note)

    with as_app():
        webhook_urls.subscribe(channel)
        webhook_urls.read_back(channel)

    assert all(0 < one <= 10 for one in budgets)
    assert len(budgets) == 2
