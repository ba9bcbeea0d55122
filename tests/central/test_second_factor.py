"""The second factor: asked for, sealed at rest, and moved to a new root key."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value
from django.test import override_settings

from accounts import factors
from accounts.central import sealed, signing
from accounts.central.models import SigningKey
from accounts.vault.cipher import VaultError
from tests.central.conftest import PASSWORD


@pytest.fixture
def secret(house, rf):
    value = generate_totp_secret()
    TOTP.activate(house.person, value)
    RecoveryCodes.activate(house.person)
    return value


def code_of(secret):
    return f"{hotp_value(secret, int(time.time()) // 30):06d}"


def sign_in(house):
    browser = house.browser()
    answer = browser.post(
        "/account/login/", {"login": "bia@example.com", "password": PASSWORD}
    )
    return browser, answer


def test_the_password_alone_lets_nobody_in(house, secret):
    browser, answer = sign_in(house)

    assert answer["Location"].startswith("/account/2fa/authenticate/")
    assert browser.get("/").status_code == 302


def test_the_code_of_the_app_lets_in_once(house, secret):
    browser, _ = sign_in(house)

    wrong = browser.post("/account/2fa/authenticate/", {"code": "000000"})
    assert wrong.context["form"].errors
    right = code_of(secret)
    browser.post("/account/2fa/authenticate/", {"code": right})

    assert browser.get("/").status_code == 200
    again, _ = sign_in(house)
    again.post("/account/2fa/authenticate/", {"code": right})
    assert again.get("/").status_code == 302


def test_a_recovery_code_lets_in_once(house, secret):
    row = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    code = row.wrap().get_unused_codes()[0]
    browser, _ = sign_in(house)

    browser.post("/account/2fa/authenticate/", {"code": code})

    assert browser.get("/").status_code == 200
    again, _ = sign_in(house)
    again.post("/account/2fa/authenticate/", {"code": code})
    assert again.get("/").status_code == 302


def test_secrets_rest_sealed(house, secret):
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert secret not in kept
    row = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert factors.unseal(row.data["secret"]) == secret


def test_a_new_root_key_takes_over_factors_and_signing_keys(house, secret, settings):
    old = settings.INTEGRATIONS_KEY
    with override_settings(INTEGRATIONS_KEY=b"n" * 32, INTEGRATIONS_KEYS_OLD=[old]):
        moved = sealed.reseal()
        assert sealed.reseal() == 0
    assert moved == 3

    with override_settings(INTEGRATIONS_KEY=b"n" * 32, INTEGRATIONS_KEYS_OLD=[]):
        signing.forget()
        assert "PRIVATE KEY" in signing.list_keys()[0].pem
        browser, _ = sign_in(house)
        browser.post("/account/2fa/authenticate/", {"code": code_of(secret)})
        assert browser.get("/").status_code == 200
    with pytest.raises(VaultError):
        sealed.open_pem(SigningKey.objects.get().sealed)
