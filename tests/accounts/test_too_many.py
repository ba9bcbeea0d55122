"""What people meet above a limit: a page that says when to come back, and no way around."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path, resolve

from accounts import limits
from accounts.middleware import LimitMiddleware
from tests.architecture.test_pages import _check_frame

urlpatterns = [
    path("start/", lambda request: HttpResponse("started"), name="sso_login"),
]
WRONG = {"login": "agent@example.com", "password": "wrong"}
RIGHT = {"login": "agent@example.com", "password": "senha-de-teste"}


@pytest.fixture(autouse=True)
def _limited(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {
        "sign_in_account": (3, 300),
        "sign_in_address": (6, 300),
        "sso_address": (2, 60),
    }
    limits.forget_this_process()
    yield
    limits.forget_this_process()


def sign_in(sent, address="203.0.113.1"):
    return Client(REMOTE_ADDR=address).post("/account/login/", sent)


def test_guessing_a_password_is_stopped_and_the_right_one_does_not_help(world):
    statuses = [sign_in(WRONG).status_code for _ in range(3)]
    page = sign_in(RIGHT, address="203.0.113.2")

    assert statuses == [200] * 3
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 300
    assert "Tente de novo em 5 minutos" in page.content.decode()
    _check_frame(page.content.decode())
    assert sign_in(RIGHT | {"login": "owner@example.com"}).status_code == 302


def test_an_account_that_does_not_exist_is_answered_the_same(world):
    statuses = [
        sign_in(WRONG | {"login": "x@example.com"}).status_code for _ in range(4)
    ]

    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize("written", ["AGENT@example.com", " agent@example.com "])
def test_other_spellings_are_the_same_account(world, written):
    for _ in range(3):
        sign_in(WRONG)

    assert sign_in(WRONG | {"login": written}).status_code == 429


def test_many_accounts_from_one_address_are_stopped(world):
    statuses = [
        sign_in(WRONG | {"login": f"{number}@example.com"}).status_code
        for number in range(7)
    ]

    assert statuses == [200] * 6 + [429]


def test_a_spoofed_address_is_no_other_address(world):
    statuses = [
        Client(REMOTE_ADDR="203.0.113.1")
        .post(
            "/account/login/",
            WRONG | {"login": f"{number}@example.com"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
        .status_code
        for number in range(7)
    ]

    assert statuses[-1] == 429


def test_who_signs_in_starts_anew(world):
    for _ in range(3):
        sign_in(WRONG, address="203.0.113.1")
        sign_in(WRONG, address="203.0.113.2")
        assert sign_in(RIGHT, address="203.0.113.3").status_code == 302


def test_sso_starts_are_counted_by_address_before_anything_is_done(rf, db):
    answered = []

    def start(request):
        request.resolver_match = resolve("/start/", urlconf=__name__)
        answered.append(middleware.process_view(request, start, (), {}))

    middleware = LimitMiddleware(lambda request: HttpResponse())
    for _ in range(3):
        start(rf.post("/start/"))
    start(rf.post("/start/", REMOTE_ADDR="203.0.113.5"))

    assert [one and one.status_code for one in answered] == [None, None, 429, None]
