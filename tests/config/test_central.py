"""The central server beside `manage.py up`: when it is started, and with what."""

import pytest

from config.embedded import central, files
from config.embedded.launch import ServerFailed

ENV = {
    "DATABASE_URL": "postgresql://recado_app@/recado?host=%2Ftmp%2Fx",
    "DATABASE_OWNER_URL": "postgresql://recado@/recado?host=%2Ftmp%2Fx",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "CENTRAL_CLIENT_ID": "id",
    "CENTRAL_CLIENT_SECRET": "secret",
    "OAUTH_SCOPE": "openid",
}


@pytest.mark.parametrize("name", ["OIDC_ISSUER", "OAUTH_SERVER_URL"])
def test_an_operators_own_server_keeps_it_from_starting(name):
    assert central.is_wanted({})
    assert central.is_wanted({name: ""})
    assert not central.is_wanted({name: "https://login.example"})
    assert not central.is_wanted({name: "https://login.example", "OAUTH_SCOPE": "x"})


@pytest.mark.parametrize(
    "name",
    [
        *("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_REDIRECT_URI"),
        *("OAUTH_INTROSPECTION_URL", "OAUTH_VERIFY_URL", "OAUTH_LOGOUT_URL"),
        *("OAUTH_ENDPOINT_HOSTS", "OAUTH_EMAIL_VERIFIED_CLAIM", "OAUTH_TOKEN_AUTH"),
    ],
)
def test_a_server_described_by_halves_stops_the_start_and_is_told_what_is_missing(name):
    with pytest.raises(ServerFailed, match="OIDC_ISSUER nor OAUTH_SERVER_URL") as told:
        central.is_wanted({name: "x"})

    assert name in str(told.value)


@pytest.mark.parametrize(
    "name", ["OAUTH_NAME", "OAUTH_SCOPE", "OAUTH_LINK_BY_EMAIL", "OAUTH_API_CLIENTS"]
)
def test_what_holds_for_any_server_holds_for_this_one(name):
    assert central.is_wanted({name: "x"})


def test_it_listens_beside_recado_unless_told_otherwise():
    assert central.port_beside(8000, {}) == 8001
    assert central.port_beside(8000, {"CENTRAL_PORT": "9100"}) == 9100
    for wrong in ("x", "0", "70000"):
        with pytest.raises(ServerFailed, match="CENTRAL_PORT"):
            central.port_beside(8000, {"CENTRAL_PORT": wrong})


def test_recado_is_told_the_client_and_the_server_is_nobodys_client():
    plan = central.plan(8001, ENV)

    assert plan.told["OIDC_ISSUER"] == "http://localhost:8001"
    assert plan.told["OAUTH_CLIENT_ID"] == "id"
    assert plan.told["CENTRAL_REDIRECT_URIS"].startswith("http://127.0.0.1:8000/")
    assert plan.env["DJANGO_SETTINGS_MODULE"] == "config.settings.central"
    assert "OIDC_ISSUER" not in plan.env
    assert "OAUTH_CLIENT_SECRET" not in plan.env


def test_its_database_is_a_neighbour_of_recados():
    plan = central.plan(8001, ENV)

    assert plan.env["CENTRAL_DATABASE_URL"] == (
        "postgresql://recado@/recado_central?host=%2Ftmp%2Fx"
    )
    own = central.plan(8001, ENV | {"CENTRAL_DATABASE_URL": "postgresql://h/other"})
    assert own.env["CENTRAL_DATABASE_URL"] == "postgresql://h/other"


def test_a_database_that_cannot_be_made_is_told_with_what_to_do(capsys):
    assert central.main(["postgresql://nobody@127.0.0.1:1/x_central"]) == 1

    told = capsys.readouterr().err
    assert "CENTRAL_DATABASE_URL" in told
    assert "OIDC_ISSUER" in told


def test_the_clients_keys_are_made_only_when_they_are_asked_for(tmp_path, monkeypatch):
    for name in (*files.MADE_KEYS, *central.MADE_KEYS):
        monkeypatch.delenv(name, raising=False)

    files.ensure_keys(tmp_path)
    assert set(files.read(files.keys_file(tmp_path))) == set(files.MADE_KEYS)
    files.ensure_keys(tmp_path, (*files.MADE_KEYS, *central.MADE_KEYS))

    made = files.read(files.keys_file(tmp_path))
    assert set(made) == {*files.MADE_KEYS, *central.MADE_KEYS}
    assert len(made["CENTRAL_CLIENT_SECRET"]) >= 43
