"""How far a person's token reaches: as the server's word and the role, both."""

import json

import pytest
from django.test import Client

from tests.accounts.asking import get, refused
from tickets.models import Client as Customer

CLIENTS = "/api/w/padaria/clients"
CLIENT = {"oauth_id": "c-1", "name": "Zé"}


def post():
    return Client().post(
        CLIENTS,
        json.dumps(CLIENT),
        content_type="application/json",
        headers={"Authorization": "Bearer good", "Idempotency-Key": "abcdefgh"},
    )


def says(identity, scope):
    identity.tokens["good"]["scope"] = scope


@pytest.mark.parametrize(
    ("scope", "reads", "writes"),
    [
        ("openid read write", True, True),
        (["openid", "read", "write"], True, True),
        ("openid read", True, False),
        ("write", False, True),
        ("openid profile email", False, False),
        ("readwrite", False, False),
        ("READ WRITE", False, False),
        ("", False, False),
        ([], False, False),
        (7, False, False),
        ({"read": True}, False, False),
    ],
)
def test_a_token_opens_what_its_scopes_say(identity, world, scope, reads, writes):
    says(identity, scope)

    assert get(CLIENTS).status_code == (200 if reads else 403)
    assert post().status_code == (201 if writes else 403)
    found = Customer.objects.for_workspace(world.workspace)
    assert found.exists() is writes


@pytest.mark.parametrize("told", [{}, {"scope": None}])
def test_where_the_server_names_no_scope_the_role_decides(identity, world, told):
    del identity.tokens["good"]["scope"]
    identity.tokens["good"] |= told

    assert get(CLIENTS).status_code == 200
    assert post().status_code == 201


def test_a_scope_gives_nobody_more_than_their_role(identity, world, signed_in):
    world.workspace.memberships.filter(user=world.agent).update(role="viewer")

    response = refused(post(), 403, "insufficient_scope")

    assert 'scope="clients:write"' in response.headers["WWW-Authenticate"]
    assert get(CLIENTS).status_code == 200


def test_what_to_ask_the_server_for_is_named(identity, world):
    says(identity, "openid")

    reading = refused(get(CLIENTS), 403, "insufficient_scope")
    writing = refused(post(), 403, "insufficient_scope")

    assert 'scope="read"' in reading.headers["WWW-Authenticate"]
    assert 'scope="write"' in writing.headers["WWW-Authenticate"]


def test_a_token_of_identity_alone_does_not_tell_who_is_where(identity, world):
    says(identity, "openid profile email")

    inside = refused(get(CLIENTS), 403, "insufficient_scope")
    outside = refused(get("/api/w/nenhuma/clients"), 403, "insufficient_scope")
    person = refused(get("/api/user"), 403, "insufficient_scope")

    assert inside.content == outside.content == person.content
    assert get("/api/verify").json()["scope"] == "openid profile email"


def test_a_token_that_only_writes_does_not_tell_who_the_person_is(identity, world):
    says(identity, "write")

    response = refused(get("/api/user"), 403, "insufficient_scope")

    assert 'scope="read"' in response.headers["WWW-Authenticate"]


def test_verify_tells_that_the_server_names_no_scope(identity, world):
    del identity.tokens["good"]["scope"]

    assert get("/api/verify").json()["scope"] is None


def test_a_server_may_have_other_words(identity, world, settings):
    settings.API_BEARERS = identity.settings(
        read_scope="recado:read", write_scope="recado:write"
    )
    says(identity, "recado:read write")

    assert get(CLIENTS).status_code == 200
    response = refused(post(), 403, "insufficient_scope")
    assert 'scope="recado:write"' in response.headers["WWW-Authenticate"]


def test_one_word_may_be_for_both(identity, world, settings):
    settings.API_BEARERS = identity.settings(read_scope="recado", write_scope="recado")
    says(identity, "openid recado")

    assert get(CLIENTS).status_code == 200
    assert post().status_code == 201
