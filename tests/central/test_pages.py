"""The central server's own pages: who sees what, and what ends with a password."""

import re

import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.central import people
from tests.central.conftest import PASSWORD

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


def test_who_may_not_see_a_page_reads_who_may(house):
    page = house.browser(house.person).get("/applications/")

    assert page.status_code == 403
    assert "quem cuida deste servidor" in page.content.decode()
    assert "espaço de trabalho" not in page.content.decode()


def test_an_address_that_is_nothing_speaks_of_no_workspace(house):
    page = house.browser(house.person).get("/nothing/here/")

    assert page.status_code == 404
    assert "O endereço pode estar errado, ou o que havia nele" in page.content.decode()


def test_an_address_that_only_takes_forms_says_so(house, admin):
    page = admin.get(f"/applications/{house.shop.client.pk}/secret/")

    assert page.status_code == 405
    assert "Não há nada para ver neste endereço" in page.content.decode()


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
