"""Pages that say no: they need nothing that may be away, and lead on."""

import json

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.views.defaults import page_not_found, permission_denied

from config import errors


def _answer(rf, error, **headers):
    try:
        raise error
    except type(error):
        return errors.server_error(rf.get("/w/padaria/", headers=headers))


@pytest.mark.parametrize(
    ("language", "word"), [("pt-BR", "Voltamos já"), ("en", "Back in a moment")]
)
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_a_database_that_is_away_is_told_without_it(rf, error, language, word):
    # No `db` fixture: a query would fail this test.
    page = _answer(rf, error, accept_language=language)

    html = page.content.decode()
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Language"] == language.lower()
    assert f"<h1>{word}</h1>" in html
    assert "Voltamos já" in html
    assert "Back in a moment" in html


def test_any_other_error_is_ours(rf):
    page = _answer(rf, ValueError("x"))

    assert page.status_code == 500
    assert "Retry-After" not in page.headers


def test_a_page_answers_503_when_the_database_goes_away(settings):
    """The whole way: the session is asked for first, and is not there."""
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    settings.SESSION_ENGINE = "tests.config.away"

    page = client.get("/w/padaria/", headers={"accept-language": "en"})

    assert page.status_code == 503
    assert "<h1>Back in a moment</h1>" in page.content.decode()


@pytest.mark.parametrize("handler", [permission_denied, page_not_found])
def test_a_page_that_says_no_leads_back_where_one_came_from(rf, handler):
    def shown(referer):
        request = rf.get("/w/padaria/x/", headers={"referer": referer})
        return handler(request, ValueError()).content.decode()

    assert 'href="/w/padaria/leads/?q=ana"' in shown(
        "http://testserver/w/padaria/leads/?q=ana"
    )
    for foreign in (
        "https://evil.example/x",
        "http://testserver//evil.example/",
        "http://testserver/w/padaria/x/",
        "",
    ):
        html = shown(foreign)
        assert "evil" not in html
        assert html.count('<a class="button') == 1  # home alone


def test_an_address_that_only_takes_forms_says_so(world, signed_in):
    client = signed_in(world.owner)

    page = client.get("/w/padaria/webhooks/replay/")
    head = client.head("/w/padaria/webhooks/replay/")

    assert page.status_code == head.status_code == 405
    assert page.headers["Allow"] == "POST"
    assert "Não há nada para ver neste endereço" in page.content.decode()


def test_every_icon_of_the_manifest_is_there():
    folder = settings.BASE_DIR / "static" / "icons"
    manifest = json.loads((folder / "app.webmanifest").read_text())

    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    for icon in manifest["icons"]:
        assert (folder / icon["src"]).is_file()
