"""The identity server is away for longer than pages go on: what a signed-in browser can do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import BrowserSession, OAuthGrant, SessionEnd, User
from accounts.sso.outcomes import NOT_REVOKED
from tests.accounts.sso.conftest import last_event
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db
HERE = "/account/sessions/"
DOOR = {"login": "boss@example.com", "password": "senha-de-teste"}


@pytest.fixture
def browser(walker):
    """Signed in at the server, which went away a quarter of an hour ago."""
    make.user(email="boss@example.com")
    walker.sign_in()
    walker.idp.refresh_answer = (503, b"{}")
    walker.idp.statuses = {"/revoke": 503}
    earlier = timezone.now() - timedelta(minutes=16)
    OAuthGrant.objects.update(
        expires_at=earlier, unreachable_since=earlier, next_try_at=earlier
    )
    return walker.client


def test_the_page_waits_and_says_what_works_meanwhile(browser):
    page = browser.get(HERE)

    assert page.status_code == 503
    html = page.content.decode()
    assert 'method="post" action="/account/logout/"' in html
    assert 'href="/account/login/"' in html
    assert "csrfmiddlewaretoken" in html


def test_no_password_is_offered_where_it_is_switched_off(browser, settings):
    settings.PASSWORD_SIGNIN = False

    html = browser.get(HERE).content.decode()

    assert 'action="/account/logout/"' in html
    assert 'href="/account/login/"' not in html


def test_signing_out_ends_the_session_here(browser):
    answer = browser.post("/account/logout/")

    assert answer.headers["Location"] == "/"
    assert BrowserSession.objects.get().end == SessionEnd.SIGNED_OUT
    assert not OAuthGrant.objects.exists()
    assert last_event().outcome == NOT_REVOKED
    assert browser.get("/account/login/").status_code == 200
    assert browser.get(HERE).status_code == 302


def test_the_question_before_signing_out_is_asked(browser):
    assert browser.get("/account/logout/").status_code == 200
    assert BrowserSession.objects.get().ended_at is None


def test_a_password_takes_over_the_browser(browser):
    assert browser.get("/account/login/").status_code == 200

    answer = browser.post("/account/login/", DOOR)

    assert answer.headers["Location"] == "/"
    assert browser.get(HERE).status_code == 200
    ended, begun = BrowserSession.objects.order_by("pk")
    assert (ended.end, ended.user.email) == (SessionEnd.REPLACED, "rita@example.com")
    assert (begun.end, begun.user.email) == ("", "boss@example.com")
    assert not OAuthGrant.objects.exists()


def test_a_wrong_password_leaves_the_session_as_it_was(browser, walker):
    browser.post("/account/login/", DOOR | {"password": "errada"})
    assert browser.get(HERE).status_code == 503

    walker.idp.refresh_answer = None
    OAuthGrant.objects.update(next_try_at=None)

    assert browser.get(HERE).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/api/", "/account/password/reset/"])
def test_pages_that_need_nobody_open(browser, client, path):
    assert browser.get(path).status_code == client.get(path).status_code != 503


def test_the_way_to_the_server_and_back_ends_the_earlier_session(browser, walker):
    """The grant may not be renewed yet when the callback comes in."""
    soon = timezone.now() + timedelta(seconds=20)
    OAuthGrant.objects.update(next_try_at=soon)

    walker.sign_in()

    assert walker.is_signed_in()
    ends = BrowserSession.objects.order_by("pk").values_list("end", flat=True)
    assert list(ends) == [SessionEnd.REPLACED, ""]
    assert OAuthGrant.objects.filter(session__ended_at=None).count() == 1
    assert walker.idp.revoked == []  # it may count both as one session


def test_somebody_else_in_the_same_browser_gives_the_first_tokens_back(
    walker, django_capture_on_commit_callbacks
):
    walker.sign_in()
    walker.idp.person |= {"sub": "person-2", "email": "ana@example.com"}
    walker.idp.refresh_token = "refresh-of-ana"

    with django_capture_on_commit_callbacks(execute=True):
        walker.sign_in()

    assert walker.is_signed_in()
    assert walker.idp.revoked == ["refresh-0"]
    assert User.objects.count() == 2
