"""What people meet above a limit: a page that says when to come back, and no way around."""

from functools import partial
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import path, resolve

from accounts import limits
from accounts.middleware import LimitMiddleware
from accounts.models import AuditEvent, Invitation, RateCounter, SignInEvent
from tests.architecture.test_pages import _check_frame
from tests.threads import together

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
        "invitation_workspace": (3, 3600),
        "invitation_recipient": (2, 3600),
        "invitation_address": (3, 600),
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


def test_a_lock_out_is_on_record_with_the_sign_ins(world):
    for _ in range(6):
        sign_in(WRONG)

    locked = SignInEvent.objects.filter(outcome="locked_out")
    assert [one.user for one in locked] == [world.agent]


def test_an_open_session_does_not_serve_to_guess_the_password(world, signed_in):
    inside = signed_in(world.agent)
    sent = {"oldpassword": "wrong", "password1": "x", "password2": "x"}

    statuses = [
        inside.post("/account/password/change/", sent).status_code for _ in range(4)
    ]

    assert statuses == [200, 200, 200, 429]


def test_flushed_caches_reset_nothing(world):
    for _ in range(4):
        sign_in(WRONG)

    cache.clear()
    limits.forget_this_process()

    assert sign_in(RIGHT).status_code == 429


# --- invitations ----------------------------------------------------------------
INVITE = "/w/padaria/settings/members/invite/"


def invite(client, email):
    sent = {"email": email, "role": "agent", "as_link": ""}
    return client.post(INVITE, sent)


def test_a_workspace_sends_only_so_many_invitations(world, signed_in):
    owner = signed_in(world.owner)
    statuses = [invite(owner, f"{one}@example.com").status_code for one in range(3)]
    page = invite(owner, "3@example.com")

    assert statuses == [200] * 3
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 3600
    assert "senha" not in page.content.decode()
    _check_frame(page.content.decode())
    cache.clear()
    limits.forget_this_process()
    assert invite(owner, "4@example.com").status_code == 429
    assert Invitation.objects.for_workspace(world.workspace).count() == 3


def test_the_stopped_invitation_is_on_record_once_in_a_flood(world, signed_in):
    owner = signed_in(world.owner)
    for one in range(6):
        invite(owner, f"{one}@example.com")

    noted = AuditEvent.objects.for_workspace(world.workspace).filter(
        action="invitation.limited"
    )
    assert [one.details for one in noted] == [{"email": "3@example.com"}]


def test_another_workspace_still_invites(world, signed_in):
    owner = signed_in(world.owner)
    for one in range(4):
        invite(owner, f"{one}@example.com")

    other = signed_in(world.outsider).post(
        INVITE.replace("padaria", "oficina"),
        {"email": "3@example.com", "role": "agent", "as_link": ""},
    )

    assert other.status_code == 200


def test_one_person_is_not_flooded_with_mails(world, signed_in):
    owner = signed_in(world.owner)
    invite(owner, "lia@example.com")
    (row,) = Invitation.objects.for_workspace(world.workspace)
    renew = f"/w/padaria/settings/invitations/{row.key}/renew/"

    assert owner.post(renew, {"as_link": ""}).status_code == 200
    kept = bytes(Invitation.objects.for_workspace(world.workspace).get().token_hash)
    assert owner.post(renew, {"as_link": ""}).status_code == 429

    row = Invitation.objects.for_workspace(world.workspace).get()
    assert bytes(row.token_hash) == kept
    assert invite(owner, "rui@example.com").status_code == 200


def test_an_invitation_that_is_not_made_counts_for_nothing(world, signed_in):
    owner = signed_in(world.owner)
    for _ in range(5):
        assert invite(owner, "agent@example.com").status_code == 200

    assert not RateCounter.objects.filter(scope="invitation_workspace").exists()


@pytest.mark.django_db(transaction=True)
def test_invitations_sent_at_the_same_moment_do_not_slip_by(world, signed_in):
    clients = [signed_in(world.owner) for _ in range(6)]

    def send(number):
        return invite(clients[number], f"{number}@example.com").status_code

    statuses = together(*(partial(send, number) for number in range(6)))

    assert sorted(statuses) == [200] * 3 + [429] * 3
    assert Invitation.objects.for_workspace(world.workspace).count() == 3


def test_guessing_links_of_invitations_is_stopped_and_the_right_one_does_not_help(
    world, signed_in
):
    page = invite(signed_in(world.owner), "lia@example.com")
    link = urlsplit(page.context["link"]).path
    here = Client(REMOTE_ADDR="203.0.113.1")

    guesses = [here.get(f"/invitations/guess-{one}/").status_code for one in range(3)]

    assert guesses == [404] * 3
    assert here.get(link).status_code == 429
    assert here.post(link).status_code == 429
    assert here.post(f"{link}account/").status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.2").get(link).status_code == 200


def test_a_real_link_may_be_opened_as_often_as_one_likes(world, signed_in):
    page = invite(signed_in(world.owner), "lia@example.com")
    link = urlsplit(page.context["link"]).path

    assert {Client().get(link).status_code for _ in range(9)} == {200}


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
