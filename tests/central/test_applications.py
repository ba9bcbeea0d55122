"""Applications of the central server: registered, changed, switched off and removed."""

import pytest
from allauth.idp.oidc.models import Client as OAuthClient

from accounts import audit
from accounts.central import clients, journal
from accounts.central.models import Application
from tests.central.conftest import actions

FORM = {
    "name": "Painel <b>de vendas",
    "redirect_uris": "https://painel.example/volta\nhttp://localhost:9000/volta",
    "may_call_api": "on",
}


def test_an_application_is_registered_and_its_secret_shown_once(house, admin):
    page = admin.post("/applications/new/", FORM)

    made = OAuthClient.objects.get(name=FORM["name"])
    secret = page.context["secret"]
    assert len(secret) >= 43
    assert secret in page.content.decode()
    assert "<b>" not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert made.check_secret(secret)
    assert secret not in made.secret
    later = admin.get(f"/applications/{made.pk}/").content.decode()
    assert secret not in later
    assert actions()[-1] == "client.added"


def test_a_registered_application_signs_a_person_in(house, admin):
    page = admin.post("/applications/new/", FORM)
    party = type(house.recado)(
        page.context["client"], page.context["secret"], "https://painel.example/volta"
    )

    tokens = house.tokens(party, house.person)

    assert house.api("/api/user", tokens["access_token"]).status_code == 200


def test_a_new_secret_ends_the_old_one(house, admin):
    page = admin.post(f"/applications/{house.shop.client.pk}/secret/")

    house.shop.client.refresh_from_db()
    assert house.shop.client.check_secret(page.context["secret"])
    assert not house.shop.client.check_secret(house.shop.secret)
    assert actions()[-1] == "client.secret_rotated"


def test_switching_off_ends_the_tokens_and_can_be_taken_back(house, admin):
    tokens = house.tokens(house.shop, house.person)
    address = f"/applications/{house.shop.client.pk}/state/"

    admin.post(address, {"to": "disabled"})
    assert house.api("/api/user", tokens["access_token"]).status_code == 401

    admin.post(address, {"to": "enabled"})
    assert house.shop.refresh(tokens["refresh_token"]).status_code == 400
    fresh = house.tokens(house.shop, house.person)
    assert house.api("/api/user", fresh["access_token"]).status_code == 200
    assert actions()[-2:] == ["client.disabled", "client.enabled"]


def test_removal_asks_first_and_then_takes_everything(house, admin):
    tokens = house.tokens(house.shop, house.person)
    address = f"/applications/{house.shop.client.pk}/delete/"

    assert admin.get(address).status_code == 200
    assert OAuthClient.objects.filter(pk=house.shop.client.pk).exists()
    admin.post(address)

    assert not OAuthClient.objects.filter(pk=house.shop.client.pk).exists()
    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert actions()[-1] == "client.removed"
    assert audit.verify(journal.house()).is_intact


def test_a_change_is_kept_and_noted(house, admin):
    address = f"/applications/{house.shop.client.pk}/"

    admin.post(address, {"name": "Loja 2", "redirect_uris": "https://nova.example/x"})

    house.shop.client.refresh_from_db()
    assert house.shop.client.get_redirect_uris() == ["https://nova.example/x"]
    assert house.shop.client.get_scopes() == ["openid", "profile", "email"]
    assert house.shop.client.check_secret(house.shop.secret)
    assert actions()[-1] == "client.changed"


@pytest.mark.parametrize(
    "uri",
    [
        "http://painel.example/volta",
        "https://painel.example/volta#x",
        "https://*.painel.example/volta",
        "https:///volta",
        "https://user:pass@painel.example/",
        "https://painel.example\\@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "com.example.app:/volta",
        "//painel.example/volta",
        "painel",
        "https://painel.example:99999/",
        "http://127.0.0.1.evil.example/",
    ],
)
def test_a_redirect_address_that_cannot_be_safe_is_refused(house, admin, uri):
    page = admin.post("/applications/new/", FORM | {"redirect_uris": uri})

    assert page.context["form"].errors["redirect_uris"]
    assert OAuthClient.objects.count() == 2


def test_a_public_application_may_use_its_own_scheme_and_has_no_secret(house, admin):
    page = admin.post(
        "/applications/new/",
        FORM | {"redirect_uris": "com.example.app:/volta", "is_public": "on"},
    )

    assert page.context["secret"] is None
    made = OAuthClient.objects.get(name=FORM["name"])
    assert made.type == OAuthClient.Type.PUBLIC
    assert not made.check_secret("")
    refused = admin.post(f"/applications/{made.pk}/secret/")
    assert refused.status_code == 404


# --- the rows behind ----------------------------------------------------------
def test_disabling_does_not_touch_other_applications(house, admin):
    tokens = house.tokens(house.recado, house.person)

    admin.post(f"/applications/{house.shop.client.pk}/state/", {"to": "disabled"})

    assert house.api("/api/user", tokens["access_token"]).status_code == 200
    assert Application.objects.exclude(disabled_at=None).count() == 1


def test_the_origins_of_a_client_are_those_of_its_addresses(house):
    house.shop.client.set_redirect_uris(
        ["https://a.example/x", "http://localhost:9/y", "com.example.app:/z"]
    )

    assert clients.origins(house.shop.client) == {
        "https://a.example",
        "http://localhost:9",
        "com.example.app:",
    }
