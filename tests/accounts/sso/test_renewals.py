"""The tokens behind a session: renewed at the server, once, and kept under our keys."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import (
    BrowserSession,
    InstallationKey,
    OAuthGrant,
    SessionEnd,
    User,
)
from accounts.sso import grants, people, server
from accounts.sso.grants import Freshness
from accounts.sso.identity import Identity
from accounts.vault import rotation
from tests.accounts.sso.conftest import Walker

pytestmark = pytest.mark.django_db
HERE = "/account/sessions/"


def _run_out():
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def _opens(client):
    return client.get(HERE).status_code


# --- renewing -----------------------------------------------------------------
def test_a_token_that_ran_out_is_renewed_at_the_next_page(walker):
    walker.sign_in()
    _run_out()

    assert _opens(walker.client) == 200
    assert _opens(walker.client) == 200

    grant = OAuthGrant.objects.get()
    assert walker.idp.refreshes == 1
    assert grants.unseal(grant, "refresh") == "refresh-1"
    assert grant.expires_at is not None
    assert grant.expires_at > timezone.now()


def test_a_server_that_keeps_its_refresh_token_is_asked_with_it_again(walker):
    walker.sign_in()
    walker.idp.token = {"refresh_token": None}
    for _ in range(2):
        walker.idp.refresh_token = "refresh-0"
        _run_out()
        assert _opens(walker.client) == 200

    assert grants.unseal(OAuthGrant.objects.get(), "refresh") == "refresh-0"


def test_a_token_still_valid_asks_nobody(walker):
    walker.sign_in()
    asked = len(walker.idp.requests)

    _opens(walker.client)

    assert len(walker.idp.requests) == asked


def test_a_refused_refresh_ends_the_session_and_the_sign_in_comes_back(walker):
    walker.sign_in()
    walker.idp.refresh_answer = (400, b'{"error":"invalid_grant"}')
    _run_out()

    answer = walker.client.get(f"{HERE}?x=1")
    page = walker.client.get(answer.headers["Location"]).content.decode()

    assert (
        answer.headers["Location"] == "/account/login/?next=/account/sessions/%3Fx%3D1"
    )
    assert "encerrou a sua sessão" in page
    assert 'name="next" value="/account/sessions/?x=1"' in page
    assert BrowserSession.objects.get().end == SessionEnd.REFUSED
    assert not OAuthGrant.objects.exists()


def test_tokens_of_somebody_else_at_a_refresh_end_the_session(walker):
    walker.sign_in()
    walker.idp.claims = {"sub": "person-2"}
    _run_out()

    assert _opens(walker.client) == 302
    assert BrowserSession.objects.get().end == SessionEnd.REFUSED


def test_without_a_refresh_token_the_session_ends_with_the_access_token(walker):
    walker.idp.token = {"refresh_token": None}
    walker.sign_in()
    assert _opens(walker.client) == 200
    _run_out()

    assert _opens(walker.client) == 302


def test_tokens_without_an_end_are_never_renewed(walker):
    walker.idp.expires_in = None
    walker.sign_in()

    assert _opens(walker.client) == 200
    assert OAuthGrant.objects.get().expires_at is None


def test_a_server_that_is_away_is_waited_for_and_not_asked_at_every_page(walker):
    walker.sign_in()
    walker.idp.refresh_answer = (503, b"{}")
    _run_out()

    assert [_opens(walker.client) for _ in range(3)] == [200, 200, 200]
    assert walker.idp.refreshes == 1


def test_after_a_quarter_of_an_hour_without_the_server_the_page_waits_too(walker):
    walker.sign_in()
    walker.idp.refresh_answer = (503, b"{}")
    _run_out()
    _opens(walker.client)
    earlier = timezone.now() - timedelta(minutes=16)
    OAuthGrant.objects.update(unreachable_since=earlier, next_try_at=earlier)

    away = walker.client.get(HERE)
    walker.idp.refresh_answer = None
    OAuthGrant.objects.update(next_try_at=earlier)

    assert away.status_code == 503
    assert away.headers["Retry-After"]
    assert "não responde" in away.content.decode()
    assert _opens(walker.client) == 200
    assert OAuthGrant.objects.get().unreachable_since is None


def test_a_secret_that_was_changed_at_the_server_does_not_throw_people_out(walker):
    walker.sign_in()
    walker.idp.refresh_answer = (401, b'{"error":"invalid_client"}')
    _run_out()

    assert _opens(walker.client) == 200


def test_another_server_ends_the_sessions_of_the_first(walker, settings):
    walker.sign_in()
    settings.OAUTH = settings.OAUTH | {"issuer": "https://other.example"}

    assert _opens(walker.client) == 302


@pytest.mark.django_db(transaction=True)
def test_two_pages_at_once_renew_once(idp):
    """The server rotates: a second use of the old token would end the session."""
    walker = Walker(idp)
    walker.sign_in()
    _run_out()
    idp.refresh_delay = 0.3
    together = threading.Barrier(2)

    def page(_):
        client = Client()
        client.cookies["recado_session"] = walker.client.cookies["recado_session"].value
        together.wait(5)
        try:
            return _opens(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(page, range(2)))

    assert answers == [200, 200]
    assert idp.refreshes == 1
    assert grants.unseal(OAuthGrant.objects.get(), "refresh") == "refresh-1"


@pytest.mark.django_db(transaction=True)
def test_two_claims_at_once_have_one_winner(idp):
    Walker(idp).sign_in()
    _run_out()
    grant = OAuthGrant.objects.get()
    together, now = threading.Barrier(2), timezone.now()

    def renew(_):
        together.wait(5)
        try:
            return grants.keep_fresh(grant, server.configured(), now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(renew, range(2)))

    assert verdicts == [Freshness.FRESH, Freshness.FRESH]
    assert idp.refreshes == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_in_two_browsers_at_once_becomes_one_user(idp):
    together, now = threading.Barrier(2), timezone.now()
    identity = Identity(idp.issuer, "p", "Ana", "ana@example.com", True, {})

    def arrive(_):
        together.wait(5)
        try:
            return people.sync(identity, server=server.required(), now=now, ip=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        users = list(pool.map(arrive, range(2)))

    assert users == [User.objects.get()] * 2


@pytest.mark.django_db(transaction=True)
def test_who_came_in_elsewhere_between_two_looks_is_the_same_user(idp, monkeypatch):
    now = timezone.now()
    identity = Identity(idp.issuer, "p", "Ana", "ana@example.com", True, {})
    joined, elsewhere = people._joined, []

    def arrive():
        try:
            return people.sync(identity, server=server.required(), now=now, ip=None)
        finally:
            connection.close()

    def come_in_elsewhere_first(*args):
        monkeypatch.setattr(people, "_joined", joined)
        with ThreadPoolExecutor(1) as pool:
            elsewhere.append(pool.submit(arrive).result(10))
        return joined(*args)

    monkeypatch.setattr(people, "_joined", come_in_elsewhere_first)
    user = people.sync(identity, server=server.required(), now=now, ip=None)

    assert [user] == elsewhere == [User.objects.get()]


# --- the vault's upkeep covers people's tokens -------------------------------------
def test_rotation_moves_tokens_to_a_new_key_and_they_still_open(walker):
    walker.sign_in()
    [first] = InstallationKey.objects.all()

    assert rotation.replace_data_keys(now=timezone.now() + timedelta(seconds=1)) == 1
    moved = rotation.reseal_secrets()

    grant = OAuthGrant.objects.get()
    assert (moved.done, moved.failed) == (3, [])
    assert grants.unseal(grant, "refresh") == "refresh-0"
    assert rotation.drop_retired_keys(now=timezone.now() + timedelta(days=2)) == 1
    assert not InstallationKey.objects.filter(pk=first.pk).exists()
    assert grants.unseal(grant, "id_token")


def test_a_new_root_key_takes_over_the_installations_key(walker, settings):
    walker.sign_in()
    settings.INTEGRATIONS_KEYS_OLD = [settings.INTEGRATIONS_KEY]
    settings.INTEGRATIONS_KEY = b"n" * 32

    tally = rotation.reseal_keys()
    settings.INTEGRATIONS_KEYS_OLD = []

    assert (tally.done, tally.failed) == (1, [])
    assert grants.unseal(OAuthGrant.objects.get(), "access")


def test_a_token_that_does_not_open_is_named_and_ends_its_session(walker):
    walker.sign_in()
    grant = OAuthGrant.objects.get()
    OAuthGrant.objects.update(refresh=grant.access)

    assert rotation.verify()["accounts_oauthgrant.refresh"].failed == [
        f"accounts_oauthgrant.refresh {grant.pk}"
    ]
    _run_out()
    assert _opens(walker.client) == 302


def test_a_workspaces_key_with_the_same_id_is_another_key(world, walker):
    """The ids of the two tables overlap; dropping one must not count the other's use."""
    walker.sign_in()
    key = InstallationKey.objects.get()

    assert rotation.verify()["accounts_installationkey.sealed"].done == 1
    InstallationKey.objects.update(retired_at=timezone.now() - timedelta(days=2))

    assert rotation.drop_retired_keys(now=timezone.now()) == 0
    assert InstallationKey.objects.filter(pk=key.pk).exists()
