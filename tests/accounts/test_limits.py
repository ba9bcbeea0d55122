"""Limits hold when tries come at once, when caches are flushed, and over processes."""

import random
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.core.cache import cache
from django.db import connection

from accounts import limits
from accounts.models import RateCounter
from tests.threads import together

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_process(settings):
    settings.RATE_LIMITS = {
        "sign_in_account": (3, 60),
        "invitation_workspace": (3, 60),
        "api_token": (100, 60),
        "api_address": (7, 60),
        "link_click": None,
    }
    limits.forget_this_process()
    yield
    limits.forget_this_process()


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def tries(scope, count, *, now=NOW, subject="ana"):
    return [limits.hit(scope, subject, now=now).allowed for _ in range(count)]


def test_as_many_as_the_limit_and_no_more(db):
    assert tries("invitation_workspace", 5) == [True, True, True, False, False]
    assert tries("invitation_workspace", 1, subject="bia") == [True]
    assert tries("sign_in_account", 1) == [True]


def test_a_plain_limit_opens_again_when_its_window_ends(db):
    tries("invitation_workspace", 3, now=at(10))
    refused = limits.hit("invitation_workspace", "ana", now=at(30))

    assert refused == limits.Verdict(allowed=False, retry_after_seconds=40)
    assert tries("invitation_workspace", 1, now=at(69.9)) == [False]
    assert tries("invitation_workspace", 4, now=at(70)) == [True, True, True, False]


def test_tries_while_a_plain_limit_refuses_do_not_lengthen_it(db):
    tries("invitation_workspace", 4)
    for second in range(10, 60, 10):
        limits.forget_this_process()
        tries("invitation_workspace", 3, now=at(second))

    assert tries("invitation_workspace", 1, now=at(60)) == [True]


def test_lock_outs_grow_and_are_forgotten_after_a_quiet_day(db):
    now, waits = NOW, []
    for _ in range(4):
        tries("sign_in_account", 3, now=now)
        wait = limits.hit("sign_in_account", "ana", now=now).retry_after_seconds
        waits.append(wait)
        now += timedelta(seconds=wait)
    assert waits == [60, 120, 240, 480]

    now += timedelta(days=1)
    tries("sign_in_account", 3, now=now)
    assert limits.hit("sign_in_account", "ana", now=now).retry_after_seconds == 60


def test_no_lock_out_is_longer_than_a_day(db):
    tries("sign_in_account", 3)
    RateCounter.objects.update(strikes=300)

    locked = limits.hit("sign_in_account", "ana", now=NOW)

    assert locked.retry_after_seconds == 86_400


def test_tries_while_locked_out_change_nothing(db):
    tries("sign_in_account", 4)
    for second in range(6, 60, 6):
        limits.forget_this_process()
        assert tries("sign_in_account", 2, now=at(second)) == [False, False]

    assert tries("sign_in_account", 3, now=at(60)) == [True, True, True]


def test_who_proves_themselves_starts_anew_but_keeps_the_strikes(db):
    tries("sign_in_account", 4)
    tries("sign_in_account", 2, now=at(60))

    limits.forgive("sign_in_account", "ana")

    assert tries("sign_in_account", 3, now=at(61)) == [True, True, True]
    again = limits.hit("sign_in_account", "ana", now=at(61))
    assert again.retry_after_seconds == 120


def test_a_lock_out_is_not_forgiven(db):
    tries("sign_in_account", 4)

    limits.forgive("sign_in_account", "ana")
    limits.forget_this_process()

    assert tries("sign_in_account", 1, now=at(59)) == [False]


def test_a_try_that_was_no_guess_is_taken_back_alone(db):
    tries("sign_in_account", 2)

    tries("sign_in_account", 1)
    limits.uncount("sign_in_account", "ana")

    assert tries("sign_in_account", 2) == [True, False]
    limits.uncount("sign_in_account", "ana")
    limits.forget_this_process()
    assert tries("sign_in_account", 1) == [False]


def test_a_refusal_is_news_once_in_seconds(db):
    tries("sign_in_account", 3)

    told = [
        limits.hit("sign_in_account", "ana", now=at(second)).is_news
        for second in (0, 1, 4, 6)
    ]

    assert told == [True, False, False, True]


def test_flushed_caches_and_a_restart_reset_nothing(db, settings):
    tries("sign_in_account", 4)
    tries("api_address", 8)

    cache.clear()
    server = redis.Redis.from_url(settings.REDIS_URL)
    server.flushdb()
    server.close()
    limits.forget_this_process()

    assert tries("sign_in_account", 2, now=at(30)) == [False, False]
    assert tries("api_address", 2, now=at(30)) == [False, False]


def test_a_sliced_limit_allows_exactly_its_number(db):
    assert tries("api_token", 130).count(True) == 100
    assert tries("api_address", 9).count(True) == 7
    later = limits.hit("api_token", "ana", now=at(20))
    assert later == limits.Verdict(allowed=False, retry_after_seconds=40)
    assert tries("api_token", 101, now=at(60)).count(True) == 100


def test_slices_spare_the_database(db, django_assert_max_num_queries):
    with django_assert_max_num_queries(2 * (20 + 1)):  # one in 200 also prunes
        tries("api_token", 130)


def test_several_processes_together_stay_under_a_sliced_limit(db):
    allowed = 0
    for _ in range(60):  # each loses what it had reserved
        allowed += tries("api_token", 3).count(True)
        limits.forget_this_process()

    assert 0 < allowed <= 100


def test_a_limit_that_is_off_counts_nothing(db):
    assert all(tries("link_click", 500))
    assert not RateCounter.objects.exists()


def test_an_unknown_limit_is_a_mistake_of_the_caller(db):
    with pytest.raises(KeyError):
        limits.hit("no_such_limit", "ana", now=NOW)


def test_no_subject_is_kept_in_clear(db):
    limits.hit("sign_in_account", "ana@example.com", now=NOW)

    (row,) = RateCounter.objects.values()
    assert "ana" not in repr(row)
    assert bytes(row["digest"]) != limits._digest("invitation_workspace", "ana")


def test_old_counters_are_pruned_in_passing(db, monkeypatch):
    limits.hit("invitation_workspace", "long ago", now=NOW - timedelta(days=3))
    monkeypatch.setattr(limits, "_PRUNE_EVERY", 1)

    limits.hit("invitation_workspace", "today", now=NOW)

    assert RateCounter.objects.count() == 1


@pytest.mark.parametrize(
    ("scope", "limit"), [("sign_in_account", 3), ("api_token", 100)]
)
@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_do_not_slip_by(scope, limit):
    allowed = []

    def guess():
        for _ in range(40):
            if random.random() < 0.2:
                limits.forget_this_process()  # as if each were a process
            allowed.append(limits.hit(scope, "ana", now=NOW).allowed)

    together(*[guess] * 8)

    assert len(allowed) == 320
    if scope in limits.SLICED:
        assert 0 < allowed.count(True) <= limit
    else:
        assert allowed.count(True) == limit


def test_the_count_is_one_statement(db):
    statements = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        limits.hit("sign_in_account", "ana", now=NOW)

    assert len([sql for sql in statements if sql != limits._PRUNE]) == 1


def test_demand_raises_with_the_wait(db):
    tries("sign_in_account", 3)

    with pytest.raises(limits.LimitReached) as reached:
        limits.demand("sign_in_account", "ana", now=NOW)

    assert reached.value.retry_after_seconds == 60
