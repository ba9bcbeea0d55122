"""The server changes its keys: believed at once, asked for seldom, and nobody is thrown out."""

import time
from datetime import timedelta

import jwt
import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import BrowserSession, OAuthGrant
from accounts.sso import fetch, grants, metadata, server
from tests.accounts.sso import hostile
from tests.accounts.sso.conftest import Walker, last_event
from tests.threads import Job, eventually

pytestmark = pytest.mark.django_db
HERE = "/account/sessions/"


def _rotate(idp):
    """A new key, under a new id, from one moment to the next."""
    idp.keys = [hostile.jwk(hostile.OTHER_RSA, "k2")]
    idp.header = {"kid": "k2"}
    idp.sign = lambda claims, header: jwt.encode(
        claims, hostile.OTHER_RSA, algorithm="RS256", headers=header
    )


def _somebody_brings_an_unknown_key(idp):
    idp.header = {"kid": "nobody's"}
    Walker(idp).sign_in()
    assert last_event().outcome == "key_unknown"


def _run_out():
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_refresh_right_after_an_unknown_key_keeps_its_new_tokens(walker):
    walker.sign_in()
    first = grants.unseal(OAuthGrant.objects.get(), "id_token")
    _somebody_brings_an_unknown_key(walker.idp)
    _rotate(walker.idp)
    _run_out()

    assert walker.client.get(HERE).status_code == 200

    grant = OAuthGrant.objects.get()
    assert BrowserSession.objects.get().ended_at is None
    assert grants.unseal(grant, "refresh") == "refresh-1"
    assert grants.unseal(grant, "id_token") == first  # the new one was not verified


def test_a_refresh_keeps_its_new_tokens_while_the_keys_cannot_be_had(walker):
    walker.sign_in()
    cache.clear()
    walker.idp.statuses = {"/keys": 503}
    _run_out()

    assert walker.client.get(HERE).status_code == 200
    assert grants.unseal(OAuthGrant.objects.get(), "refresh") == "refresh-1"


def test_a_forged_token_at_a_refresh_still_ends_the_session(walker):
    walker.sign_in()
    walker.idp.sign = lambda claims, header: jwt.encode(
        claims, hostile.OTHER_RSA, algorithm="RS256", headers=header
    )
    _run_out()

    assert walker.client.get(HERE).status_code == 302


def test_an_unknown_key_still_lets_nobody_sign_in(walker):
    _somebody_brings_an_unknown_key(walker.idp)

    assert not BrowserSession.objects.exists()


def test_unknown_keys_cost_the_server_one_request_in_a_while(walker):
    walker.sign_in()
    for _ in range(5):
        _somebody_brings_an_unknown_key(walker.idp)

    assert walker.idp.count("/keys") == 2


def test_a_while_after_an_unknown_key_new_keys_are_found(walker, monkeypatch):
    monkeypatch.setattr(metadata, "REFETCH_SECONDS", 0)  # nobody waits for the real one
    walker.sign_in()
    _somebody_brings_an_unknown_key(walker.idp)
    _rotate(walker.idp)

    newcomer = Walker(walker.idp)
    newcomer.sign_in()

    assert newcomer.is_signed_in()


@pytest.mark.django_db(transaction=True)
def test_whoever_asks_while_another_does_gets_the_new_keys_too(idp):
    known = metadata.keys(server.required())
    _rotate(idp)
    idp.keys_delay = 0.5

    def ask():
        return [one["kid"] for one in metadata.keys(server.required(), after=known)]

    first = Job(ask)
    eventually(lambda: idp.count("/keys") == 2)

    assert (ask(), first.result()) == (["k2"], ["k2"])
    assert idp.count("/keys") == 2


def test_keys_that_came_meanwhile_are_taken_without_asking(idp):
    known = metadata.keys(server.required())
    _rotate(idp)
    cache.clear()
    metadata.keys(server.required())
    asked = idp.count("/keys")

    [key] = metadata.keys(server.required(), after=known)

    assert key["kid"] == "k2"
    assert idp.count("/keys") == asked


def test_whoever_waits_does_so_no_longer_than_the_other_may_fetch(idp, monkeypatch):
    monkeypatch.setattr(fetch, "DEADLINE_SECONDS", 0.3)
    known = metadata.keys(server.required())
    mark = f"{metadata._cache_key('keys', f'{idp.issuer}/keys')}:again"
    cache.set(mark, metadata._UNDER_WAY, 60)  # a process that died while it fetched
    began = time.monotonic()

    assert metadata.keys(server.required(), after=known) == known
    assert time.monotonic() - began < 2
