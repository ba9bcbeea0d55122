"""Whoever changes how they sign in to Recado itself leaves a trace of it, and no secret."""

import logging

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone, translation

from accounts.models import SignInEvent
from accounts.sso import outcomes
from tests.central.test_second_factor import code_of
from tests.commands import run
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db
DOOR = {"login": "agent@example.com", "password": "senha-de-teste"}


@pytest.fixture
def browser(world):
    client = Client()
    client.post("/account/login/", DOOR)
    client.post("/account/reauthenticate/", {"password": DOOR["password"]})
    SignInEvent.objects.all().delete()
    return client


def recorded(person):
    events = SignInEvent.objects.order_by("pk")
    assert {one.user for one in events} <= {person}
    return [one.outcome for one in events]


def test_a_new_password_is_recorded_and_shown_to_its_person(world, browser, caplog):
    form = {
        "oldpassword": DOOR["password"],
        "password1": "outra-senha-de-teste",
        "password2": "outra-senha-de-teste",
    }
    with caplog.at_level(logging.INFO, "accounts.signin"):
        browser.post("/account/password/change/", form)

    assert recorded(world.agent) == [outcomes.PASSWORD_CHANGED]
    assert SignInEvent.objects.get().ip == "127.0.0.1"
    assert [one.levelname for one in caplog.records if one.message == "sign-in"] == [
        "INFO"
    ]
    page = browser.get("/account/sessions/").content.decode()
    assert "Senha trocada" in page


def test_a_second_factor_is_recorded_when_it_comes_and_when_it_goes(
    world, browser, django_capture_on_commit_callbacks
):
    secret = browser.get("/account/2fa/totp/activate/").context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert sorted(recorded(world.agent)) == [
        outcomes.FACTOR_ADDED,
        outcomes.RECOVERY_CODES_MADE,
    ]

    SignInEvent.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/2fa/recovery-codes/generate/")
    assert recorded(world.agent) == [outcomes.RECOVERY_CODES_MADE]

    SignInEvent.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/2fa/totp/deactivate/")

    assert not Authenticator.objects.exists()
    assert sorted(recorded(world.agent)) == [
        outcomes.FACTOR_REMOVED,
        outcomes.RECOVERY_CODES_REMOVED,
    ]


def test_addresses_are_recorded_without_the_address(
    world, browser, django_capture_on_commit_callbacks
):
    other = "outra@example.com"
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/email/", {"action_add": "", "email": other})
    EmailAddress.objects.filter(email=other).update(verified=True)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/email/", {"action_primary": "", "email": other})
        browser.post(
            "/account/email/", {"action_remove": "", "email": "agent@example.com"}
        )

    assert recorded(world.agent) == [
        outcomes.EMAIL_ADDED,
        outcomes.EMAIL_CHANGED,
        outcomes.EMAIL_REMOVED,
    ]
    assert other not in str(list(SignInEvent.objects.values()))


@pytest.fixture
def unproven(world):
    """Somebody whom the installation's own server let in without a proven address."""
    world.agent.oauth_issuer, world.agent.oauth_id = "http://127.0.0.1:8001", "7"
    world.agent.save()
    return world.agent


@pytest.mark.parametrize("email", ["chefia@example.com", "owner@example.com"])
def test_nobody_goes_by_an_address_that_they_have_not_proven(browser, unproven, email):
    browser.post("/account/email/", {"action_add": "", "email": email})

    answer = browser.post("/account/email/", {"action_primary": "", "email": email})

    unproven.refresh_from_db()
    assert answer.headers["Location"] == "/account/email/"
    assert unproven.email == "agent@example.com"
    assert outcomes.EMAIL_CHANGED not in recorded(unproven)


def test_whoever_proves_an_address_gets_it_from_who_did_not(world, browser, unproven):
    other = make.user(email="outra@example.com", oauth_issuer="x", oauth_id="8")
    make.proven(world.agent, other.email)

    browser.post("/account/email/", {"action_primary": "", "email": other.email})

    world.agent.refresh_from_db()
    assert world.agent.email == "outra@example.com"


def test_what_an_operator_removes_is_recorded_as_theirs(world):
    TOTP.activate(world.agent, generate_totp_secret())

    run("remove_second_factor", "--email", "agent@example.com")
    run("remove_second_factor", "--email", "agent@example.com")  # nothing is left

    assert recorded(world.agent) == [outcomes.FACTORS_TAKEN]
    assert SignInEvent.objects.get().ip is None


def test_a_change_is_no_refusal_to_the_platforms_admins(world, browser, settings):
    world.owner.is_platform_admin = True
    world.owner.save()
    run_by = Client()
    run_by.force_login(world.owner)
    SignInEvent.objects.create(
        reference="R1", at=timezone.now(), outcome=outcomes.FACTOR_ADDED
    )

    def shows(**query):
        page = run_by.get("/platform/sign-ins/", query).content.decode()
        return "<code>factor_added</code>" in page

    assert shows()
    assert shows(reason=outcomes.FACTOR_ADDED)
    assert not shows(result="refused")


def test_every_change_has_words_in_both_languages():
    changes = outcomes.DONE - outcomes.SUCCESSES
    told = {}
    for language in ("pt-br", "en"):
        with translation.override(language):
            told[language] = {str(outcomes.title_of(code)) for code in changes}

    assert len(told["pt-br"]) == len(told["en"]) == len(changes) == 9
    assert told["pt-br"].isdisjoint(told["en"])
