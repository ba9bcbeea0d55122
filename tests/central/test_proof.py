"""Who proved an address: by a mailed link, by a mail of the server, by its admin's word."""

import json
import re

import pytest
from django.core import mail
from django.utils import timezone

from accounts.central import people
from accounts.central.models import Family, Person
from accounts.models import User
from tests.central.conftest import PASSWORD, actions

EMAIL = "boss@victim.example"
ACCEPT = {
    "name": "Boss",
    "password": "janela-aberta-33",
    "again": "janela-aberta-33",
}


def invite(house, *, mailed, email=EMAIL):
    return house.recado.http.post(
        "/api/invitations",
        json.dumps({"email": email, "mailed": mailed}),
        content_type="application/json",
        headers=house.recado.basic(),
    )


def make_account(house, *, mailed, email=EMAIL):
    """A browser that is signed in to the account, and its user."""
    told = invite(house, mailed=mailed, email=email).json()
    browser = house.browser()
    done = browser.post(told["url"].removeprefix("http://localhost:8001"), ACCEPT)
    assert done.status_code == 302
    user = User.objects.get(email=email)
    assert str(Person.objects.get(user=user).sub) == told["sub"]
    return browser, user


def told_of(house, user):
    tokens = house.tokens(house.shop, user, scope="openid email")
    claims = house.api("/oauth/userinfo", tokens["access_token"]).json()
    person = house.api("/api/user", tokens["access_token"]).json()
    assert claims["email_verified"] is person["email_verified"]
    return person


def test_an_account_from_a_shown_link_has_an_address_that_nobody_proved(house):
    _browser, user = make_account(house, mailed=False)

    assert told_of(house, user)["email_verified"] is False
    assert told_of(house, user)["email"] == EMAIL


def test_an_account_from_a_mailed_link_has_a_verified_address(house):
    _browser, user = make_account(house, mailed=True)

    assert told_of(house, user)["email_verified"] is True


@pytest.mark.parametrize("mailed", ["true", 1, "false", None, [], {"a": 1}])
def test_only_true_itself_says_that_a_link_was_mailed(house, mailed):
    _browser, user = make_account(house, mailed=mailed)

    assert not people.is_proven(user)


def test_a_link_that_the_admin_of_the_server_shows_proves_nothing_either(house):
    page = house.browser(house.admin).post("/people/", {"email": EMAIL})
    house.browser().post(
        page.context["link"].removeprefix("http://localhost:8001"), ACCEPT
    )

    assert not people.is_proven(User.objects.get(email=EMAIL))


def test_the_admin_of_the_server_may_vouch_for_an_address(house):
    _browser, user = make_account(house, mailed=False)
    admin = house.browser(house.admin)
    assert admin.get("/people/").content.decode().count("não confirmado") == 1

    admin.post(f"/people/{user.pk}/vouch/")

    assert told_of(house, user)["email_verified"] is True
    assert "person.vouched" in actions()
    assert "não confirmado" not in admin.get("/people/").content.decode()


# --- by a mail of the server --------------------------------------------------
@pytest.fixture
def _has_mail(settings):
    settings.EMAIL_HOST = "mail.example.com"


def mailed_link(browser):
    browser.post("/email/confirm/")
    [found] = re.findall(r"/account/email/confirm/[\w:-]+/", str(mail.outbox[-1].body))
    return found


@pytest.mark.usefixtures("_has_mail")
def test_a_mail_to_the_address_proves_it_to_who_asked_for_it(house):
    browser, user = make_account(house, mailed=False)
    link = mailed_link(browser)
    assert mail.outbox[-1].to == [EMAIL]

    assert browser.get(link)["Location"] == "/"

    assert told_of(house, user)["email_verified"] is True
    assert actions().count("person.email_confirmed") == 1
    browser.post("/email/confirm/")
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("_has_mail")
def test_its_link_proves_nothing_for_anybody_else(house):
    browser, user = make_account(house, mailed=False)
    link = mailed_link(browser)

    stranger = house.browser().get(link)
    other = house.browser(house.person).get(link, follow=True)

    assert stranger["Location"].startswith("/account/login/")
    assert "não confirma" in other.content.decode()
    assert not people.is_proven(user)


def test_without_a_mail_server_the_account_says_who_can_help(house):
    browser, _user = make_account(house, mailed=False)

    browser.post("/email/confirm/")

    assert mail.outbox == []
    assert "não envia e-mail" in browser.get("/").content.decode()


@pytest.mark.usefixtures("_has_mail")
def test_a_mail_that_cannot_leave_is_told(house, settings):
    browser, _user = make_account(house, mailed=False)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    page = browser.post("/email/confirm/", follow=True)

    assert "Não foi possível enviar" in page.content.decode()


# --- an unproven address is kept from nobody who proves it ---------------------
def test_whoever_is_mailed_gets_the_address_and_the_other_account_ends(house):
    thief, pretender = make_account(house, mailed=False)
    tokens = house.tokens(house.shop, pretender)

    link = (
        invite(house, mailed=True).json()["url"].removeprefix("http://localhost:8001")
    )
    page = house.browser().get(link)
    assert "nunca o confirmou" in page.content.decode()
    house.browser().post(link, ACCEPT | {"name": "The boss"})

    owner = User.objects.get(email=EMAIL)
    pretender.refresh_from_db()
    assert owner.pk != pretender.pk
    assert told_of(house, owner)["email_verified"] is True
    assert pretender.email.endswith("@unproven.invalid")
    assert not pretender.is_active
    assert thief.get("/").status_code == 302
    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert "person.address_lost" in actions()


def test_a_proven_address_is_kept(house):
    _browser, owner = make_account(house, mailed=True)

    for mailed in (True, False):
        assert invite(house, mailed=mailed).status_code == 409
    owner.is_active = False
    owner.save()
    assert invite(house, mailed=True).status_code == 409


def test_an_address_that_was_proven_while_a_link_was_open_is_kept(house):
    link = (
        invite(house, mailed=True).json()["url"].removeprefix("http://localhost:8001")
    )
    people.create_person(email=EMAIL, password=PASSWORD)

    assert house.browser().post(link, ACCEPT).status_code == 410
    assert User.objects.filter(email=EMAIL).count() == 1


def test_a_shown_link_ends_nobodys_account_unless_it_was_switched_off(house):
    _browser, pretender = make_account(house, mailed=False)
    assert invite(house, mailed=False).status_code == 409

    house.browser(house.admin).post(
        f"/people/{pretender.pk}/state/", {"to": "inactive"}
    )

    _browser, owner = make_account(house, mailed=False)
    assert owner.pk != pretender.pk
    assert not people.is_proven(owner)


def test_an_invitation_of_an_earlier_release_still_makes_an_account(house):
    made = people.invite(email=EMAIL, now=timezone.now())
    made.invitation.sub = None
    made.invitation.save()

    house.browser().post(made.path, ACCEPT)

    assert Person.objects.filter(user__email=EMAIL).exists()
    assert not Family.objects.exists()
