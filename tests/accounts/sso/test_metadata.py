"""Metadata of a server that lies or does not answer: refused before anybody is sent there."""

import time

import pytest

from accounts.sso import fetch
from tests.accounts.sso.conftest import by_discovery
from tests.accounts.sso.refusals import check as _refused

pytestmark = pytest.mark.django_db
PAPERS = {
    "metadata of another issuer": (
        {"issuer": "https://evil.example"},
        "metadata_issuer",
    ),
    "metadata without an issuer": ({"issuer": None}, "metadata_issuer"),
    "a token endpoint elsewhere": (
        {"token_endpoint": "https://evil.example/token"},
        "metadata_elsewhere",
    ),
    "keys elsewhere": ({"jwks_uri": "https://evil.example/keys"}, "metadata_elsewhere"),
    "introspection elsewhere": (
        {"introspection_endpoint": "https://evil.example/introspect"},
        "metadata_elsewhere",
    ),
    "keys on another port": (
        {"jwks_uri": "http://127.0.0.1:1/keys"},
        "metadata_elsewhere",
    ),
    "a sign-in page elsewhere": (
        {"authorization_endpoint": "https://evil.example/"},
        "metadata_elsewhere",
    ),
    "userinfo in the machine's own network": (
        {"userinfo_endpoint": "http://169.254.169.254/latest/"},
        "metadata_unsafe",
    ),
    "a file": ({"jwks_uri": "file:///etc/passwd"}, "metadata_unsafe"),
    "a script": ({"authorization_endpoint": "javascript:alert(1)"}, "metadata_unsafe"),
    "a sign-in page without TLS": (
        {"authorization_endpoint": "http://evil.example/"},
        "metadata_unsafe",
    ),
    "an address with a name before the host": (
        {"token_endpoint": "https://a@127.0.0.1/"},
        "metadata_unsafe",
    ),
    "no keys": ({"jwks_uri": None}, "metadata_poor"),
    "no token endpoint": ({"token_endpoint": 17}, "metadata_poor"),
    "PKCE offered in clear text alone": (
        {"code_challenge_methods_supported": ["plain"]},
        "pkce_unsupported",
    ),
}


@pytest.mark.parametrize("name", PAPERS)
def test_metadata_that_leads_elsewhere_sends_nobody_there(walker, name):
    walker.idp.metadata, code = PAPERS[name]

    answer = walker.begin()

    _refused(walker, answer, code)
    assert [path for _, path in walker.idp.requests] == [
        "/.well-known/openid-configuration"
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, b"x" * 300_000), "too_large"),
        ((200, b"<html>"), "not_json"),
        ((200, b"[" * 200_000), "not_json"),
        ((200, b"[]"), "not_json"),
        ((404, b"{}"), "unreachable"),
        ((503, b"{}"), "server_error"),
    ],
)
def test_metadata_that_cannot_be_read_is_not_waited_for(walker, answer, code):
    walker.idp.metadata_answer = answer

    _refused(walker, walker.begin(), code)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/userinfo"])
def test_a_server_that_drips_bytes_is_left_at_the_deadline(walker, path, monkeypatch):
    monkeypatch.setattr(fetch, "DEADLINE_SECONDS", 1.0)  # nobody waits for the real one
    walker.idp.slow = path
    walker.idp.userinfo = {"padding": "x" * 2000}
    began = time.monotonic()

    answer = walker.sign_in()

    assert time.monotonic() - began < 12
    _refused(walker, answer, "too_slow")


def test_a_server_that_is_down_gives_a_page_and_not_an_error(walker, settings):
    settings.OAUTH = by_discovery(walker.idp) | {"issuer": "http://127.0.0.1:9"}

    _refused(walker, walker.begin(), "unreachable")


def test_metadata_that_redirects_is_not_followed(walker):
    path = "/.well-known/openid-configuration"
    walker.idp.redirect = {path: f"{walker.idp.issuer}/other"}

    _refused(walker, walker.begin(), "redirected")
    assert walker.idp.count("/other") == 0


def test_refused_metadata_is_not_kept(walker):
    walker.idp.metadata = {"issuer": "https://evil.example"}
    walker.begin()
    walker.idp.metadata = {}

    assert walker.sign_in().status_code == 302
