"""What `manage.py doctor` says of the identity server, truthful or not."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from django.core.cache import cache
from django.db import DatabaseError

from accounts.sso import fetch, metadata, server
from config import identity_server
from config.embedded import files
from tests.accounts.sso import hostile
from tests.accounts.sso.conftest import by_discovery

NAME, KEYS, CLOCK = identity_server.NAME, identity_server.KEYS, identity_server.CLOCK


def examined():
    found = {one.name: one for one in identity_server.examine()}
    told = repr(found)
    assert hostile.CLIENT_SECRET not in told
    assert all(bool(one.cure) == (one.state != "ok") for one in found.values())
    return found


def test_a_server_that_is_well_is_told_with_its_keys_and_its_clock(idp):
    found = examined()

    assert [one.state for one in found.values()] == ["ok", "ok", "ok"]
    assert idp.issuer in found[NAME].detail
    assert found[KEYS].detail == "1 key fetched now; none are kept yet"
    assert "agrees" in found[CLOCK].detail
    assert not idp.forms  # nothing is sent, so no secret is


def test_the_age_of_the_keys_in_use_is_told(idp, monkeypatch):
    metadata.keys(server.required())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 12 * 60)

    assert "those in use were fetched 12 min ago" in examined()[KEYS].detail


def test_keys_are_told_while_the_database_does_not_answer(idp, monkeypatch):
    def away(*_):
        raise DatabaseError

    monkeypatch.setattr(cache, "get", away)

    assert "1 key fetched now" in examined()[KEYS].detail


def test_what_is_kept_of_the_server_does_not_hide_that_it_is_gone(idp):
    metadata.of(server.required())
    idp.metadata_answer = (503, b"{}")

    assert examined()[NAME].state == "bad"


@pytest.mark.parametrize(
    ("lie", "detail", "cure"),
    [
        (
            {"metadata": {"issuer": "https://evil.example/\x1b[2J"}},
            "another name than the one set: 'https://evil.example/\\x1b[2J'",
            "exactly this name",
        ),
        ({"metadata": {"issuer": None}}, "None", "exactly this name"),
        ({"metadata": {"jwks_uri": None}}, "leaves out", "OAUTH_SERVER_URL"),
        (
            {"metadata": {"token_endpoint": "https://evil.example/token"}},
            "on a host that was not allowed",
            "OAUTH_ENDPOINT_HOSTS",
        ),
        (
            {"metadata": {"token_endpoint": "http://192.0.2.1/token"}},
            "not safe",
            "https",
        ),
        (
            {"metadata": {"code_challenge_methods_supported": ["plain"]}},
            "PKCE",
            "Allow PKCE",
        ),
        ({"metadata_answer": (404, b"{}")}, "does not answer as it should", "reach"),
        ({"metadata_answer": (500, b"{}")}, "error of its own", "reach"),
        ({"metadata_answer": (200, b"<html>")}, "than JSON", "OIDC_ISSUER"),
        (
            {"redirect": {"/.well-known/openid-configuration": "/x"}},
            "another address",
            "OIDC_ISSUER",
        ),
    ],
)
def test_each_lie_of_the_document_has_its_cure(idp, lie, detail, cure):
    for name, value in lie.items():
        setattr(idp, name, value)

    found = examined()

    assert list(found) == [NAME]
    assert found[NAME].state == "bad"
    assert detail in found[NAME].detail
    assert cure in found[NAME].cure


@pytest.mark.parametrize(
    ("keys", "detail"),
    [([], "lists none"), ([{}] * 51, "cannot be used"), (None, "error of its own")],
)
def test_keys_that_cannot_be_fetched_or_used_are_bad(idp, keys, detail):
    idp.keys = keys
    if keys is None:
        idp.statuses = {"/keys": 500}

    found = examined()

    assert (found[NAME].state, found[KEYS].state) == ("ok", "bad")
    assert detail in found[KEYS].detail


@pytest.mark.parametrize(
    ("ahead", "state", "detail"),
    [
        (0, "ok", "agrees"),
        (15, "warn", "s ahead of this machine's"),
        (-15, "warn", "s behind this machine's"),
        (600, "bad", "600 s ahead"),
    ],
)
def test_a_clock_that_is_off_is_told_with_its_side(idp, ahead, state, detail):
    idp.clock_ahead = ahead

    found = examined()[CLOCK]

    assert found.state == state
    assert detail in found.detail.replace("599", "600")


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Foo 20260 99:99:99 +99999999999999999999"]
)
def test_a_date_that_is_none_is_no_finding_and_no_error(idp, date):
    idp.date = date

    assert list(examined()) == [NAME, KEYS]


def test_a_server_that_drips_is_given_up_at_the_deadline(idp, monkeypatch):
    monkeypatch.setattr(fetch, "DEADLINE_SECONDS", 0.4)
    idp.slow = "/.well-known/openid-configuration"

    assert "did not answer within" in examined()[NAME].detail


def test_nobody_at_the_address_is_told_as_that(idp, settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings.OAUTH = by_discovery(idp) | {"issuer": f"http://127.0.0.1:{port}"}
        found = examined()[NAME]

    assert "nobody listens" in found.detail
    assert "OIDC_ISSUER" in found.cure


# --- without discovery ------------------------------------------------------------
def test_without_discovery_it_is_enough_that_the_end_points_answer(passport):
    passport.statuses = {"/oauth/authorize": 400}
    found = examined()

    assert [one.state for one in found.values()] == ["ok"]
    assert "three end points" in found[NAME].detail


def test_an_end_point_that_is_not_there_is_named(passport):
    found = examined()[NAME]

    assert found.state == "bad"
    assert f"{passport.issuer}/oauth/authorize" in found.detail
    assert "/oauth/token" not in found.detail


@pytest.mark.parametrize(("status", "state"), [(302, "ok"), (500, "warn")])
def test_an_end_point_that_only_dislikes_the_question_is_not_bad(
    passport, status, state
):
    passport.statuses = {"/oauth/authorize": status}

    assert examined()[NAME].state == state


def test_a_server_without_discovery_that_is_away_is_bad(passport, settings):
    settings.OAUTH = settings.OAUTH | {
        "authorization_endpoint": "http://127.0.0.1:1/oauth/authorize"
    }

    found = examined()[NAME]

    assert found.state == "bad"
    assert "OAUTH_SERVER_URL" in found.cure


def test_no_server_is_fine_where_people_have_passwords(settings):
    settings.OAUTH = None

    found = examined()

    assert (found[NAME].state, list(found)) == ("ok", [NAME])


# --- the command --------------------------------------------------------------------
@pytest.mark.parametrize("is_away", [False, True])
def test_the_command_asks_and_tells_no_secret(tmp_path, is_away):
    with hostile.serving() as idp:
        if is_away:
            idp.metadata_answer = (500, hostile.CLIENT_SECRET.encode())
        done = subprocess.run(
            [sys.executable, "manage.py", "doctor", "--json"],
            cwd=files.BASE_DIR,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.dev",
                "RECADO_VAR_DIR": str(tmp_path),
                "OIDC_ISSUER": idp.issuer,
                "OAUTH_CLIENT_ID": hostile.CLIENT_ID,
                "OAUTH_CLIENT_SECRET": hostile.CLIENT_SECRET,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    [found] = [one for one in json.loads(done.stdout) if one["name"] == NAME]
    assert found["state"] == ("bad" if is_away else "ok")
    assert hostile.CLIENT_SECRET not in done.stdout + done.stderr
    assert idp.count("/.well-known/openid-configuration") == 1
