"""Two at once with the same code or the same refresh token: one winner, and then an end."""

import threading

import pytest
from django.db import connection

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
