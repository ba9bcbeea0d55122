"""New credentials reach the provider, and what was asked with the old ones counts no more."""

import time

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from accounts.scoping import workspace_transaction
from accounts.vault import seal_json
from integrations import gateway, proofs
from integrations.failures import Failure
from integrations.models import Integration, Problem, Session
from integrations.providers.base.errors import CredentialsRefused
from integrations.services import (
    asking,
    connections,
    credentials,
    leases,
    pairing,
    sessions,
    webhook_urls,
)
from tests.integrations.pairing import fresh, make_due, number, time_passes
from tests.integrations.providers import golden
from tests.twins import evolution, waha
from tests.twins import pairing as provider
from tests.twins.numbers import CODE
from tests.walls import as_app

DIGITS = provider.PHONE.lstrip("+")
A = "5511987654321"
NEW_WORD = "another-word-of-ours"

pytestmark = pytest.mark.django_db(transaction=True)


def add(world, slug, told):
    with as_app():
        return connections.add_integration(
            workspace=world.workspace,
            provider=slug,
            name="Shop",
            credentials=told,
            now=timezone.now(),
        ).channel


def replace(world, channel, **told):
    with as_app():
        version = asking.integration_of(channel).secret_version
        return credentials.replace(channel, told, version=version, actor=world.owner)


@pytest.fixture
def evo(settings):
    with evolution.serving() as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        yield twin


@pytest.fixture
def shop(world, evo):
    told = {
        "phone_number": f"+{A}",
        "base_url": f"http://{evo.host}",
        "instance_name": "shop",
        "api_key": evolution.GLOBAL_KEY,
    }
    channel = add(world, "evolution", told)
    with as_app():
        session = sessions.open_session(channel)
    evo.scan("shop", A)
    time_passes(session, seconds=5)
    with as_app():
        assert sessions.refresh(session).state == "connected"
    return channel


def posted(evo):
    """What the instance posts now, as our receiver would see it."""
    evo.write("shop", "5511911112222", "Oi", message_id="m1")
    url, body, headers = evo.posted[-1]
    return url, golden.request(body=body, headers=headers)


def proves(url, raw):
    with as_app():
        endpoint = gateway.load_endpoint(webhook_urls.digest_of(url))
        gateway.authenticate(endpoint, raw)


# --- the word that proves the provider --------------------------------------------
def test_a_new_webhook_secret_reaches_the_provider(world, evo, shop):
    before = posted(evo)

    replaced = replace(world, shop, webhook_secret=NEW_WORD)

    assert replaced.is_told
    assert evo.instances["shop"].webhook["headers"]["jwt_key"] == NEW_WORD
    proves(*before)  # on its way, or sent again
    proves(*posted(evo))


def test_the_word_of_before_ends_after_a_week(world, evo, shop):
    replace(world, shop, webhook_secret=NEW_WORD)
    integration = Integration.objects.unscoped("t").get()
    current = gateway.unseal_credentials(integration)
    now = timezone.now()

    good = proofs.accepted(integration, current, now=now)
    late = proofs.accepted(integration, current, now=now + proofs.LASTS)

    assert [one["webhook_secret"] == NEW_WORD for one in good] == [True, False]
    assert late == (current,)
    assert good[1]["webhook_secret"] not in integration.former_proofs


def test_two_new_words_in_one_week_leave_three_that_prove(world, evo, shop):
    replace(world, shop, webhook_secret=NEW_WORD)
    replace(world, shop, webhook_secret=NEW_WORD + "-2")
    integration = Integration.objects.unscoped("t").get()
    current = gateway.unseal_credentials(integration)

    found = proofs.accepted(integration, current, now=timezone.now())

    assert len({one["webhook_secret"] for one in found}) == 3


def test_a_new_key_alone_leaves_the_webhook_as_it_is(world, evo, shop):
    evo.requests.clear()
    evo.instances["shop"].token = "token-of-shop"

    replaced = replace(world, shop, api_key="token-of-shop")

    assert replaced.changed == ("api_key",)
    assert not [one for one in evo.requests if "/webhook/set/" in one[1]]


def test_another_instance_is_told_where_to_post(world, evo, shop):
    evo.instances["new"] = evolution.Instance(
        "new", "t", "open", "open", f"{A}@s.whatsapp.net"
    )

    replace(world, shop, base_url=f"http://{evo.host}", instance_name="new")

    with as_app():
        url = webhook_urls.current(asking.integration_of(shop))
    assert evo.instances["new"].webhook["url"] == url


def test_who_was_not_told_is_set_by_a_person(world, evo, shop, signed_in, monkeypatch):
    world.owner.language = "en"
    world.owner.save()

    def fail(*args, **more):
        raise webhook_urls.WebhookFailed(Failure(Problem.UNAVAILABLE))

    monkeypatch.setattr(webhook_urls, "subscribe", fail)
    body = {
        "version": 1,
        "base_url": f"http://{evo.host}",
        "instance_name": "shop",
        "api_key": "",
        "webhook_secret": NEW_WORD,
    }
    path = f"/w/padaria/integrations/whatsapp/{shop.key}/"

    response = signed_in(world.owner).post(f"{path}credentials/", body)

    assert response.headers["Location"] == f"{path}webhook/"
    [warning, _] = [str(one) for one in get_messages(response.wsgi_request)]
    assert "set the webhook here" in warning
    assert "7 days" in warning


def test_the_form_is_kept_by_nobody(world, shop, signed_in):
    path = f"/w/padaria/integrations/whatsapp/{shop.key}/credentials/"

    response = signed_in(world.owner).get(path)

    assert response.headers["Cache-Control"] == "no-store"


# --- what was asked with the old ones ---------------------------------------------
@pytest.fixture
def pending(world, twin):
    channel = number(world.workspace, twin.url)
    with as_app():
        session = sessions.open_session(channel)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}
    time_passes(session, seconds=10)
    make_due(session)
    return session


KEPT = {"granted_key": "none yet"}


def test_a_poll_with_the_old_key_ends_nothing_after_the_new_one(world, twin, pending):
    with as_app():
        token = leases.take(pending)

    replace(world, pending.channel, api_key="a-key-of-today", base_url=twin.url, **KEPT)

    with as_app(), workspace_transaction(world.workspace.pk):
        assert leases.hold(world.workspace.pk, pending.pk, token) is None
    assert fresh(pending).state == "awaiting_user"


def test_a_session_being_opened_with_the_old_key_is_not_ended_by_it(
    world, twin, monkeypatch
):
    """Nobody had an answer yet, so the first one would count though its lease is void."""
    channel = number(world.workspace, twin.url)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}
    real = provider.PairingAdapter.create_session
    olds = []

    def meanwhile(self, told, http, wish):
        if told["api_key"] != "key-of-the-tests":
            return real(self, told, http, wish)
        olds.append(told)
        with workspace_transaction(world.workspace.pk):
            held = Integration.objects.for_workspace(world.workspace).get()
            Session.objects.for_workspace(world.workspace).update(
                lease_token=None, lease_until=None
            )
            held.secret_version += 1
            held.credentials = seal_json(
                {**told, "api_key": "a-key-of-today"},
                gateway.credentials_context(held),
            )
            held.save()
        raise CredentialsRefused("401")

    monkeypatch.setattr(provider.PairingAdapter, "create_session", meanwhile)

    with as_app():
        session = sessions.open_session(channel)

    assert len(olds) == 1
    assert (session.state, session.ended_at) == ("created", None)


# --- another session name at WAHA -------------------------------------------------
def test_a_new_session_name_is_the_one_that_is_asked_about(world, settings):
    key = "the-api-key-1"
    with waha.serving(key) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{twin.port}"]
        told = {
            "phone_number": f"+{A}",
            "base_url": twin.url,
            "session_name": "old",
            "api_key": key,
        }
        channel = add(world, "waha", told)
        for name in ("old", "new"):
            twin.sessions[name] = waha.Session(name, {}, "WORKING", {"id": f"{A}@c.us"})
        with as_app():
            session = sessions.open_session(channel)
        assert session.state == "connected"
        del twin.sessions["old"]

        replaced = replace(world, channel, base_url=twin.url, session_name="new")

        assert fresh(session).state == "connected"
        assert replaced.is_told
        assert twin.sessions["new"].config["webhooks"]


# --- how long a page waits --------------------------------------------------------
def test_a_code_to_type_takes_the_time_of_one_question(world, twin, monkeypatch):
    channel = number(world.workspace, twin.url)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}
    ends = []
    open_line = gateway.open_line

    def note(*args, budget=None, **more):
        ends.append(time.monotonic() + budget)
        time.sleep(0.05)
        return open_line(*args, budget=budget, **more)

    monkeypatch.setattr(gateway, "open_line", note)
    begun = time.monotonic()

    with as_app():
        pairing.ask_code(channel)

    assert len(ends) == 3  # opened, closed, opened anew
    assert all(one <= begun + leases.BUDGET + 0.1 for one in ends)
    assert max(ends) - min(ends) < 0.05
