"""Two at once: with the same code or refresh token, and with an end that comes meanwhile."""

import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.central import families
from accounts.central.models import Family

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*asks):
    """The statuses of calls that start together, each on its own connection."""
    gate, statuses = threading.Barrier(len(asks)), []

    def run(ask):
        gate.wait(10)
        try:
            statuses.append(ask().status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(statuses)


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


def beside(work, into):
    def run():
        try:
            into.append(work())
        except Exception as problem:  # noqa: BLE001  # told by the test that reads it
            into.append(problem)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for_a_lock():
    """Until another connection of this database waits for a row."""
    waits = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(waits)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("step", ["claim_refresh", "add_tokens"])
def test_a_refresh_under_way_leaves_no_good_token_behind_an_end(house, held, step):
    tokens = house.tokens(house.shop, house.person, scope="openid read")
    reached, go = held(step)
    answers: list[Any] = []
    ended: list[Any] = []

    refresh = beside(lambda: house.shop.refresh(tokens["refresh_token"]), answers)
    assert reached.wait(10)
    end = beside(
        lambda: families.revoke_all(user=house.person, why="new_password"), ended
    )
    wait_for_a_lock()
    go.set()
    refresh.join(20)
    end.join(20)

    assert ended == [1]
    assert answers[0].status_code == 200
    fresh = answers[0].json()
    for path in ("/api/user", "/api/verify"):
        assert house.api(path, fresh["access_token"]).status_code == 401
    assert house.shop.introspect(fresh["access_token"]) == {"active": False}
    assert house.shop.refresh(fresh["refresh_token"]).status_code == 400


def test_a_refresh_that_comes_after_an_end_has_begun_gets_nothing(house, held):
    tokens = house.tokens(house.shop, house.person)
    reached, go = held("revoke")
    answers: list[Any] = []
    ended: list[Any] = []

    end = beside(
        lambda: families.revoke_all(user=house.person, why="new_password"), ended
    )
    assert reached.wait(10)
    refresh = beside(lambda: house.shop.refresh(tokens["refresh_token"]), answers)
    wait_for_a_lock()
    go.set()
    end.join(20)
    refresh.join(20)

    assert ended == [1]
    assert answers[0].status_code == 400
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
