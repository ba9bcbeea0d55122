"""Consent: asked once for the same thing, by person and application, and taken back."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts import audit
from accounts.central import clients, journal
from accounts.central.models import Consent
from accounts.models import AuditEvent
from tests.central.conftest import consent

ALL = "openid profile email"


def answer_to(house, party, user, **told):
    """What the browser of somebody who is signed in gets: a page, or the way back."""
    asked, _ = house.ask(party, **told)
    return house.browser(user).get("/oauth/authorize", asked)


def query(answer):
    return parse_qs(urlsplit(answer["Location"]).query)


def allow(house, party, user, allowed=ALL, **told):
    asked, _ = house.ask(party, **told)
    browser = house.browser(user)
    page = browser.get("/oauth/authorize", asked)
    assert page.status_code == 200
    return browser.post("/oauth/authorize", consent(page, allowed))


def public(house, uri):
    made = clients.register(
        name="Telefone",
        redirect_uris=[uri],
        is_public=True,
        may_call_api=False,
        now=timezone.now(),
    )
    return type(house.recado)(made.client, None, uri)


def test_what_was_allowed_is_not_asked_again(house):
    allow(house, house.shop, house.person)

    again = answer_to(house, house.shop, house.person)

    assert query(again)["code"]
    assert query(again)["state"] == ["s" * 32]


def test_a_remembered_sign_in_gives_what_was_asked_for(house):
    allow(house, house.shop, house.person)

    tokens = house.tokens(house.shop, house.person, scope="openid email")

    told = house.api("/api/user", tokens["access_token"]).json()
    assert told["email"] == "bia@example.com"
    assert "name" not in told


def test_more_than_was_allowed_is_asked_for(house):
    allow(house, house.shop, house.person, "openid email", scope="openid email")

    assert answer_to(house, house.shop, house.person, scope=ALL).status_code == 200
    allow(house, house.shop, house.person, ALL)
    assert answer_to(house, house.shop, house.person).status_code == 302
    assert Consent.objects.get().scopes == ["email", "openid", "profile"]


def test_what_was_left_out_on_the_page_is_asked_again(house):
    allow(house, house.shop, house.person, "openid")

    assert Consent.objects.get().scopes == ["openid"]
    assert answer_to(house, house.shop, house.person).status_code == 200


def test_a_no_is_remembered_as_nothing(house):
    asked, _ = house.ask(house.shop)
    browser = house.browser(house.person)
    page = browser.get("/oauth/authorize", asked)

    browser.post("/oauth/authorize", consent(page, ALL, "cancel"))

    assert not Consent.objects.exists()
    assert answer_to(house, house.shop, house.person).status_code == 200


def test_a_consent_is_of_one_person_for_one_application(house):
    allow(house, house.shop, house.person)
    other = public(house, "https://telefone.example/volta")

    assert answer_to(house, house.shop, house.admin).status_code == 200
    assert answer_to(house, other, house.person).status_code == 200


def test_a_client_that_wants_the_page_gets_it(house):
    allow(house, house.shop, house.person)

    page = answer_to(house, house.shop, house.person, prompt="consent")

    assert page.status_code == 200


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("https://telefone.example/volta", 302),
        ("com.example.app:/volta", 200),
        ("http://127.0.0.1:9000/volta", 200),
    ],
)
def test_a_program_that_others_can_pass_for_asks_each_time(house, uri, status):
    """Without a secret, only an https address says who it is."""
    party = public(house, uri)
    allow(house, party, house.person)

    assert answer_to(house, party, house.person).status_code == status
    silent = answer_to(house, party, house.person, prompt="none")
    assert ("code" in query(silent)) is (status == 302)


def test_without_a_page_nobody_is_signed_in_where_they_have_not_allowed_it(house):
    """Tokens of another application, Recado's among them, are no consent to this one."""
    house.tokens(house.recado, house.person)

    silent = answer_to(house, house.shop, house.person, prompt="none")

    assert query(silent)["error"] == ["consent_required"]
    allow(house, house.shop, house.person)
    assert query(answer_to(house, house.shop, house.person, prompt="none"))["code"]
    assert query(answer_to(house, house.recado, house.admin, prompt="none"))["code"]


def test_without_openid_there_is_no_silence_and_a_stranger_signs_in(house):
    for party in (house.recado, house.shop):
        asked, _ = house.ask(party, prompt="none", scope="profile")

        answer = house.browser().get("/oauth/authorize", asked)

        assert answer["Location"].startswith("/account/login/?next=")


def test_the_account_lists_an_application_once_and_what_it_may(house):
    house.tokens(house.recado, house.person)
    house.tokens(house.recado, house.person)
    house.tokens(house.shop, house.person, scope="openid email")

    accesses = house.browser(house.person).get("/").context["accesses"]

    assert [access.client.name for access in accesses] == ["Loja", "Recado"]
    assert [len(access.may) for access in accesses] == [2, 3]
    assert [access.address for access in accesses] == ["", "https://loja.example"]


def test_a_person_ends_the_access_of_an_application_and_is_asked_again(house):
    tokens = house.tokens(house.shop, house.person)
    others = house.tokens(house.shop, house.admin)
    mine = house.browser(house.person)

    mine.post(f"/access/{house.shop.client.pk}/end/")

    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert house.api("/api/user", others["access_token"]).status_code == 200
    assert mine.get("/").context["accesses"] == []
    assert answer_to(house, house.shop, house.person).status_code == 200
    assert answer_to(house, house.shop, house.admin).status_code == 302
    assert mine.post("/access/nothing/end/").status_code == 404


def test_consents_and_their_end_stand_in_the_audit_trail(house):
    allow(house, house.shop, house.person)
    allow(house, house.shop, house.person, prompt="consent")
    mine = house.browser(house.person)
    for _ in range(2):
        mine.post(f"/access/{house.shop.client.pk}/end/")

    entries = AuditEvent.objects.for_workspace(journal.house()).order_by("sequence")

    told = [(entry.action, entry.actor) for entry in entries][-2:]
    assert told == [("consent.given", house.person), ("access.ended", house.person)]
    assert [entry.action for entry in entries].count("consent.given") == 1
    assert audit.verify(journal.house()).is_intact


def test_the_page_says_where_it_leads_and_whether_it_comes_again(house):
    page = answer_to(house, house.shop, house.person)
    assert (page.context["leads_to"], page.context["is_remembered"]) == (
        "outra.example",
        True,
    )

    party = public(house, "com.example.app:/volta")
    page = answer_to(house, party, house.person)

    assert (page.context["leads_to"], page.context["is_remembered"]) == ("", False)
