"""Authorization codes: who gets one, for what, and what else is refused."""

import json
from datetime import timedelta
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from django.utils import timezone

from accounts.central import clients, families
from accounts.central.models import Application, Family
from tests.central.conftest import OTHER, PASSWORD, SHOP, consent


def error_of(answer):
    return json.loads(answer.content)["error"]


def test_a_person_signs_in_at_recado_without_a_question(house):
    asked, verifier = house.ask(house.recado)
    answer = house.browser(house.person).get("/oauth/authorize", asked)

    told = parse_qs(urlsplit(answer["Location"]).query)
    assert answer["Location"].startswith(f"{SHOP}?")
    assert told["state"] == ["s" * 32]
    tokens = house.recado.exchange(told["code"][0], verifier).json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 600
    assert tokens["refresh_expires_in"] > 0


def test_the_id_token_is_signed_by_a_published_key_and_names_nobody_by_number(house):
    tokens = house.tokens(house.recado, house.person)
    keys = house.recado.http.get("/.well-known/jwks.json").json()
    key = jwt.PyJWKSet.from_dict(keys)[
        jwt.get_unverified_header(tokens["id_token"])["kid"]
    ]

    claims = jwt.decode(
        tokens["id_token"],
        key,
        algorithms=["RS256"],
        audience=house.recado.client.pk,
        issuer="http://localhost:8001",
    )

    assert claims["nonce"] == "n" * 32
    assert claims["sub"] == str(house.person.person.sub)
    assert claims["email"] == "bia@example.com"
    assert claims["email_verified"] is True
    assert claims["name"] == "Bia Nunes"


def test_another_application_asks_for_consent_first(house):
    asked, _ = house.ask(house.shop)
    browser = house.browser(house.person)

    page = browser.get("/oauth/authorize", asked)

    assert page.status_code == 200
    assert "Loja" in page.content.decode()
    granted = browser.post("/oauth/authorize", consent(page, "openid profile email"))
    assert granted["Location"].startswith(f"{OTHER}?code=")


def test_who_says_no_goes_back_with_that_answer(house):
    asked, _ = house.ask(house.shop)
    browser = house.browser(house.person)
    page = browser.get("/oauth/authorize", asked)

    answer = browser.post("/oauth/authorize", consent(page, "openid", "cancel"))

    assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["access_denied"]


def test_a_stranger_signs_in_first_and_comes_back(house):
    asked, _ = house.ask(house.recado)
    browser = house.browser()
    first = browser.get("/oauth/authorize", asked)
    assert first["Location"].startswith("/account/login/?next=")

    answer = browser.post(
        first["Location"],
        {
            "login": "bia@example.com",
            "password": PASSWORD,
            "next": parse_qs(urlsplit(first["Location"]).query)["next"][0],
        },
    )

    last = browser.get(answer["Location"])
    assert last["Location"].startswith(f"{SHOP}?code=")


def test_the_sign_in_page_lets_its_form_end_at_the_client_that_asked(house):
    asked, _ = house.ask(house.recado)
    browser = house.browser()
    way = browser.get("/oauth/authorize", asked)["Location"]

    policy = browser.get(way)["Content-Security-Policy"]

    assert "form-action 'self' https://loja.example;" in f"{policy};"
    assert "https://outra.example" not in policy
    plain = browser.get("/account/login/")["Content-Security-Policy"]
    assert "form-action 'self';" in f"{plain};"


@pytest.mark.parametrize(
    "told",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
    ids=["stripped", "plain", "plain by silence"],
)
def test_pkce_with_s256_is_required_of_a_confidential_client_too(house, told):
    asked, _ = house.ask(house.recado, **told)

    answer = house.browser(house.person).get("/oauth/authorize", asked)

    assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["invalid_request"]
    assert not Family.objects.exists()


def test_a_code_is_worth_nothing_without_its_verifier(house):
    code, verifier = house.code(house.recado, house.person)

    assert error_of(house.recado.exchange(code, "x" * 64)) == "invalid_grant"
    without = house.recado.token(
        grant_type="authorization_code", code=code, redirect_uri=SHOP
    )
    assert without.status_code == 400
    assert house.recado.exchange(code, verifier).status_code == 200


@pytest.mark.parametrize(
    "uri",
    [
        f"{SHOP}/",
        f"{SHOP}?x=1",
        SHOP.replace("https", "http"),
        "https://loja.example.evil.example/callback",
        "https://evil.example/callback",
        OTHER,
        "",
    ],
)
def test_an_address_that_is_not_registered_exactly_gets_a_page_and_nothing_else(
    house, uri
):
    asked, _ = house.ask(house.recado, redirect_uri=uri)

    answer = house.browser(house.person).get("/oauth/authorize", asked)

    assert answer.status_code == 400
    assert "Location" not in answer
    assert not Family.objects.exists()


def test_the_exchange_names_the_address_the_code_was_sent_to(house):
    code, verifier = house.code(house.recado, house.person)

    answer = house.recado.exchange(code, verifier, redirect_uri=OTHER)

    assert answer.status_code == 400
    assert "access_token" not in answer.json()


def test_an_expired_code_is_refused(house):
    code, verifier = house.code(house.recado, house.person)
    Family.objects.update(code_expires_at=timezone.now() - timedelta(seconds=1))

    assert error_of(house.recado.exchange(code, verifier)) == "invalid_grant"


def test_a_code_that_is_shown_again_ends_what_came_of_it(house):
    code, verifier = house.code(house.recado, house.person)
    tokens = house.recado.exchange(code, verifier).json()
    assert house.api("/api/user", tokens["access_token"]).status_code == 200

    again = house.recado.exchange(code, verifier)

    assert error_of(again) == "invalid_grant"
    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert error_of(house.recado.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert Family.objects.get().revoked_why == "code_replayed"


def test_a_code_belongs_to_its_client(house):
    code, verifier = house.code(house.recado, house.person)

    stolen = house.shop.exchange(code, verifier, redirect_uri=SHOP)

    assert error_of(stolen) == "invalid_grant"
    assert house.recado.exchange(code, verifier).status_code == 200


def test_a_wrong_secret_is_refused_and_costs_no_slow_hash(house):
    code, verifier = house.code(house.recado, house.person)

    answer = house.recado.exchange(code, verifier, client_secret="wrong" * 10)

    assert answer.status_code == 401
    assert error_of(answer) == "invalid_client"
    assert house.recado.client.secret.startswith("random_sha256$")


def test_a_public_client_signs_in_without_a_secret_but_never_without_pkce(house):
    made = clients.register(
        name="Telefone",
        redirect_uris=["com.example.app:/callback"],
        is_public=True,
        may_call_api=False,
        now=timezone.now(),
    )
    party = type(house.recado)(made.client, None, "com.example.app:/callback")

    tokens = house.tokens(party, house.person)

    assert tokens["access_token"]
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_a_confidential_client_cannot_pass_as_a_public_one(house):
    code, verifier = house.code(house.recado, house.person)

    answer = house.recado.http.post(
        "/oauth/token",
        {
            "grant_type": "authorization_code",
            "client_id": house.recado.client.pk,
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": SHOP,
        },
    )

    assert answer.status_code == 401


def test_scopes_beyond_those_of_the_client_are_refused(house):
    asked, _ = house.ask(house.shop, scope="openid admin")

    answer = house.browser(house.person).get("/oauth/authorize", asked)

    assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["invalid_scope"]


def test_a_client_that_is_switched_off_is_unknown_everywhere(house):
    tokens = house.tokens(house.recado, house.person)
    Application.objects.filter(client=house.recado.client).update(
        disabled_at=timezone.now()
    )

    asked, _ = house.ask(house.recado)
    page = house.browser(house.person).get("/oauth/authorize", asked)

    assert page.status_code == 400
    assert house.recado.refresh(tokens["refresh_token"]).status_code == 401
    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    userinfo = house.api("/oauth/userinfo", tokens["access_token"])
    assert userinfo.status_code == 401


def test_a_client_without_its_own_row_does_not_exist(house):
    Application.objects.filter(client=house.recado.client).delete()

    asked, _ = house.ask(house.recado)

    page = house.browser(house.person).get("/oauth/authorize", asked)
    assert page.status_code == 400


def test_a_nul_in_the_client_id_is_answered_as_unknown(house):
    asked, _ = house.ask(house.recado, client_id="a\0b")

    page = house.browser(house.person).get("/oauth/authorize", asked)

    assert page.status_code == 400


def test_prompt_none_answers_without_a_page(house):
    asked, _ = house.ask(house.recado, prompt="none")

    answer = house.browser().get("/oauth/authorize", asked)

    assert "error=login_required" in answer["Location"]


def test_no_other_response_type_or_grant_is_served(house):
    asked, _ = house.ask(house.recado, response_type="token")
    implicit = house.browser(house.person).get("/oauth/authorize", asked)
    assert "access_token" not in implicit.get("Location", "")

    password = house.recado.token(
        grant_type="password", username="bia@example.com", password=PASSWORD
    )
    assert password.status_code in {400, 401}
    machine = house.recado.token(grant_type="client_credentials", scope="openid")
    assert error_of(machine) == "unauthorized_client"


def test_discovery_tells_addresses_under_the_one_issuer(house):
    told = house.recado.http.get(
        "/.well-known/openid-configuration", SERVER_NAME="127.0.0.1"
    ).json()

    assert told["issuer"] == "http://localhost:8001"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["response_types_supported"] == ["code"]
    ends = {name: told[name] for name in told if name.endswith(("_endpoint", "_uri"))}
    assert all(url.startswith("http://localhost:8001/") for url in ends.values())
    for name in ("token_endpoint", "userinfo_endpoint", "revocation_endpoint"):
        path = urlsplit(ends[name]).path
        assert house.recado.http.post(path).status_code in {400, 401}, name


def test_sign_out_asked_for_by_the_client_ends_session_and_tokens(house):
    browser = house.browser(house.person)
    tokens = house.tokens(house.recado, house.person, browser=browser)

    browser.get(
        "/oauth/logout",
        {"id_token_hint": tokens["id_token"], "client_id": house.recado.client.pk},
    )

    assert "_auth_user_id" not in browser.session
    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert not families.alive(timezone.now()).exists()


def test_sign_out_ends_every_application_that_was_entered_from_this_browser(house):
    browser, phone = house.browser(house.person), house.browser(house.person)
    here = [
        house.tokens(party, house.person, browser=browser)
        for party in (house.recado, house.shop)
    ]
    code, verifier = house.code(house.shop, house.person, browser=browser)
    there = house.tokens(house.recado, house.person, browser=phone)

    browser.post("/account/logout/", headers={"accept-language": "en"})

    for tokens in here:
        assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert error_of(house.recado.refresh(here[0]["refresh_token"])) == "invalid_grant"
    assert error_of(house.shop.exchange(code, verifier)) == "invalid_grant"
    assert house.api("/api/user", there["access_token"]).status_code == 200
    told = browser.get("/account/login/").content.decode()
    assert "lose their access now" in told


def test_a_client_that_signs_somebody_out_leaves_their_other_browsers_alone(house):
    browser, phone = house.browser(house.person), house.browser(house.person)
    here = house.tokens(house.recado, house.person, browser=browser)
    there = house.tokens(house.recado, house.person, browser=phone)

    browser.get(
        "/oauth/logout",
        {"id_token_hint": here["id_token"], "client_id": house.recado.client.pk},
    )

    assert house.api("/api/user", here["access_token"]).status_code == 401
    assert house.api("/api/user", there["access_token"]).status_code == 200
    assert "_auth_user_id" in phone.session


def test_who_stays_signed_in_here_leaves_the_client_alone_that_asked(house):
    browser = house.browser(house.person)
    recado = house.tokens(house.recado, house.person, browser=browser)
    shop = house.tokens(house.shop, house.person, browser=browser)
    asked = {"client_id": house.recado.client.pk}
    page = browser.get("/oauth/logout", asked)
    assert page.status_code == 200

    browser.post(
        "/oauth/logout",
        asked | {"action": "stay", "csrfmiddlewaretoken": page.context["csrf_token"]},
    )

    assert "_auth_user_id" in browser.session
    assert house.api("/api/user", recado["access_token"]).status_code == 401
    assert house.api("/api/user", shop["access_token"]).status_code == 200


def test_another_browser_that_is_signed_out_takes_its_applications_along(house):
    browser, phone = house.browser(), house.browser()
    for one in (browser, phone):
        one.post("/account/login/", {"login": "bia@example.com", "password": PASSWORD})
    here = house.tokens(house.recado, house.person, browser=browser)
    there = house.tokens(house.recado, house.person, browser=phone)

    browser.post("/account/sessions/")

    assert phone.get("/").status_code == 302
    assert house.api("/api/user", there["access_token"]).status_code == 401
    assert house.api("/api/user", here["access_token"]).status_code == 200


def test_two_exchanges_at_once_give_one_set_of_tokens(house):
    """The second one waits for the family's lock and then sees the mark of the first."""
    code, verifier = house.code(house.recado, house.person)
    answers: list[int | None] = []
    claim = families.claim_code

    def interrupted(shown, client):
        if not answers:
            answers.append(None)
            with mock.patch.object(families, "claim_code", claim):
                answers.append(house.recado.exchange(code, verifier).status_code)
        return claim(shown, client)

    with mock.patch.object(families, "claim_code", interrupted):
        late = house.recado.exchange(code, verifier)

    assert (answers[1], late.status_code) == (200, 400)
    assert OAuthClient.objects.count() == 2
