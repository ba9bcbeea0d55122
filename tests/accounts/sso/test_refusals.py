"""What a server refuses, by whatever words, and whom that is about: the person or us."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import BrowserSession, OAuthGrant, SessionEnd
from tests.accounts.sso import hostile
from tests.accounts.sso.conftest import Walker, last_event
from tests.accounts.sso.refusals import check as _refused

pytestmark = pytest.mark.django_db
HERE = "/account/sessions/"
OF_US = [
    (401, "invalid_client"),
    (400, "invalid_client"),
    (400, "unauthorized_client"),
    (400, "unsupported_grant_type"),
    (400, "invalid_scope"),
    (400, "temporarily_unavailable"),
    (400, "server_error"),
    (403, "access_denied"),
    (404, "not_found"),
    (429, "slow_down"),
]


def _run_out():
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture(params=list(hostile.REFUSALS))
def refusal(request):
    return hostile.REFUSALS[request.param]


def test_a_revoked_refresh_token_ends_the_session(passport, refusal):
    walker = Walker(passport)
    walker.sign_in()
    passport.refusal = refusal
    passport.refresh_token = "another"
    _run_out()

    answer = walker.client.get(HERE)

    assert answer.headers["Location"] == f"/account/login/?next={HERE}"
    assert BrowserSession.objects.get().end == SessionEnd.REFUSED
    assert not OAuthGrant.objects.exists()


@pytest.mark.parametrize("body", [b"{}", b'{"error": ["invalid_client"]}'])
def test_a_refusal_without_a_name_ends_the_session_too(walker, body):
    walker.sign_in()
    walker.idp.refresh_answer = (400, body)
    _run_out()

    assert walker.client.get(HERE).status_code == 302


@pytest.mark.parametrize(("status", "error"), OF_US)
def test_what_is_about_recado_or_the_server_throws_nobody_out(walker, status, error):
    walker.sign_in()
    walker.idp.refresh_answer = (status, json.dumps({"error": error}).encode())
    _run_out()

    assert walker.client.get(HERE).status_code == 200
    assert OAuthGrant.objects.get().unreachable_since is not None


def test_a_used_code_is_recorded_as_one_and_says_to_try_again(passport, refusal):
    walker = Walker(passport)
    passport.refusal = refusal
    sent = walker.begin()
    code = passport.consent(sent.headers["Location"])
    passport.codes[code].is_used = True

    answer = walker.return_with(code=code, state=walker.query(sent)["state"])

    _refused(walker, answer, "code_refused")
    page = answer.content.decode()
    assert "OAUTH_CLIENT_SECRET" not in page
    assert "Comece de novo" in page


def test_a_wrong_secret_is_told_to_whoever_runs_recado(walker):
    walker.idp.token_answer = (401, b'{"error": "invalid_client"}')

    page = walker.sign_in().content.decode()

    assert last_event().outcome == "client_refused"
    assert "OAUTH_CLIENT_SECRET" in page
