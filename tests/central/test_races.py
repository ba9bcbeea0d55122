"""Two at once: with the same code or refresh token, and with an end that comes meanwhile."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from accounts.central import families
from accounts.central.models import Family
from tests.threads import Job, eventually, together

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*asks):
    return sorted(one.status_code for one in together(*asks))


def test_a_refresh_token_shown_twice_at_once_is_good_once_and_ends_the_family(house):
    tokens = house.tokens(house.recado, house.person)

    statuses = at_once(
        *[lambda: house.recado.refresh(tokens["refresh_token"])] * 3,
    )

    assert statuses == [200, 400, 400]
    assert Family.objects.get().revoked_why == "refresh_reused"
    assert house.api("/api/user", tokens["access_token"]).status_code == 401


def test_a_code_shown_twice_at_once_is_good_once_and_ends_the_family(house):
    code, verifier = house.code(house.recado, house.person)

    statuses = at_once(*[lambda: house.recado.exchange(code, verifier)] * 3)

    assert statuses == [200, 400, 400]
    assert Family.objects.get().revoked_why == "code_replayed"


# --- an end that comes while a refresh is under way ---------------------------
@pytest.fixture
def held(monkeypatch):
    """`held(name)` stops the thread that comes back from this step, until `go` is set."""

    def hold(name):
        reached, go = threading.Event(), threading.Event()
        step = getattr(families, name)

        def slow(*args, **kwargs):
            done = step(*args, **kwargs)
            reached.set()
            go.wait(10)
            return done

        monkeypatch.setattr(families, name, slow)
        return reached, go

    return hold


def somebody_waits():
    """Another connection of this database, for a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("step", ["claim_refresh", "add_tokens"])
def test_a_refresh_under_way_leaves_no_good_token_behind_an_end(house, held, step):
    tokens = house.tokens(house.shop, house.person, scope="openid read")
    reached, go = held(step)

    refresh = Job(lambda: house.shop.refresh(tokens["refresh_token"]))
    assert reached.wait(10)
    end = Job(lambda: families.revoke_all(user=house.person, why="new_password"))
    eventually(somebody_waits)
    go.set()

    assert end.result() == 1
    assert refresh.result().status_code == 200
    fresh = refresh.result().json()
    for path in ("/api/user", "/api/verify"):
        assert house.api(path, fresh["access_token"]).status_code == 401
    assert house.shop.introspect(fresh["access_token"]) == {"active": False}
    assert house.shop.refresh(fresh["refresh_token"]).status_code == 400


def test_a_refresh_that_comes_after_an_end_has_begun_gets_nothing(house, held):
    tokens = house.tokens(house.shop, house.person)
    reached, go = held("revoke")

    end = Job(lambda: families.revoke_all(user=house.person, why="new_password"))
    assert reached.wait(10)
    refresh = Job(lambda: house.shop.refresh(tokens["refresh_token"]))
    eventually(somebody_waits)
    go.set()

    assert end.result() == 1
    assert refresh.result().status_code == 400
    assert Family.objects.get().revoked_why == "new_password"


def test_a_code_that_nobody_has_shown_yet_ends_with_the_rest(house):
    code, verifier = house.code(house.shop, house.person)

    ended = families.revoke_all(user=house.person, why="new_password")

    assert ended == 0
    assert house.shop.exchange(code, verifier).status_code == 400


def test_a_token_that_outlived_its_family_opens_nothing(house):
    tokens = house.tokens(house.shop, house.person, scope="openid read")
    Family.objects.update(revoked_at=timezone.now())

    for path in ("/api/user", "/api/verify", "/oauth/userinfo"):
        assert house.api(path, tokens["access_token"]).status_code == 401
    for which in ("access_token", "refresh_token"):
        assert house.shop.introspect(tokens[which]) == {"active": False}
