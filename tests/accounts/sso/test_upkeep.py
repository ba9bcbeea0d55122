"""What closed browsers leave behind goes, and the server hears of it."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import BrowserSession, OAuthGrant, SessionEnd, SignInEvent
from accounts.sso import upkeep
from accounts.sso.outcomes import NOT_REVOKED
from accounts.tasks import clear_sessions
from tests.accounts.sso.conftest import Walker
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def _browsers(idp, count):
    for number in range(count):
        idp.refresh_token = f"refresh-{number}"
        Walker(idp).sign_in()
    idp.forms.clear()


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"last_seen_at": 8 * DAY}, SessionEnd.IDLE),
        ({"started_at": 31 * DAY}, SessionEnd.TOO_OLD),
    ],
)
def test_a_session_nobody_comes_back_to_ends_here_and_at_the_server(idp, change, end):
    _browsers(idp, 2)
    [(name, ago)] = change.items()
    first = BrowserSession.objects.earliest("pk")
    BrowserSession.objects.filter(pk=first.pk).update(**{name: timezone.now() - ago})

    clear_sessions()

    ended, open_one = BrowserSession.objects.order_by("pk")
    assert (ended.end, open_one.end) == (end, "")
    assert OAuthGrant.objects.get().session_id == open_one.pk
    assert idp.revoked == ["refresh-0"]


def test_a_page_at_the_limit_tells_the_server_too(
    walker, django_capture_on_commit_callbacks
):
    walker.sign_in()
    BrowserSession.objects.update(last_seen_at=timezone.now() - 8 * DAY)

    with django_capture_on_commit_callbacks(execute=True):
        walker.client.get("/account/sessions/")

    assert BrowserSession.objects.get().end == SessionEnd.IDLE
    assert walker.idp.revoked == ["refresh-0"]


def test_many_end_in_batches(idp, monkeypatch):
    monkeypatch.setattr(upkeep, "BATCH", 2)
    _browsers(idp, 5)
    BrowserSession.objects.update(last_seen_at=timezone.now() - 8 * DAY)

    assert upkeep.run(now=timezone.now())["ended"] == 5
    assert len(idp.revoked) == 5
    assert not OAuthGrant.objects.exists()


def test_while_the_server_is_away_the_others_keep_their_tokens(idp, monkeypatch):
    monkeypatch.setattr(upkeep, "BATCH", 2)
    _browsers(idp, 5)
    BrowserSession.objects.update(last_seen_at=timezone.now() - 8 * DAY)
    idp.statuses = {"/revoke": 503}

    assert upkeep.run(now=timezone.now())["ended"] == 2

    told = SignInEvent.objects.filter(outcome=NOT_REVOKED)
    assert set(told.values_list("ip", flat=True)) == {None}
    assert (told.count(), OAuthGrant.objects.count()) == (2, 3)
    idp.statuses, idp.revoked = {}, []
    assert upkeep.run(now=timezone.now())["ended"] == 3
    assert len(idp.revoked) == 3


def test_sessions_by_password_end_without_any_server(world, signed_in, idp):
    signed_in(world.agent)
    BrowserSession.objects.update(last_seen_at=timezone.now() - 8 * DAY)

    upkeep.run(now=timezone.now())

    assert BrowserSession.objects.get().end == SessionEnd.IDLE
    assert idp.requests == []


def test_passwords_switched_off_end_the_sessions_that_came_by_one(walker, settings):
    walker.sign_in()
    person = make.user(email="boss@example.com")
    signed_in_by_password = Client()
    signed_in_by_password.force_login(person)
    settings.PASSWORD_SIGNIN = False

    upkeep.run(now=timezone.now())

    by_server, by_password = BrowserSession.objects.order_by("pk")
    assert (by_server.end, by_password.end) == ("", SessionEnd.REVOKED)


def test_tokens_of_a_sign_in_that_came_to_no_session_go(walker):
    walker.sign_in()
    OAuthGrant.objects.update(session=None, made_at=timezone.now() - DAY)

    assert upkeep.run(now=timezone.now())["grants"] == 1
    assert not OAuthGrant.objects.exists()


def test_a_sign_in_that_only_began_leaves_a_row_for_an_hour(walker, settings):
    walker.begin()

    begun = Session.objects.get()
    assert begun.expire_date < timezone.now() + timedelta(minutes=61)

    walker.sign_in()

    signed_in = Session.objects.get()
    assert signed_in.expire_date > timezone.now() + 29 * DAY
    assert walker.client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] > 29 * 86400


def test_who_is_signed_in_and_begins_again_keeps_the_session(walker):
    walker.sign_in()
    walker.begin()

    assert Session.objects.get().expire_date > timezone.now() + 29 * DAY


def test_expired_rows_of_django_go_and_others_stay(idp, monkeypatch):
    monkeypatch.setattr(upkeep, "ROWS", 2)
    for _ in range(6):
        Walker(idp).begin()
    kept = Session.objects.latest("expire_date")
    Session.objects.exclude(pk=kept.pk).update(expire_date=timezone.now() - DAY)

    assert upkeep.run(now=timezone.now())["browsers"] == 5
    assert Session.objects.get() == kept


def test_what_expired_in_the_cache_goes_and_the_rest_stays(db):
    cache.clear()
    cache.set("short", 1, 60)
    cache.set("long", 1, 3600)

    assert upkeep.run(now=timezone.now() + timedelta(minutes=5))["cached"] == 1

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_cache")
        assert cursor.fetchone() == (1,)
    cache.clear()


def test_four_hundred_marks_of_what_is_spent_all_hold(db):
    cache.clear()
    for number in range(400):
        assert cache.add(f"sso:spent:{number}", 1, 1200)

    again = [cache.add(f"sso:spent:{number}", 1, 1200) for number in range(400)]

    assert not any(again)
    cache.clear()
