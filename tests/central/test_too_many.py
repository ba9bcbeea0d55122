"""Limits of the central server: counted in its database, answered to people and programs."""

import base64
import json

import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import limits
from accounts.central import people
from accounts.models import RateCounter, SignInEvent
from tests.central.conftest import PASSWORD
from tests.central.test_second_factor import code_of
from tests.threads import together

HOME, ELSEWHERE = "203.0.113.1", "203.0.113.2"
RIGHT = {"login": "bia@example.com", "password": PASSWORD}
WRONG = RIGHT | {"password": "wrong"}


@pytest.fixture(autouse=True)
def _limited(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {
        "sign_in_account": (3, 300),
        "sign_in_address": (8, 300),
        "second_factor": (3, 300),
        "invitation_address": (3, 300),
        "oauth_address": (3, 60),
        "oauth_client": (6, 60),
    }
    limits.forget_this_process()
    yield
    limits.forget_this_process()


@pytest.fixture
def secret(house):
    value = generate_totp_secret()
    TOTP.activate(house.person, value)
    return value


def browser(address=HOME):
    return Client(SERVER_NAME="localhost", REMOTE_ADDR=address)


def sign_in(sent, address=HOME):
    return browser(address).post("/account/login/", sent)


def wrong_passwords(count):
    return [sign_in(WRONG).status_code for _ in range(count)]


def flush():
    """What a restart with an emptied cache forgets."""
    cache.clear()
    limits.forget_this_process()


def assert_page(answer):
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert "Tentativas demais" in answer.content.decode()


def assert_problem(answer):
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.json()["error"] == "too_many_requests"
    assert answer.headers["Cache-Control"] == "no-store"


# --- passwords --------------------------------------------------------------------
def test_guessing_a_password_locks_the_account_and_no_other(house):
    assert wrong_passwords(3) == [200] * 3
    assert_page(sign_in(RIGHT, ELSEWHERE))

    assert sign_in(RIGHT | {"login": "admin@example.com"}).status_code == 302
    flush()
    assert_page(sign_in(RIGHT, ELSEWHERE))


def test_a_lock_out_is_on_record_once_in_a_flood(house):
    wrong_passwords(6)

    locked = SignInEvent.objects.filter(outcome="locked_out")
    assert [(one.user, one.ip) for one in locked] == [(house.person, HOME)]


def test_many_accounts_from_one_address_are_stopped(house):
    tried = [{"login": f"{one}@example.com", "password": "x"} for one in range(8)]
    assert [sign_in(one).status_code for one in tried] == [200] * 8

    assert_page(sign_in(RIGHT))
    assert sign_in(RIGHT, ELSEWHERE).status_code == 302


def test_the_page_speaks_the_language_of_the_browser(house):
    wrong_passwords(3)

    page = browser().post("/account/login/", RIGHT, headers={"Accept-Language": "en"})

    assert "Try again in 5 minutes" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_passwords_tried_at_the_same_moment_do_not_slip_by(house):
    statuses = together(*[lambda: sign_in(WRONG).status_code] * 8)

    assert sorted(statuses) == [200] * 3 + [429] * 5


def test_an_open_session_does_not_serve_to_guess_the_password(house):
    inside = house.browser(house.person)
    sent = {"oldpassword": "wrong", "password1": "x", "password2": "x"}

    answers = [inside.post("/account/password/change/", sent) for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    again = inside.post("/account/reauthenticate/", {"password": PASSWORD})
    assert again.status_code == 429


def test_asking_for_new_passwords_and_guessing_their_links_is_stopped(house):
    for _ in range(4):
        browser().post("/account/password/reset/", {"email": "x@example.com"})
        browser().get("/account/password/reset/key/1-guess/")

    assert_page(browser().get("/account/password/reset/key/1-guess/"))
    assert_page(browser().post("/account/password/reset/", {"email": "x@example.com"}))
    assert browser().get("/account/password/reset/").status_code == 200


# --- second factors ---------------------------------------------------------------
def past_the_password(address=HOME, sent=RIGHT):
    waiting = browser(address)
    waiting.post("/account/login/", sent)
    return waiting


def try_code(waiting, code):
    return waiting.post("/account/2fa/authenticate/", {"code": code})


def test_guessing_codes_locks_the_account_over_browsers_and_flushes(house, secret):
    waiting = past_the_password()
    assert [try_code(waiting, "000000").status_code for _ in range(3)] == [200] * 3
    assert_page(try_code(waiting, code_of(secret)))

    flush()
    elsewhere = past_the_password(ELSEWHERE)
    assert_page(try_code(elsewhere, code_of(secret)))
    assert elsewhere.get("/").status_code == 302
    locked = SignInEvent.objects.filter(outcome="locked_out")
    assert {one.user for one in locked} == {house.person}


def test_another_persons_codes_are_not_locked(house, secret):
    waiting = past_the_password()
    for _ in range(4):
        try_code(waiting, "000000")
    others = generate_totp_secret()
    TOTP.activate(house.admin, others)
    admin = past_the_password(ELSEWHERE, RIGHT | {"login": "admin@example.com"})

    try_code(admin, code_of(others))

    assert admin.get("/").status_code == 200


def test_the_right_code_starts_anew(house, secret):
    waiting = past_the_password()
    for _ in range(2):
        try_code(waiting, "000000")

    try_code(waiting, code_of(secret))

    assert waiting.get("/").status_code == 200
    assert RateCounter.objects.get(scope="second_factor").count == 0
    of_address = RateCounter.objects.get(scope="sign_in_address")
    assert of_address.count == 3  # the password and two wrong codes


def test_codes_count_for_the_address_too(house, secret, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"second_factor": None}
    waiting = past_the_password()

    statuses = [try_code(waiting, "000000").status_code for _ in range(8)]

    assert statuses == [200] * 7 + [429]


def test_security_keys_are_counted_with_the_codes(house, secret):
    waiting = past_the_password()
    for _ in range(2):
        try_code(waiting, "000000")
    shown = {"credential": json.dumps({"id": "guess", "type": "public-key"})}
    waiting.post("/account/2fa/authenticate/", shown)

    assert RateCounter.objects.get(scope="second_factor").count == 3
    assert_page(try_code(waiting, code_of(secret)))


def test_asking_again_for_a_factor_is_limited(house, secret):
    inside = house.browser(house.person)

    answers = [
        inside.post("/account/2fa/reauthenticate/", {"code": "000000"})
        for _ in range(4)
    ]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]


def test_setting_up_an_app_is_limited(house):
    inside = browser()
    inside.post("/account/login/", RIGHT)
    inside.post("/account/reauthenticate/", {"password": PASSWORD})
    inside.get("/account/2fa/totp/activate/")

    answers = [
        inside.post("/account/2fa/totp/activate/", {"code": "000000"}) for _ in range(4)
    ]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert not Authenticator.objects.filter(user=house.person).exists()


@pytest.mark.django_db(transaction=True)
def test_codes_tried_at_the_same_moment_do_not_slip_by(house, secret):
    waiting = [past_the_password(f"203.0.113.{one}") for one in range(8)]

    statuses = together(
        *(lambda one=one: try_code(one, "000000").status_code for one in waiting)
    )

    assert sorted(statuses) == [200] * 3 + [429] * 5


# --- programs ---------------------------------------------------------------------
@pytest.mark.parametrize(
    "path",
    [
        "/oauth/token",
        "/oauth/introspect",
        "/oauth/revoke",
        "/oauth/userinfo",
        "/api/invitations",
    ],
)
def test_programs_are_limited_by_address_and_read_why(house, path):
    statuses = [browser().post(path).status_code for _ in range(3)]
    assert 429 not in statuses

    assert_problem(browser().post(path))
    flush()
    assert_problem(browser().post(path))
    assert browser(ELSEWHERE).post(path).status_code == statuses[0]


def introspect(party):
    return browser().post(
        "/oauth/introspect",
        {"token": "x"},
        headers={"Authorization": f"Basic {pair(party.client.pk, party.secret)}"},
    )


def pair(client_id, secret):
    return base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def guess(party):
    wrong = {"Authorization": f"Basic {pair(party.client.pk, 'wrong')}"}
    return browser().post("/oauth/introspect", {"token": "x"}, headers=wrong)


def refresh(party):
    told = {
        "grant_type": "refresh_token",
        "refresh_token": "x",
        "client_id": party.client.pk,
        "client_secret": party.secret,
    }
    return browser().post("/oauth/token", told)


def test_a_client_that_shows_its_secret_is_limited_by_itself(house):
    answers = [introspect(house.recado) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 6

    assert_problem(introspect(house.recado))
    assert_problem(refresh(house.recado))
    assert introspect(house.shop).status_code == 200
    assert refresh(house.shop).json()["error"] == "invalid_grant"
    assert not RateCounter.objects.filter(scope="oauth_address").exists()


def test_wrong_secrets_are_limited_by_address_and_no_client_suffers(house):
    statuses = [guess(house.recado).status_code for _ in range(5)]

    assert 429 not in statuses[:3]
    assert statuses[3:] == [429, 429]
    assert introspect(house.recado).status_code == 200
    assert browser(ELSEWHERE).post("/oauth/token").status_code != 429


@pytest.mark.django_db(transaction=True)
def test_wrong_secrets_at_the_same_moment_do_not_slip_by(house):
    statuses = together(*[lambda: guess(house.recado).status_code] * 8)

    assert sorted(statuses)[3:] == [429] * 5
    assert 429 not in sorted(statuses)[:3]


def test_a_public_client_has_nothing_to_show_and_counts_by_address(house):
    OAuthClient.objects.filter(pk=house.shop.client.pk).update(
        type=OAuthClient.Type.PUBLIC
    )

    statuses = [refresh(house.shop).status_code for _ in range(4)]

    assert statuses[3] == 429
    assert 429 not in statuses[:3]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", "&".join(["a=1"] * 2000)),
        ("application/x-www-form-urlencoded", "client_id=%00&client_secret=x"),
        ("multipart/form-data; boundary=", "nonsense"),
        ("application/json", "{"),
    ],
)
def test_a_body_that_cannot_be_read_counts_by_address(house, content_type, body):
    browser().post("/oauth/token", body, content_type=content_type)

    assert RateCounter.objects.filter(scope="oauth_address").exists()


# --- invitations ------------------------------------------------------------------
def test_guessing_links_of_invitations_is_stopped(house):
    made = people.invite(email="nova@example.com", now=timezone.now())
    guesses = [browser().get(f"/invited/guess-{one}").status_code for one in range(3)]
    assert guesses == [410] * 3

    assert_page(browser().get(made.path))
    flush()
    assert_page(browser().post(made.path, {"name": "Nova", "password": "x"}))
    assert browser(ELSEWHERE).get(made.path).status_code == 200


def test_a_real_link_may_be_opened_as_often_as_one_likes(house):
    made = people.invite(email="nova@example.com", now=timezone.now())

    assert {browser().get(made.path).status_code for _ in range(9)} == {200}
