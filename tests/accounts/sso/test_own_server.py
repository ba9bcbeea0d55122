"""Sign-in at the installation's own identity server, which vouches for what it proved alone."""

import pytest

from accounts import selectors
from accounts.models import User
from tests.accounts.sso.conftest import by_discovery, last_event
from tests.factories import accounts as make


@pytest.fixture
def own(walker, settings):
    settings.CENTRAL_URL = walker.idp.issuer
    return walker


def unproven(walker):
    walker.idp.person["email_verified"] = False
    walker.sign_in()
    walker.client.post("/account/logout/")
    return User.objects.get(oauth_id="person-1")


def test_whoever_it_let_in_without_proof_comes_in_and_carries_no_proven_address(own):
    person = unproven(own)

    assert person.email == "rita@example.com"
    assert not selectors.has_proven(person, person.email)


def test_an_address_that_it_proves_later_is_theirs_from_then_on(own):
    person = unproven(own)

    own.idp.person["email_verified"] = True
    own.sign_in()

    assert selectors.has_proven(person, "rita@example.com")


def test_without_proof_no_account_is_joined_even_where_links_are_allowed(own, settings):
    local = make.proven(make.user(email="rita@example.com"))
    settings.OAUTH = by_discovery(own.idp, link_by_email=True)
    own.idp.person["email_verified"] = False

    own.sign_in()

    assert last_event().outcome == "email_taken"
    local.refresh_from_db()
    assert local.oauth_id is None
    assert User.objects.count() == 1


def test_whoever_proves_an_address_gets_it_from_who_did_not(own):
    pretender = unproven(own)

    own.idp.person.update(sub="person-2", email_verified=True)
    own.sign_in()

    owner = User.objects.get(oauth_id="person-2")
    pretender.refresh_from_db()
    assert owner.email == "rita@example.com"
    assert selectors.has_proven(owner, "rita@example.com")
    assert pretender.email.endswith("@unproven.invalid")
    assert not selectors.has_proven(pretender, pretender.email)


def test_whoever_changes_to_an_address_and_proves_it_gets_it_too(own):
    pretender = unproven(own)
    own.idp.person.update(sub="person-2", email="lia@example.com", email_verified=True)
    own.sign_in()
    own.client.post("/account/logout/")

    own.idp.person["email"] = "rita@example.com"
    own.sign_in()

    pretender.refresh_from_db()
    assert User.objects.get(oauth_id="person-2").email == "rita@example.com"
    assert pretender.email.endswith("@unproven.invalid")
