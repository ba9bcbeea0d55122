"""Sessions that end here end their tokens at the server too, and end here whatever it says."""

import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import BrowserSession, OAuthGrant, SessionEnd, SignInEvent
from accounts.sso import fetch, grants, server, sessions
from accounts.sso.grants import Freshness
from accounts.sso.outcomes import NOT_REVOKED
from tests.accounts.sso.conftest import Walker, by_endpoints, last_event
from tests.threads import Job, eventually
from tests.walls import as_owner

pytestmark = pytest.mark.django_db
END = "/account/sessions/end/"


@pytest.fixture
def browsers(idp):
    """One person in three browsers, each with a refresh token of its own."""
    walkers = []
    for number in range(3):
        idp.refresh_token = f"refresh-{number}"
        walkers.append(Walker(idp))
        walkers[-1].sign_in()
    idp.forms.clear()
    return walkers


def keys():
    return list(BrowserSession.objects.order_by("pk").values_list("key", flat=True))


def end_others(walker, post, **form):
    with post(execute=True):
        return walker.client.post(END, form)


def failures():
    return SignInEvent.objects.filter(outcome=NOT_REVOKED)


# --- the list of sessions ---------------------------------------------------------
def test_ending_a_session_revokes_its_refresh_token_as_our_client(
    browsers, django_capture_on_commit_callbacks
):
    here, there, third = browsers

    answer = end_others(here, django_capture_on_commit_callbacks, key=str(keys()[1]))

    assert answer.status_code == 302
    assert here.idp.revoked == ["refresh-1"]
    assert here.idp.forms == [
        {"token": "refresh-1", "token_type_hint": "refresh_token"}
    ]
    assert [one.is_signed_in() for one in (here, there, third)] == [True, False, True]
    assert not failures().exists()


def test_ending_all_others_revokes_each_and_spares_this_browser(
    browsers, django_capture_on_commit_callbacks
):
    end_others(browsers[0], django_capture_on_commit_callbacks)

    assert browsers[0].idp.revoked == ["refresh-1", "refresh-2"]
    assert OAuthGrant.objects.count() == 1


def test_the_server_is_asked_only_once_the_end_stands(
    browsers, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        browsers[0].client.post(END)

    assert browsers[0].idp.revoked == []
    assert BrowserSession.objects.filter(end=SessionEnd.REVOKED).count() == 2
    assert len(callbacks) == 1


def test_an_end_that_is_rolled_back_revokes_nothing(
    browsers, rf, django_capture_on_commit_callbacks
):
    def give_up():
        with transaction.atomic():
            sessions.revoke(rf.post(END), BrowserSession.objects.all(), now=now)
            raise RuntimeError

    now = timezone.now()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError):
        give_up()

    assert browsers[0].idp.revoked == []
    assert BrowserSession.objects.filter(ended_at=None).count() == 3


def test_the_secret_goes_into_the_form_where_the_server_wants_it_there(
    browsers, django_capture_on_commit_callbacks
):
    idp = browsers[0].idp
    idp.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    cache.clear()

    end_others(browsers[0], django_capture_on_commit_callbacks)

    assert idp.revoked == ["refresh-1", "refresh-2"]
    assert {form["client_id"] for form in idp.forms} == {"recado:client"}


def test_without_a_refresh_token_the_access_token_is_revoked(
    idp, django_capture_on_commit_callbacks
):
    idp.token = {"refresh_token": None, "access_token": "access-1"}
    idp.claims = {"at_hash": None}
    here, there = Walker(idp), Walker(idp)
    here.sign_in()
    there.sign_in()
    idp.forms.clear()

    end_others(here, django_capture_on_commit_callbacks)

    assert idp.forms == [{"token": "access-1", "token_type_hint": "access_token"}]


@pytest.mark.parametrize(
    "trouble",
    [
        {"statuses": {"/revoke": 503}},
        {"statuses": {"/revoke": 401}},
        {"statuses": {"/revoke": 429}},
        {"redirect": {"/revoke": "/elsewhere"}},
    ],
)
def test_a_server_that_refuses_changes_nothing_here_and_is_in_the_record(
    browsers, django_capture_on_commit_callbacks, caplog, trouble
):
    here, there, third = browsers
    for name, value in trouble.items():
        setattr(here.idp, name, value)

    answer = end_others(here, django_capture_on_commit_callbacks)

    assert answer.status_code == 302
    assert [one.is_signed_in() for one in (here, there, third)] == [True, False, False]
    assert here.idp.count("/revoke") == 1  # the second is not tried on top
    assert failures().count() == 2
    person = BrowserSession.objects.latest("pk").user
    assert {(one.user, one.issuer) for one in failures()} == {(person, here.idp.issuer)}
    assert "refresh-1" not in caplog.text
    page = here.client.get("/account/sessions/").content.decode()
    assert "mas não no servidor de identidade" in page


def test_a_server_that_is_gone_does_not_keep_a_session_open(
    browsers, settings, django_capture_on_commit_callbacks
):
    settings.OAUTH = by_endpoints(
        browsers[0].idp, revocation_endpoint="http://127.0.0.1:1/revoke"
    )

    end_others(browsers[0], django_capture_on_commit_callbacks)

    assert BrowserSession.objects.filter(ended_at=None).count() == 1
    assert failures().count() == 2


def test_many_sessions_wait_no_longer_than_one_for_a_slow_server(
    browsers, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(fetch, "DEADLINE_SECONDS", 0.3)
    browsers[0].idp.slow = "/revoke"
    began = time.monotonic()

    end_others(browsers[0], django_capture_on_commit_callbacks)

    assert time.monotonic() - began < 3
    assert BrowserSession.objects.filter(ended_at=None).count() == 1


def test_a_token_that_does_not_open_does_not_keep_the_next_from_going_back(
    browsers, django_capture_on_commit_callbacks
):
    broken = OAuthGrant.objects.order_by("pk")[1]
    OAuthGrant.objects.filter(pk=broken.pk).update(refresh=broken.access)

    end_others(browsers[0], django_capture_on_commit_callbacks)

    assert browsers[0].idp.revoked == ["refresh-2"]
    assert failures().count() == 1


def test_without_a_revocation_end_point_nobody_is_asked_and_nothing_failed(
    passport, django_capture_on_commit_callbacks
):
    here, there = Walker(passport), Walker(passport)
    here.sign_in()
    there.sign_in()
    asked = len(passport.requests)

    end_others(here, django_capture_on_commit_callbacks)

    assert not there.is_signed_in()
    assert len(passport.requests) == asked
    assert not failures().exists()


def test_a_server_without_discovery_is_told_where_the_setting_says(
    passport, settings, django_capture_on_commit_callbacks
):
    url = f"{passport.issuer}/revoke"
    settings.OAUTH = by_endpoints(passport, revocation_endpoint=url)
    here, there = Walker(passport), Walker(passport)
    here.sign_in()
    there.sign_in()

    end_others(here, django_capture_on_commit_callbacks)

    assert passport.revoked == ["refresh-0"]
    assert passport.forms[-1]["client_secret"]


def test_tokens_of_a_server_that_was_left_are_not_shown_to_the_next(
    browsers, settings, rf, django_capture_on_commit_callbacks
):
    settings.OAUTH = settings.OAUTH | {"issuer": "http://127.0.0.1:1"}

    with django_capture_on_commit_callbacks(execute=True):
        sessions.revoke(rf.post(END), BrowserSession.objects.all(), now=timezone.now())

    assert browsers[0].idp.revoked == []
    assert not failures().exists()


def test_people_with_a_password_end_their_sessions_without_any_server(
    world, idp, signed_in, django_capture_on_commit_callbacks
):
    here, there = signed_in(world.agent), signed_in(world.agent)

    with django_capture_on_commit_callbacks(execute=True):
        here.post(END)

    assert there.get("/account/sessions/").status_code == 302
    assert idp.requests == []


# --- signing out --------------------------------------------------------------------
def test_signing_out_ends_here_first_and_then_there(walker, monkeypatch):
    walker.sign_in()
    open_ones = []
    tell = grants.give_back

    def watch(*told):
        open_ones.append(BrowserSession.objects.filter(ended_at=None).count())
        return tell(*told)

    monkeypatch.setattr(grants, "give_back", watch)

    walker.client.post("/account/logout/")

    assert open_ones == [0]
    assert walker.idp.revoked == ["refresh-0"]


def test_whoever_changes_accounts_at_the_server_comes_back_to_where_they_were(
    walker,
):
    walker.sign_in()
    wanted = "/invitations/convite/"

    out = walker.client.post("/account/logout/", {"next": wanted})
    back = walker.client.get("/account/login/")
    page = walker.client.get(back.headers["Location"]).content.decode()

    assert out.headers["Location"].startswith(f"{walker.idp.issuer}/logout?")
    assert back.headers["Location"] == f"/account/login/?next={wanted}"
    assert f'name="next" value="{wanted}"' in page
    assert walker.client.get("/account/login/").status_code == 200  # once


def test_signing_out_leads_to_nobody_elses_address(walker):
    walker.sign_in()

    walker.client.post("/account/logout/", {"next": "https://evil.example/"})

    assert walker.client.get("/account/login/").status_code == 200


def test_signing_out_at_a_server_that_is_away_is_in_the_record(walker):
    walker.sign_in()
    walker.idp.statuses = {"/revoke": 503}

    answer = walker.client.post("/account/logout/")

    assert answer.headers["Location"] == "/"
    assert not walker.is_signed_in()
    assert last_event().outcome == NOT_REVOKED
    assert last_event().user == BrowserSession.objects.get().user


def test_a_stranger_who_signs_out_asks_no_server(idp):
    answer = Client().post("/account/logout/")

    assert answer.status_code == 302
    assert idp.requests == []


# --- while a token is being renewed ---------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_token_that_comes_in_after_the_end_is_given_back(idp):
    walker = Walker(idp)
    walker.sign_in()
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    idp.refresh_delay = 0.5

    def renew():
        with as_owner():
            grant = OAuthGrant.objects.get()
            return grants.keep_fresh(grant, server.configured(), now=timezone.now())

    slow = Job(renew)
    eventually(lambda: idp.count("/token") > 1)
    sessions.end(BrowserSession.objects.all(), SessionEnd.REVOKED, now=timezone.now())

    assert slow.result() is Freshness.ENDED
    assert idp.revoked == ["refresh-1"]
    assert not OAuthGrant.objects.exists()


def test_a_session_that_ends_before_its_tokens_are_read_is_over(walker):
    walker.sign_in()
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    grant = OAuthGrant.objects.defer("refresh").get()
    sessions.end(BrowserSession.objects.all(), SessionEnd.REVOKED, now=timezone.now())

    verdict = grants.keep_fresh(grant, server.configured(), now=timezone.now())

    assert verdict is Freshness.ENDED


@pytest.mark.django_db(transaction=True)
def test_ending_a_session_for_real_tells_the_server(idp):
    here, there = Walker(idp), Walker(idp)
    here.sign_in()
    idp.refresh_token = "refresh-9"
    there.sign_in()

    here.client.post(END)

    assert idp.revoked == ["refresh-9"]
    assert not there.is_signed_in()
