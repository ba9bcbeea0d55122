"""The identity server's settings: what fits together is read, what does not stops the start."""

import pytest

from config import env, env_oauth

HOME = "https://recado.example"
ISSUER = {
    "OIDC_ISSUER": "https://id.example/realms/shop",
    "OAUTH_CLIENT_ID": "recado",
    "OAUTH_CLIENT_SECRET": "secret",
}
PLAIN = {
    "OAUTH_SERVER_URL": "https://id.example/",
    "OAUTH_CLIENT_ID": "recado",
    "OAUTH_CLIENT_SECRET": "secret",
}


@pytest.fixture
def read(monkeypatch):
    def with_(names):
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        return env_oauth.read(HOME)

    return with_


def test_without_a_server_there_is_none(read):
    assert read({}) is None
    assert read({"OAUTH_NAME": "Padaria", "OAUTH_API_CLIENTS": "crm"}) is None


def test_a_server_by_discovery_has_its_defaults(read):
    found = read(ISSUER)

    assert found["issuer"] == "https://id.example/realms/shop"
    assert found["is_discovered"]
    assert found["name"] == "id.example"
    assert found["redirect_path"] == "account/sso/callback/"
    assert found["scope"] == "openid profile email"
    assert (found["token_auth"], found["uid_field"]) == ("auto", "sub")
    assert "token_endpoint" not in found


def test_an_issuer_keeps_the_slash_at_its_end(read):
    assert read(ISSUER | {"OIDC_ISSUER": "https://x.auth0.com/"})["issuer"] == (
        "https://x.auth0.com/"
    )


def test_a_server_without_discovery_has_the_endpoints_of_passport(read):
    found = read(PLAIN | {"OAUTH_REVOCATION_URL": "https://id.example/revoke"})

    assert found["issuer"] == "https://id.example"
    assert found["authorization_endpoint"] == "https://id.example/oauth/authorize"
    assert found["token_endpoint"] == "https://id.example/oauth/token"
    assert found["userinfo_endpoint"] == "https://id.example/api/user"
    assert found["revocation_endpoint"] == "https://id.example/revoke"
    assert (found["scope"], found["uid_field"]) == ("read write", "id")
    assert found["email_verified_claim"] == "email_verified_at"
    assert found["token_auth"] == "client_secret_post"


def test_every_fact_of_the_server_can_be_set(read):
    found = read(
        ISSUER
        | {
            "OAUTH_NAME": "Padaria ID",
            "OAUTH_SCOPE": "openid offline_access",
            "OAUTH_AUTH_PARAMS": "prompt=consent&audience=recado",
            "OAUTH_REDIRECT_URI": f"{HOME}/oauth/return",
            "OAUTH_ENDPOINT_HOSTS": "token.example, keys.example:8443",
            "OAUTH_LINK_BY_EMAIL": "1",
        }
    )

    assert found["name"] == "Padaria ID"
    assert found["auth_params"] == {"prompt": "consent", "audience": "recado"}
    assert found["redirect_path"] == "oauth/return"
    assert found["link_by_email"]
    assert env_oauth.origins(found) == [
        "https://id.example",
        "https://token.example",
        "https://keys.example:8443",
    ]


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"]
)
def test_plain_http_is_for_this_machine(read, issuer):
    assert read(ISSUER | {"OIDC_ISSUER": issuer})["issuer"] == issuer


@pytest.mark.parametrize(
    ("names", "blamed"),
    [
        (ISSUER | PLAIN, "OIDC_ISSUER"),
        ({"OAUTH_CLIENT_ID": "recado"}, "OAUTH_CLIENT_ID"),
        ({"OAUTH_CLIENT_SECRET": "secret"}, "OAUTH_CLIENT_SECRET"),
        ({"OAUTH_REDIRECT_URI": f"{HOME}/oauth/return"}, "OAUTH_REDIRECT_URI"),
        ({"OAUTH_VERIFY_URL": "https://id.example/verify"}, "OAUTH_VERIFY_URL"),
        (ISSUER | {"OAUTH_CLIENT_ID": ""}, "OAUTH_CLIENT_ID"),
        (ISSUER | {"OAUTH_CLIENT_SECRET": ""}, "OAUTH_CLIENT_SECRET"),
        (ISSUER | {"OAUTH_TOKEN_AUTH": "none"}, "OAUTH_CLIENT_SECRET"),
        (ISSUER | {"OAUTH_TOKEN_AUTH": "magic"}, "OAUTH_TOKEN_AUTH"),
        (PLAIN | {"OAUTH_TOKEN_AUTH": "auto"}, "OAUTH_TOKEN_AUTH"),
        (ISSUER | {"OIDC_ISSUER": "http://id.example"}, "OIDC_ISSUER"),
        (ISSUER | {"OIDC_ISSUER": "id.example"}, "OIDC_ISSUER"),
        (ISSUER | {"OIDC_ISSUER": "https://id.example/?x=1"}, "OIDC_ISSUER"),
        (ISSUER | {"OIDC_ISSUER": "https://a:b@id.example"}, "OIDC_ISSUER"),
        (PLAIN | {"OAUTH_SERVER_URL": "http://id.example"}, "OAUTH_SERVER_URL"),
        (ISSUER | {"OAUTH_SCOPE": "read write"}, "OAUTH_SCOPE"),
        (ISSUER | {"OAUTH_UID_FIELD": "email"}, "OAUTH_UID_FIELD"),
        (
            ISSUER | {"OAUTH_REVOCATION_URL": "https://a.example"},
            "OAUTH_REVOCATION_URL",
        ),
        (PLAIN | {"OAUTH_LOGOUT_URL": "http://a.example"}, "OAUTH_LOGOUT_URL"),
        (
            ISSUER | {"OAUTH_REDIRECT_URI": "https://evil.example/cb"},
            "OAUTH_REDIRECT_URI",
        ),
        (
            ISSUER | {"OAUTH_REDIRECT_URI": f"{HOME}.evil.example/cb"},
            "OAUTH_REDIRECT_URI",
        ),
        (ISSUER | {"OAUTH_REDIRECT_URI": f"{HOME}/w/x/"}, "OAUTH_REDIRECT_URI"),
        (ISSUER | {"OAUTH_REDIRECT_URI": f"{HOME}/cb?x=1"}, "OAUTH_REDIRECT_URI"),
        (ISSUER | {"OAUTH_AUTH_PARAMS": "state=1"}, "OAUTH_AUTH_PARAMS"),
        (
            ISSUER | {"OAUTH_AUTH_PARAMS": "code_challenge_method=plain"},
            "OAUTH_AUTH_PARAMS",
        ),
        (ISSUER | {"OAUTH_AUTH_PARAMS": "nonsense"}, "OAUTH_AUTH_PARAMS"),
        (
            ISSUER | {"OAUTH_ENDPOINT_HOSTS": "https://a.example"},
            "OAUTH_ENDPOINT_HOSTS",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(read, names, blamed):
    with pytest.raises(env.BadSetting) as refused:
        read(names)

    assert refused.value.name == blamed
    assert refused.value.cure
