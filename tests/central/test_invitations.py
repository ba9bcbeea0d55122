"""Invitations of the central server: of its admins, and of the applications it trusts."""

import json
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.central.models import Invitation
from accounts.models import User
from tests.central.conftest import SHOP, actions

ACCEPT = {
    "name": "Caio Reis",
    "password": "janela-aberta-33",
    "again": "janela-aberta-33",
}


def link_of(page):
    return "/invited/" + page.context["link"].partition("/invited/")[2]


def test_an_invited_person_makes_an_account_once(house, admin):
    link = link_of(admin.post("/people/", {"email": "Caio@Example.com"}))
    visitor = house.browser()
    assert visitor.get(link).status_code == 200

    answer = visitor.post(link, ACCEPT)

    assert answer["Location"] == "/"
    assert visitor.get("/").status_code == 200
    user = User.objects.get(email="caio@example.com")
    assert user.check_password(ACCEPT["password"])
    assert not EmailAddress.objects.get(user=user).verified
    assert house.browser().get(link).status_code == 410
    assert house.browser().post(link, ACCEPT).status_code == 410
    assert User.objects.filter(email="caio@example.com").count() == 1
    assert actions()[-2:] == ["person.invited", "person.joined"]


def test_an_invitation_expires_and_a_newer_one_ends_it(house, admin):
    first = link_of(admin.post("/people/", {"email": "caio@example.com"}))
    second = link_of(admin.post("/people/", {"email": "caio@example.com"}))
    assert house.browser().get(first).status_code == 410
    assert house.browser().get(second).status_code == 200

    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert house.browser().get(second).status_code == 410


@pytest.mark.parametrize(
    "told",
    [
        {"password": "12345678", "again": "12345678"},
        {"password": "caio@example.com", "again": "caio@example.com"},
        {"again": "outra-janela-33"},
        {"name": ""},
    ],
)
def test_a_weak_or_mistyped_password_leaves_the_invitation_unused(house, admin, told):
    link = link_of(admin.post("/people/", {"email": "caio@example.com"}))

    page = house.browser().post(link, ACCEPT | told)

    assert page.status_code == 200
    assert page.context["form"].errors
    assert not User.objects.filter(email="caio@example.com").exists()


def test_an_invitation_link_rests_as_a_hash(house, admin):
    link = link_of(admin.post("/people/", {"email": "caio@example.com"}))

    kept = Invitation.objects.get()

    assert link.rpartition("/")[2] not in str(vars(kept))


def test_somebody_with_an_account_is_not_invited_again(house, admin):
    page = admin.post("/people/", {"email": "bia@example.com"})

    assert page.context["form"].errors["email"]
    assert not Invitation.objects.exists()


def invite(party, **told):
    body = {"email": "caio@example.com"} | told
    return party.http.post(
        "/api/invitations",
        json.dumps(body),
        content_type="application/json",
        headers=party.basic(),
    )


def test_recado_invites_by_its_secret_and_gets_the_person_back(house):
    back = SHOP.replace("callback", "convite/abc")

    answer = invite(house.recado, return_to=back, name="Caio")

    assert answer.status_code == 201
    link = answer.json()["url"].removeprefix("http://localhost:8001")
    assert house.browser().post(link, ACCEPT)["Location"] == back


def test_the_page_of_an_invitation_lets_its_form_end_at_the_client_that_invited(house):
    """Browsers hold the form to its page's policy through the way back to the client."""
    back = SHOP.replace("callback", "convite/abc")
    link = invite(house.recado, return_to=back).json()["url"]
    here = link.removeprefix("http://localhost:8001")

    for page in (house.browser().get(here), house.browser().post(here, {})):
        policy = f"{page['Content-Security-Policy']};"
        assert "form-action 'self' https://loja.example;" in policy


def test_an_invitation_of_the_house_itself_leads_its_form_nowhere_else(house, admin):
    link = link_of(admin.post("/people/", {"email": "caio@example.com"}))

    policy = f"{house.browser().get(link)['Content-Security-Policy']};"

    assert "form-action 'self';" in policy


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "https://loja.example.evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "https://loja.example@evil.example/",
    ],
)
def test_an_invitation_leads_back_to_its_client_alone(house, back):
    assert invite(house.recado, return_to=back).status_code == 400


def test_only_a_first_party_client_with_its_secret_invites(house):
    assert invite(house.shop).status_code == 401
    house.recado.secret = "wrong"
    assert invite(house.recado).status_code == 401
    plain = house.recado.http.post("/api/invitations", {}, "application/json")
    assert plain.status_code == 401
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"email": "bia@example.com"}, 409),
        ({"email": "nobody"}, 400),
        ({"email": 5}, 400),
        ({"email": "a\0@example.com"}, 400),
        ({"name": "x" * 20_000}, 400),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(house, told, status):
    assert invite(house.recado, **told).status_code == status


def test_a_body_that_is_no_object_is_refused(house):
    for body in ("", "[]", "{", '"x"', "\xff"):
        answer = house.recado.http.post(
            "/api/invitations",
            body.encode("latin-1"),
            content_type="application/json",
            headers=house.recado.basic(),
        )
        assert answer.status_code == 400


def test_who_just_made_an_account_sets_up_a_second_factor_without_a_new_password(
    house, admin
):
    link = link_of(admin.post("/people/", {"email": "caio@example.com"}))
    visitor = house.browser()
    visitor.post(link, ACCEPT)

    for path in ("/account/2fa/totp/activate/", "/account/2fa/webauthn/add/"):
        assert visitor.get(path).status_code == 200, path
