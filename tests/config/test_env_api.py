"""Where bearers are asked about follows from the identity server that people sign in with."""

import pytest

from config import env, env_api, env_oauth
from tests.config.test_env_oauth import HOME, ISSUER, PLAIN


@pytest.fixture
def read(monkeypatch):
    def with_(names):
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        return env_api.read(env_oauth.read(HOME))

    return with_


def test_without_a_server_nobody_is_asked(read):
    assert read({}) is None


def test_a_server_with_discovery_names_its_endpoint_itself(read):
    found = read(ISSUER)

    assert found["issuer"] == ISSUER["OIDC_ISSUER"]
    assert (found["introspection_url"], found["verify_url"]) == ("", "")
    assert (found["uid_field"], found["user_url"]) == ("sub", "")
    assert (found["client_id"], found["client_secret"]) == ("recado", "secret")


def test_a_server_without_discovery_is_shown_the_token(read):
    found = read(PLAIN)

    assert found["issuer"] == "https://id.example"
    assert found["verify_url"] == "https://id.example/api/verify"
    assert found["user_url"] == "https://id.example/api/user"
    assert found["uid_field"] == "id"


def test_introspection_takes_the_place_of_verifying(read):
    found = read(PLAIN | {"OAUTH_INTROSPECTION_URL": "https://id.example/introspect"})

    assert found["introspection_url"] == "https://id.example/introspect"
    assert found["verify_url"] == ""


def test_two_ways_to_ask_stop_the_start(read):
    both = {
        "OAUTH_INTROSPECTION_URL": "https://id.example/introspect",
        "OAUTH_VERIFY_URL": "https://id.example/verify",
    }

    with pytest.raises(env.BadSetting, match="OAUTH_VERIFY_URL"):
        read(PLAIN | both)


def test_reading_and_writing_have_the_words_of_the_central_server_unless_set(read):
    found = read(ISSUER)
    assert (found["read_scope"], found["write_scope"]) == ("read", "write")

    found = read(ISSUER | {"OAUTH_API_READ_SCOPE": "recado:read"})
    assert (found["read_scope"], found["write_scope"]) == ("recado:read", "write")


def test_two_scopes_where_one_belongs_stop_the_start(read):
    with pytest.raises(env.BadSetting, match="OAUTH_API_WRITE_SCOPE"):
        read(ISSUER | {"OAUTH_API_WRITE_SCOPE": "write recado"})
