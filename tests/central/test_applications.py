"""Applications of the central server: registered, changed, switched off and removed."""

import pytest
from allauth.idp.oidc.models import Client as OAuthClient

from accounts import audit
from accounts.central import clients, journal
from accounts.central.models import Application
from tests.central.conftest import SHOP, actions

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


def test_tokens_for_the_api_end_when_an_application_may_not_call_it(house, admin):
    for_api = house.tokens(house.shop, house.person, scope="openid write")
    for_identity = house.tokens(house.shop, house.person, scope="openid email")
    of_another = house.tokens(house.recado, house.person, scope="openid write")
    address = f"/applications/{house.shop.client.pk}/"
    form = {"name": "Loja", "redirect_uris": house.shop.redirect_uri}

    admin.post(address, form | {"may_call_api": "on"})
    assert house.api("/api/verify", for_api["access_token"]).status_code == 200

    admin.post(address, form)

    assert house.api("/api/verify", for_api["access_token"]).status_code == 401
    assert house.shop.refresh(for_api["refresh_token"]).status_code == 400
    assert house.api("/api/user", for_identity["access_token"]).status_code == 200
    assert house.api("/api/verify", of_another["access_token"]).status_code == 200


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


# --- Recado's own ---------------------------------------------------------------
@pytest.fixture
def seeded(house, settings):
    """Recado's own client, as the environment of the server names it."""
    client = house.recado.client
    settings.CENTRAL_FIRST_PARTY = {
        "client_id": client.pk,
        "secret": house.recado.secret,
        "redirect_uris": [SHOP],
    }
    return f"/applications/{client.pk}/"


def test_recados_own_client_is_not_changed_here(house, admin, seeded):
    page = admin.get(seeded).content.decode()
    tries = [
        admin.post(seeded, {"name": "R", "redirect_uris": "https://nova.example/x"}),
        admin.post(f"{seeded}secret/"),
        admin.get(f"{seeded}delete/"),
        admin.post(f"{seeded}delete/"),
    ]

    assert SHOP in page
    assert f'action="{seeded}secret/"' not in page
    assert f'href="{seeded}delete/"' not in page
    assert [one.status_code for one in tries] == [404] * 4
    client = OAuthClient.objects.get(pk=house.recado.client.pk)
    assert client.check_secret(house.recado.secret)
    assert client.get_redirect_uris() == [SHOP]


def test_recados_own_client_may_be_switched_off_with_a_warning(house, admin, seeded):
    page = admin.get(seeded).content.decode()
    admin.post(f"{seeded}state/", {"to": "disabled"})

    assert "ninguém entra no Recado" in page
    assert Application.objects.get(client=house.recado.client).disabled_at


def test_an_id_that_no_client_can_have_is_like_one_that_none_has(house, admin):
    answers = [
        admin.get("/applications/%00/"),
        admin.post("/applications/%00/state/"),
        house.browser(house.person).post("/access/%00/end/"),
    ]

    assert [one.status_code for one in answers] == [404] * 3


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
