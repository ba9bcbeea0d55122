"""A password that was forgotten: mailed link, new password, and an end to what was open."""

import re

import pytest
from django.core import mail

from accounts.central import journal
from accounts.central.models import Family
from accounts.models import AuditEvent
from tests.central.conftest import PASSWORD

NEW = "telhado-verde-91"


@pytest.fixture(autouse=True)
def _has_mail(settings):
    settings.EMAIL_HOST = "mail.example.com"


def ask_for_link(house):
    house.browser().post("/account/password/reset/", {"email": "bia@example.com"})
    found = re.search(r"/account/password/reset/key/\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


def choose(house, link):
    """Open the link in a browser that knows nothing, and send the form it shows."""
    browser = house.browser()
    page = browser.get(link, follow=True)
    assert page.redirect_chain  # only a link that is good leads on to the form
    return browser.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW})


def sign_in(house, password):
    sent = {"login": "bia@example.com", "password": password}
    return house.browser().post("/account/login/", sent)


def test_a_mailed_link_leads_to_a_new_password_that_signs_in(house):
    done = choose(house, ask_for_link(house))

    assert done["Location"] == "/account/password/reset/key/done/"
    assert sign_in(house, NEW).status_code == 302
    assert sign_in(house, PASSWORD).status_code == 200


def test_a_link_works_once(house):
    link = ask_for_link(house)
    choose(house, link)

    again = house.browser().get(link)

    assert again.status_code == 200  # a link that is good leads on to the form
    assert again.context["token_fail"]


def test_a_new_password_by_mail_ends_tokens_and_sessions(house):
    tokens = house.tokens(house.recado, house.person)
    stolen = house.browser(house.person)

    choose(house, ask_for_link(house))

    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert house.recado.refresh(tokens["refresh_token"]).status_code == 400
    assert Family.objects.get().revoked_why == "new_password"
    assert stolen.get("/").status_code == 302
    entries = AuditEvent.objects.for_workspace(journal.house())
    assert entries.filter(action="person.new_password").count() == 1
