"""A second factor beside a password of Recado itself: asked for, sealed, moved, lost."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client, override_settings

from accounts import factors, limits
from accounts.models import User
from accounts.selectors import members
from tests.accounts.sso.conftest import Walker
from tests.central.test_second_factor import code_of
from tests.commands import run
from tests.factories import accounts as make

RIGHT = {"login": "agent@example.com", "password": "senha-de-teste"}
FACTOR = "/account/2fa/authenticate/"


@pytest.fixture
def secret(world):
    value = generate_totp_secret()
    TOTP.activate(world.agent, value)
    RecoveryCodes.activate(world.agent)
    return value


def sign_in(address="127.0.0.1"):
    browser = Client(REMOTE_ADDR=address)
    return browser, browser.post("/account/login/", RIGHT)


def is_in(browser):
    return browser.get("/account/sessions/").status_code == 200


def test_the_password_alone_lets_nobody_in(secret):
    browser, answer = sign_in()

    assert answer.headers["Location"].startswith(FACTOR)
    assert browser.get(FACTOR).status_code == 200
    assert not is_in(browser)


def test_the_code_lets_in_and_a_wrong_one_does_not(secret):
    browser, _ = sign_in()

    browser.post(FACTOR, {"code": "000000"})
    assert not is_in(browser)
    browser.post(FACTOR, {"code": code_of(secret)})

    assert is_in(browser)


def test_without_a_factor_the_password_is_enough(world):
    browser, _ = sign_in()

    assert is_in(browser)


def test_codes_are_limited_over_browsers(secret, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"second_factor": (2, 300)}
    limits.forget_this_process()
    browser, _ = sign_in()
    for _ in range(3):
        browser.post(FACTOR, {"code": "000000"})
    elsewhere, _ = sign_in("203.0.113.2")

    page = elsewhere.post(FACTOR, {"code": code_of(secret)})

    assert page.status_code == 429
    assert not is_in(elsewhere)
    limits.forget_this_process()


def test_a_factor_is_set_up_from_the_page_of_ones_sessions(world):
    browser, _ = sign_in()
    page = browser.get("/account/sessions/").content.decode()
    assert "Só a sua senha protege esta conta." in page
    assert 'href="/account/2fa/"' in page

    browser.post("/account/reauthenticate/", {"password": RIGHT["password"]})
    form = browser.get("/account/2fa/totp/activate/")
    told = form.context["form"].secret
    browser.post("/account/2fa/totp/activate/", {"code": code_of(told)})

    row = Authenticator.objects.get(user=world.agent, type="totp")
    assert factors.unseal(row.data["secret"]) == told
    assert "um segundo fator" in browser.get("/account/sessions/").content.decode()
    assert sign_in()[1].headers["Location"].startswith(FACTOR)


@pytest.mark.parametrize(
    "path",
    [
        "/account/2fa/",
        "/account/2fa/totp/deactivate/",
        "/account/2fa/recovery-codes/",
        "/account/2fa/webauthn/",
    ],
)
def test_its_pages_open(secret, path):
    browser, _ = sign_in()
    browser.post(FACTOR, {"code": code_of(secret)})
    browser.post("/account/reauthenticate/", {"password": RIGHT["password"]})

    page = browser.get(path)

    assert page.status_code == 200
    assert "<main" in page.content.decode()


def test_the_identity_server_asks_for_its_own(idp, settings, world):
    walker = Walker(idp)
    walker.sign_in()
    person = User.objects.get(email="rita@example.com")
    TOTP.activate(person, generate_totp_secret())

    again = Walker(idp)
    again.sign_in()

    assert again.is_signed_in()
    membership = make.membership(world.workspace, person)
    rows = members.list_rows(world.workspace, viewer=membership)
    [row] = [one for one in rows if one.is_self]
    assert (
        row.second_factor == "elsewhere"
    )  # the one that is kept here is never asked for


def test_who_has_no_password_is_offered_no_factor(idp):
    walker = Walker(idp)
    walker.sign_in()

    page = walker.client.get("/account/sessions/").content.decode()

    assert 'href="/account/2fa/"' not in page


@pytest.mark.parametrize("is_on", [True, False])
def test_nothing_of_passwords_is_offered_where_they_are_switched_off(
    idp, settings, world, is_on
):
    Walker(idp).sign_in()
    person = User.objects.get(email="rita@example.com")
    person.set_password("senha-de-teste")
    person.save()
    make.membership(world.workspace, person)
    walker = Walker(idp)
    walker.sign_in()
    settings.PASSWORD_SIGNIN = is_on

    home = walker.client.get("/w/padaria/").content.decode()
    page = walker.client.get("/account/sessions/").content.decode()

    assert ("Só a sua senha protege esta conta." in page) is is_on
    assert ('href="/account/2fa/"' in page) is is_on
    assert ('href="/account/password/change/"' in home) is is_on


def test_factors_move_to_a_new_root_key_and_are_verified(secret, settings):
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    old = settings.INTEGRATIONS_KEY

    with override_settings(INTEGRATIONS_KEY=b"n" * 32, INTEGRATIONS_KEYS_OLD=[old]):
        assert "2 second factors brought" in run("vault_rotate").out
        assert factors.reseal().done == 0
    with override_settings(INTEGRATIONS_KEY=b"n" * 32, INTEGRATIONS_KEYS_OLD=[]):
        told = run("vault_verify").out
        assert "mfa_authenticator.data: 2 opened, 0 failed" in told
    assert len(factors.verify().failed) == 2
    assert run("vault_verify").code == 2
    assert run("vault_rotate").code == 2


def test_an_operator_helps_whoever_lost_theirs(secret):
    ran = run("remove_second_factor", "--email", " Agent@example.com")

    assert (ran.code, ran.err) == (0, "")
    assert "removed: 2" in ran.out
    assert is_in(sign_in()[0])
    assert run("remove_second_factor", "--email", "x@example.com").code == 1
