"""How long a browser session lasts, what ends it, and what its tokens have to do with it."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import (
    BrowserSession,
    InstallationKey,
    Membership,
    OAuthGrant,
    SessionEnd,
    User,
)
from accounts.sso import grants, people, server, standing
from accounts.sso.grants import Freshness
from accounts.sso.identity import Identity
from accounts.vault import rotation
from tests.accounts.sso.conftest import Walker
from tests.factories import accounts as make

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


# --- limits ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"last_seen_at": timedelta(hours=169)}, SessionEnd.IDLE),
        ({"started_at": timedelta(days=31)}, SessionEnd.TOO_OLD),
    ],
)
def test_a_session_ends_at_its_limits(world, signed_in, change, end):
    client = signed_in(world.agent)
    [(name, ago)] = change.items()
    BrowserSession.objects.update(**{name: timezone.now() - ago})

    answer = client.get("/w/padaria/")

    assert answer.headers["Location"] == "/account/login/?next=/w/padaria/"
    assert BrowserSession.objects.get().end == end


def test_passwords_switched_off_end_the_sessions_that_came_by_one(
    world, walker, signed_in, settings
):
    by_password = signed_in(world.agent)
    walker.sign_in()
    key = by_password.session.session_key
    settings.PASSWORD_SIGNIN = False

    assert standing.find_listener(key, now=timezone.now()) is None
    answer = by_password.get("/w/padaria/")
    page = by_password.get(answer.headers["Location"]).content.decode()

    assert answer.headers["Location"] == "/account/login/?next=/w/padaria/"
    assert "A entrada com senha foi desativada aqui." in page
    assert BrowserSession.objects.get(user=world.agent).end == SessionEnd.REVOKED
    assert walker.is_signed_in()


def test_pages_that_ask_by_themselves_do_not_keep_a_session_alive(world, signed_in):
    client = signed_in(world.agent)
    earlier = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_seen_at=earlier)

    client.get("/w/padaria/conversations/", headers={"HX-Request": "true"})
    assert BrowserSession.objects.get().last_seen_at == earlier

    client.get("/w/padaria/conversations/")
    assert BrowserSession.objects.get().last_seen_at > earlier


def test_a_session_that_nobody_began_is_nobodys(world, signed_in):
    client = signed_in(world.agent)
    session = client.session
    del session["browser_session"]
    session.save()

    assert client.get("/w/padaria/").status_code == 302


def test_the_row_of_another_person_does_not_do(world, signed_in):
    client, other = signed_in(world.agent), signed_in(world.owner)
    session = client.session
    session["browser_session"] = other.session["browser_session"]
    session.save()

    assert client.get("/w/padaria/").status_code == 302


# --- the person's own page --------------------------------------------------------
def test_a_person_sees_their_sessions_and_ends_one_or_all_others(world, signed_in):
    chrome = "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36"
    here, there, third = (signed_in(world.agent) for _ in range(3))
    signed_in(world.owner)
    rows = BrowserSession.objects.filter(user=world.agent).order_by("pk")
    BrowserSession.objects.filter(pk=rows[1].pk).update(user_agent=chrome)

    page = here.get(HERE).content.decode()
    here.post("/account/sessions/end/", {"key": str(rows[1].key)})

    assert "Chrome · Windows" in page
    assert page.count('<li class="session">') == 3
    assert (_opens(here), _opens(there), _opens(third)) == (200, 302, 200)

    here.post("/account/sessions/end/")

    assert (_opens(here), _opens(third)) == (200, 302)
    assert BrowserSession.objects.get(user=world.owner).ended_at is None


def test_times_are_those_of_the_persons_workspace(world, signed_in, settings):
    settings.SESSION_MAX_DAYS = 3650
    here = signed_in(world.agent)
    night = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)  # in São Paulo it is the 9th
    BrowserSession.objects.update(started_at=night)

    page = here.get(HERE).content.decode()

    assert "desde 09/03/2026" in page
    assert 'title="09/03/2026 22:30:00 UTC-03:00"' in page


def _change_password(client):
    new = "outra-senha-de-teste"
    form = {"oldpassword": "senha-de-teste", "password1": new, "password2": new}
    client.post("/account/password/change/", form)


def _reset_password(client):
    new = "outra-senha-de-teste"
    client.post("/account/password/reset/", {"email": "agent@example.com"})
    [link] = re.findall(r"/account/password/reset/key/\S+", str(mail.outbox[-1].body))
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})


@pytest.mark.parametrize(
    ("choose", "left"), [(_change_password, 1), (_reset_password, 0)]
)
def test_a_new_password_ends_the_sessions_that_it_shuts_out(
    world, signed_in, settings, choose, left
):
    settings.EMAIL_HOST = "mail.example.com"
    here, there = signed_in(world.agent), signed_in(world.agent)
    signed_in(world.owner)

    choose(here)

    ended = BrowserSession.objects.filter(user=world.agent).exclude(ended_at=None)
    assert [one.end for one in ended] == [SessionEnd.REVOKED] * (2 - left)
    assert (_opens(here), _opens(there)) == (200 if left else 302, 302)
    assert BrowserSession.objects.get(user=world.owner).ended_at is None


def test_a_new_password_gives_the_tokens_of_other_browsers_back(
    idp, django_capture_on_commit_callbacks
):
    Walker(idp).sign_in()
    user = User.objects.get()
    user.set_password("senha-de-teste")  # they had it before the server knew them
    user.save()
    BrowserSession.objects.all().delete()
    here, there = Walker(idp), Walker(idp)
    here.sign_in()
    idp.refresh_token = "refresh-there"
    there.sign_in()

    with django_capture_on_commit_callbacks(execute=True):
        _change_password(here.client)

    assert idp.revoked == ["refresh-there"]
    assert here.is_signed_in()
    assert not there.is_signed_in()


def test_a_person_sees_who_tried_their_password(world, signed_in):
    door = {"login": "agent@example.com", "password": "senha-de-teste"}
    Client().post("/account/login/", door | {"password": "errada"})
    client = Client()
    client.post("/account/login/", door)

    page = client.get(HERE).content.decode()
    of_another = signed_in(world.owner).get(HERE).content.decode()

    assert "Senha errada" in page
    assert "Entrou com uma senha" in page
    assert "Senha errada" not in of_another


def test_nobody_ends_the_session_of_another(world, signed_in):
    client, theirs = signed_in(world.agent), signed_in(world.owner)
    key = BrowserSession.objects.get(user=world.owner).key

    foreign = client.post("/account/sessions/end/", {"key": str(key)})
    missing = client.post("/account/sessions/end/", {"key": "nonsense"})

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert _opens(theirs) == 200


def test_signing_out_by_a_form_ends_the_row(world, signed_in):
    client = signed_in(world.agent)

    client.post("/account/logout/")

    assert BrowserSession.objects.get().end == SessionEnd.SIGNED_OUT


# --- losing access ----------------------------------------------------------------
def test_a_removed_member_loses_access_at_the_next_request(world, signed_in):
    client = signed_in(world.agent)
    assert client.get("/w/padaria/").status_code == 200

    Membership.objects.for_workspace(world.workspace).filter(user=world.agent).delete()

    assert client.get("/w/padaria/").status_code == 404


def test_somebody_switched_off_loses_access_at_the_next_request(world, signed_in):
    client = signed_in(world.agent)
    assert client.get("/w/padaria/").status_code == 200

    User.objects.filter(pk=world.agent.pk).update(is_active=False)

    assert client.get("/w/padaria/").status_code == 302


def test_a_changed_role_counts_at_the_next_request(world, signed_in):
    client = signed_in(world.agent)
    url = "/w/padaria/settings/sign-in/"
    assert client.get(url).status_code == 403

    Membership.objects.for_workspace(world.workspace).filter(user=world.agent).update(
        role="admin"
    )

    assert client.get(url).status_code == 200


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


def test_old_ended_sessions_are_forgotten(world):
    for _ in range(25):
        client = Client()
        client.force_login(world.agent)
        client.post("/account/logout/")
    make.user(email="other@example.com")

    assert BrowserSession.objects.count() <= 21
