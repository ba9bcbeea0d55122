"""Whose account it is: when the server vouched for the address, and two sign-ins at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

import pytest
from django.db import connection, transaction

from accounts.models import Membership, User
from accounts.sso import identity, people, server
from accounts.sso.outcomes import SignInRefused
from tests.accounts.sso.conftest import Walker, by_endpoints, last_event
from tests.threads import eventually, is_waited_for

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


# --- since when an address is verified ----------------------------------------------
def _read(idp, settings, told):
    settings.OAUTH = by_endpoints(idp)
    claims = {"id": 7, "email": "rita@example.com", "email_verified_at": told}
    return identity.read(claims, server.required(), now=NOW).is_email_verified


@pytest.mark.parametrize(
    "told",
    [
        "2026-01-05T12:00:00Z",
        "2026-01-05T12:00:00.000000Z",
        "2026-01-05T12:00:00-03:00",
        "2026-01-05 12:00:00",
        "2026-01-05",
        " 2026-01-05 12:00:00 ",
        "2026-03-10T12:00:20Z",  # a clock that is a little ahead
        "2026-03-10 21:00:00",  # of a server that writes the time of Tokyo
        int(NOW.timestamp()) - 60,
    ],
)
def test_a_moment_that_was_verifies_the_address(idp, settings, told):
    assert _read(idp, settings, told) is True


@pytest.mark.parametrize(
    "told",
    [
        "unverified",
        "not yet, sorry",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z",
        "1900-01-01 00:00:00",
        "1970-01-01 00:00:00",
        "2026-13-45 00:00:00",
        "2026-03-10T12:05:00Z",
        "2026-03-12 00:00:00",
        "9999-12-31 23:59:59",
        "",
        None,
        True,
        0,
        -1,
        10**12,
        10**30,
        1.5,
        ["2026-01-05"],
        {"date": "2026-01-05 12:00:00"},
    ],
)
def test_what_is_no_moment_that_was_verifies_nothing(idp, settings, told):
    assert _read(idp, settings, told) is False


def test_whoever_has_a_word_instead_of_a_moment_does_not_sign_in(passport):
    passport.person["email_verified_at"] = "unverified"
    walker = Walker(passport)

    walker.sign_in()

    assert last_event().outcome == "email_unverified"
    assert not User.objects.exists()


# --- at once ------------------------------------------------------------------------
def _while_another_makes(user, act):
    """`act`, begun before the transaction that makes `user` is over."""
    is_made = Event()

    def other():
        try:
            with transaction.atomic():
                User.objects.create_user(**user)
                is_made.set()
                eventually(is_waited_for)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(other)
        assert is_made.wait(10)
        try:
            return act()
        finally:
            done.result()


def _rita(server_):
    return identity.Identity(
        issuer=server_.issuer,
        subject="person-1",
        name="Rita Moura",
        email="rita@example.com",
        is_email_verified=True,
        claims={},
    )


def _sync():
    known = server.required()
    return people.sync(_rita(known), server=known, ip=None, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_first_sign_ins_at_once_signs_in_too(idp):
    issuer = server.required().issuer
    theirs = {
        "email": "rita@example.com",
        "oauth_issuer": issuer,
        "oauth_id": "person-1",
    }

    user = _while_another_makes(theirs, _sync)

    assert user == User.objects.get()


@pytest.mark.django_db(transaction=True)
def test_an_address_that_somebody_else_took_at_that_moment_is_taken(idp):
    def refused():
        with pytest.raises(SignInRefused) as caught:
            _sync()
        return caught.value.code

    assert _while_another_makes({"email": "rita@example.com"}, refused) == "email_taken"
    assert User.objects.get().oauth_id is None


@pytest.mark.django_db(transaction=True)
def test_two_sign_ins_at_once_make_one_workspace(idp, settings):
    settings.SIGNIN_NEWCOMERS = "workspace"

    def sign_in(_):
        try:
            return _sync()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        users = list(pool.map(sign_in, range(2)))

    assert users[0] == users[1]
    assert Membership.objects.unscoped("test").filter(user=users[0]).count() == 1
