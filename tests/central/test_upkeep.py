"""What the central server does by itself: clearing up, new keys in time, round after round."""

import threading

import pytest
from allauth.idp.oidc.models import Token
from django.utils import timezone

from accounts.central import families, upkeep
from accounts.central.models import Family, SigningKey
from tests.threads import Job


def test_the_upkeep_clears_what_is_over_and_nothing_else(house):
    now = timezone.now()
    kept = house.tokens(house.recado, house.person)
    house.code(house.recado, house.person)
    Family.objects.filter(code_spent_at=None).update(code_expires_at=now)
    expired = house.tokens(house.recado, house.person)
    digest = families.hash_of(expired["access_token"])
    Token.objects.filter(hash=digest).update(expires_at=now)

    done = upkeep.run(now=now)

    assert (done["tokens"], done["codes"], done["families"]) == (1, 1, 0)
    assert house.api("/api/user", kept["access_token"]).status_code == 200
    assert house.recado.refresh(kept["refresh_token"]).status_code == 200


class Rounds(threading.Event):
    """Lets the upkeep make so many rounds at once, and keeps how long each had to wait."""

    def __init__(self, count):
        super().__init__()
        self.count, self.waits = count, []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        return len(self.waits) > self.count


def keep(rounds):
    """In a thread, as it runs: it closes its connection after each round."""
    Job(lambda: upkeep.keep(rounds)).result()


@pytest.mark.django_db(transaction=True)
def test_the_upkeep_begins_a_minute_after_the_start_and_goes_on_every_hour(house):
    rounds = Rounds(2)
    house.code(house.recado, house.person)
    Family.objects.update(code_expires_at=timezone.now())

    keep(rounds)

    assert rounds.waits == [60, 3600, 3600]
    assert not Family.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_round_that_fails_is_logged_and_the_next_one_comes(house, settings, caplog):
    settings.CENTRAL_KEY_LIFETIME = "not a timedelta"
    rounds = Rounds(2)

    keep(rounds)

    assert len(rounds.waits) == 3
    failed = [one for one in caplog.records if one.name == "accounts.central.upkeep"]
    assert [one.levelname for one in failed] == ["ERROR", "ERROR"]
    assert failed[0].exc_info


def test_the_upkeep_rotates_a_key_that_has_grown_old(house, settings):
    late = timezone.now() + settings.CENTRAL_KEY_LIFETIME

    upkeep.run(now=late)
    upkeep.run(now=late)

    assert SigningKey.objects.count() == 2
