"""The central server's own pages: applications, people, invitations, one's account."""

import json
import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Client as OAuthClient
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import audit
from accounts.central import clients, journal, people
from accounts.central.models import Application, Invitation
from accounts.models import AuditEvent, User
from tests.central.conftest import PASSWORD, SHOP

FORM = {
    "name": "Painel <b>de vendas",
    "redirect_uris": "https://painel.example/volta\nhttp://localhost:9000/volta",
    "may_call_api": "on",
}


def actions():
    entries = AuditEvent.objects.for_workspace(journal.house()).order_by("sequence")
    return [entry.action for entry in entries]


@pytest.fixture
def admin(house):
    return house.browser(house.admin)


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


# --- who sees what ------------------------------------------------------------
OPEN = {
    *("healthz", "api-user", "api-verify", "configuration", "jwks", "authorization"),
    *("token", "userinfo", "introspect", "revoke", "logout", "invited"),
    *("invitation-create", "account_login", "account_logout", "account_inactive"),
    *("account_reset_password", "account_reset_password_done"),
    *("account_reset_password_from_key", "account_reset_password_from_key_done"),
    *("mfa_authenticate", "mfa_trust", "mfa_login_webauthn", "mfa_signup_webauthn"),
    "mfa_complete_login",
}
ADMIN = {"application", "person"}


def patterns(resolver=None):
    for pattern in (resolver or get_resolver("config.central_urls")).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern)
        elif isinstance(pattern, URLPattern):
            yield pattern


def path_of(pattern, house):
    told = {"pk": str(house.shop.client.pk), "token": "x", "uidb36": "1", "key": "x-1"}
    route = full_route(pattern)
    if "<int:pk>" in route:
        told["pk"] = "1"
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: told[found[1]], route)


def full_route(wanted, resolver=None, before=""):
    resolver = resolver or get_resolver("config.central_urls")
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if pattern is wanted:
            return route
        if isinstance(pattern, URLResolver):
            found = full_route(wanted, pattern, route)
            if found:
                return found
    return ""


def test_every_page_asks_a_stranger_to_sign_in_unless_it_is_listed(house):
    stranger = Client(SERVER_NAME="localhost")
    closed = [pattern for pattern in patterns() if pattern.name not in OPEN]
    assert len(closed) > 15

    for pattern in closed:
        for method in (stranger.get, stranger.post):
            answer = method(path_of(pattern, house))
            assert answer.status_code == 302, pattern.name
            assert answer["Location"].startswith("/account/login/"), pattern.name


def test_applications_and_people_are_for_admins_alone(house):
    person = house.browser(house.person)
    seen = 0
    for pattern in patterns():
        if str(pattern.name).partition("-")[0] not in ADMIN:
            continue
        for method in (person.get, person.post):
            assert method(path_of(pattern, house)).status_code == 403, pattern.name
            seen += 1
    assert seen == 18
    assert OAuthClient.objects.count() == 2


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_every_page_of_an_account_is_shown_in_both_languages(house, language):
    house.tokens(house.shop, house.admin)
    house.admin.language = language
    house.admin.save()
    browser = house.browser(house.admin)
    people.invite(email="novo@example.com", now=timezone.now())
    pages = [
        *("/", "/applications/", "/applications/new/", "/people/"),
        *(f"/applications/{house.shop.client.pk}/", "/account/sessions/"),
        *(f"/applications/{house.shop.client.pk}/delete/", "/account/2fa/"),
        *("/account/password/change/", "/account/2fa/totp/activate/"),
        *("/account/2fa/webauthn/add/", "/account/2fa/webauthn/"),
    ]
    for page in pages:
        answer = browser.get(page, follow=True)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert text.count("<h1") == 1, page
        assert f'lang="{language}"' in text.lower(), page
        assert "style=" not in text, page
        assert "'unsafe" not in answer["Content-Security-Policy"], page


def test_the_cookies_have_names_of_their_own(house):
    browser = house.browser()
    browser.get("/account/login/")
    browser.post("/account/login/", {"login": "bia@example.com", "password": PASSWORD})

    assert "recado_central_csrf" in browser.cookies
    assert "recado_central_session" in browser.cookies
    assert set(browser.cookies) <= {"recado_central_csrf", "recado_central_session"}


def test_a_new_password_ends_every_token(house):
    tokens = house.tokens(house.recado, house.person)
    browser = house.browser()
    browser.post("/account/login/", {"login": "bia@example.com", "password": PASSWORD})

    answer = browser.post(
        "/account/password/change/",
        {
            "oldpassword": PASSWORD,
            "password1": "telhado-verde-91",
            "password2": "telhado-verde-91",
        },
    )

    assert answer.status_code == 302
    assert house.api("/api/user", tokens["access_token"]).status_code == 401


def test_switching_a_person_off_ends_session_and_tokens(house, admin):
    tokens = house.tokens(house.recado, house.person)
    theirs = house.browser()
    theirs.post("/account/login/", {"login": "bia@example.com", "password": PASSWORD})
    assert theirs.get("/").status_code == 200

    admin.post(f"/people/{house.person.pk}/state/", {"to": "inactive"})

    assert theirs.get("/").status_code == 302
    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    own = admin.post(f"/people/{house.admin.pk}/state/", {"to": "inactive"})
    assert own.status_code == 404


# --- invitations --------------------------------------------------------------
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


# --- the rows behind ----------------------------------------------------------
def test_who_may_not_see_a_page_reads_who_may(house):
    page = house.browser(house.person).get("/applications/")

    assert page.status_code == 403
    assert "quem cuida deste servidor" in page.content.decode()
    assert "espaço de trabalho" not in page.content.decode()


def test_an_address_that_only_takes_forms_says_so(house, admin):
    page = admin.get(f"/applications/{house.shop.client.pk}/secret/")

    assert page.status_code == 405
    assert "Não há nada para ver neste endereço" in page.content.decode()


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


def test_who_just_made_an_account_sets_up_a_second_factor_without_a_new_password(
    house, admin
):
    link = link_of(admin.post("/people/", {"email": "caio@example.com"}))
    visitor = house.browser()
    visitor.post(link, ACCEPT)

    for path in ("/account/2fa/totp/activate/", "/account/2fa/webauthn/add/"):
        assert visitor.get(path).status_code == 200, path
