"""`/api/` from outside: bearers of the OAuth server, service tokens, and every refusal."""

import json
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, Membership
from accounts.permissions import Scope
from accounts.services import tokens
from tests.accounts.asking import get, refused, service
from tests.accounts.sso.conftest import by_discovery
from tests.integrations import loopback


# --- people -------------------------------------------------------------------
def test_the_person_of_a_token_is_told(identity, world):
    response = get()

    assert response.status_code == 200
    assert response.json() == {
        "oauth_id": "7",
        "issuer": identity.settings()["issuer"],
        "email": "agent@example.com",
        "name": "",
        "language": None,
        "workspaces": [{"slug": "padaria", "name": "Padaria", "role": "agent"}],
    }
    assert response.headers["Vary"] == "Authorization"
    assert response.headers["Content-Length"] == str(len(response.content))
    assert "Set-Cookie" not in response.headers


def test_verify_tells_what_the_server_said(identity, world):
    told = get("/api/verify").json()

    assert told["active"] is True
    assert (told["kind"], told["sub"], told["client_id"]) == ("person", "7", "crm")
    assert told["scope"] == "openid read write"
    assert told["exp"] > time.time()


def test_the_server_is_asked_once_by_introspection(identity, world):
    for _ in range(5):
        assert get().status_code == 200

    (asked,) = identity.asked
    assert asked.startswith(b"POST /introspect ")
    assert b"token=good&token_type_hint=access_token" in asked


def test_the_client_may_prove_itself_in_the_body(identity, world, settings):
    settings.API_BEARERS = identity.settings(auth="client_secret_post")

    assert get().status_code == 200
    assert b"Basic" not in identity.asked[0]


def test_the_endpoint_is_discovered_once_where_none_is_set(identity, world, settings):
    settings.API_BEARERS = identity.settings(introspection_url="")
    settings.OAUTH = by_discovery(identity)
    identity.tokens["other"] = identity.tokens["good"]

    assert [get().status_code, get(token="other").status_code] == [200, 200]
    paths = [asked.split(b" ")[1] for asked in identity.asked]
    assert paths == [b"/.well-known/openid-configuration", *[b"/introspect"] * 2]


def test_metadata_of_another_issuer_is_not_believed(identity, world, settings):
    settings.API_BEARERS = identity.settings(introspection_url="")
    settings.OAUTH = by_discovery(identity, issuer=identity.url("/"))

    refused(get(), 503, "temporarily_unavailable")


@pytest.mark.parametrize(
    "told",
    [
        {"sub": 7},
        {"valid": True, "user": {"id": 7}},
        {"valid": True, "data": {"id": "7"}},
        {"valid": True},  # who it is then stands at /api/user
        {},
    ],
)
def test_a_server_that_only_verifies_will_do(identity, world, settings, told):
    settings.API_BEARERS = identity.settings(
        introspection_url="", verify_url=identity.url("/api/verify"), uid_field="id"
    )
    identity.tokens["good"] = told

    assert get().json()["oauth_id"] == "7"
    refused(get(token="unknown"), 401, "invalid_token")


# --- what is not let in -------------------------------------------------------
def test_without_a_token_the_challenge_names_no_error(identity, world):
    response = refused(get(token=None), 401, "unauthorized")

    assert response.headers["WWW-Authenticate"] == 'Bearer realm="recado"'


def test_a_token_that_is_not_active_is_refused_as_the_rfc_says(identity, world):
    response = refused(get(token="unknown"), 401, "invalid_token")

    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="recado", error="invalid_token"')


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer a b", "Bearer ç", "Bearer a,b", "Bearer \x00"],
)
def test_a_malformed_header_is_a_bad_request(identity, world, header):
    response = Client().get("/api/user", headers={"Authorization": header})

    refused(response, 400, "invalid_request")
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]
    assert identity.asked == []


@pytest.mark.parametrize("header", ["Basic Z29vZA==", "good", "Token good"])
def test_other_schemes_are_no_bearer(identity, world, header):
    response = Client().get("/api/user", headers={"Authorization": header})

    refused(response, 401, "unauthorized")


def test_a_token_in_the_address_is_not_taken(identity, world):
    refused(get("/api/user?access_token=good", None), 400, "invalid_request")


def test_a_session_is_no_bearer(identity, world, signed_in):
    refused(signed_in(world.agent).get("/api/user"), 401, "unauthorized")


@pytest.mark.parametrize(
    "changed",
    [
        {"active": False},
        {"exp": 1},
        {"nbf": 10**11},
        {"token_type": "refresh_token"},
        {"token_type": "Refresh"},
        {"iss": "https://elsewhere.example"},
        {"sub": None},
        {"sub": ""},
        {"sub": ["7"]},
        {"sub": True},
    ],
)
def test_what_the_server_says_of_a_token_counts(identity, world, changed):
    identity.tokens["good"] |= changed

    refused(get(), 401, "invalid_token")


def test_only_named_clients_are_taken_where_some_are_named(identity, world, settings):
    settings.API_BEARERS = identity.settings(clients=["erp"])
    refused(get(), 401, "invalid_token")

    identity.tokens["of-erp"] = identity.tokens["good"] | {"client_id": "erp"}
    assert get(token="of-erp").status_code == 200


def test_a_subject_of_another_issuer_is_nobody(identity, world):
    world.agent.oauth_issuer = "https://elsewhere.example"
    world.agent.save()

    refused(get(), 403, "access_denied")


def test_somebody_switched_off_is_out_at_the_next_request(identity, world):
    assert get().status_code == 200
    world.agent.is_active = False
    world.agent.save()

    refused(get(), 403, "access_denied")


def test_no_identity_server_means_service_tokens_alone(identity, world, settings):
    settings.API_BEARERS = None

    refused(get(), 401, "invalid_token")
    assert get("/api/verify", service(world).secret).status_code == 200


# --- service tokens -----------------------------------------------------------
def test_a_service_token_speaks_for_its_workspace(identity, world):
    made = service(world, Scope.WORKSPACE_READ, Scope.MESSAGES_SEND)

    told = get("/api/verify", made.secret).json()
    workspace = get("/api/w/padaria/", made.secret).json()

    assert (told["kind"], told["workspace"]) == ("service", "padaria")
    assert told["scope"] == "messages:send workspace:read"
    assert workspace["name"] == "Padaria"
    refused(get("/api/user", made.secret), 403, "insufficient_scope")
    assert identity.asked == []


def test_a_service_token_reaches_no_other_workspace(identity, world):
    secret = service(world).secret

    foreign = refused(get("/api/w/oficina/", secret), 404, "not_found")
    missing = refused(get("/api/w/nenhuma/", secret), 404, "not_found")

    assert foreign.content == missing.content


def test_a_person_reaches_the_workspaces_they_are_in(identity, world):
    assert get("/api/w/padaria/").json()["slug"] == "padaria"
    refused(get("/api/w/oficina/"), 404, "not_found")

    Membership.objects.for_workspace(world.workspace).filter(user=world.agent).delete()
    refused(get("/api/w/padaria/"), 404, "not_found")


def test_a_scope_that_was_not_given_is_named(identity, world):
    secret = service(world, Scope.CLIENTS_READ).secret

    response = refused(get("/api/w/padaria/", secret), 403, "insufficient_scope")

    assert 'scope="workspace:read"' in response.headers["WWW-Authenticate"]


def test_an_expired_and_a_revoked_token_open_nothing(identity, world):
    made = service(world)
    assert get("/api/verify", made.secret).status_code == 200
    tokens.revoke_token(made.token, now=timezone.now(), actor=world.owner)
    refused(get("/api/verify", made.secret), 401, "invalid_token")

    now = timezone.now()
    old = service(
        world,
        name="Old",
        now=now - timedelta(days=2),
        expires_at=now - timedelta(days=1),
    )
    refused(get("/api/verify", old.secret), 401, "invalid_token")


def test_a_mistyped_token_costs_no_query(identity, world, django_assert_num_queries):
    secret = service(world).secret
    wrong = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    get("/api/verify", wrong)  # opens the slices of the limits

    with django_assert_num_queries(1):  # the refusal that is counted
        refused(get("/api/verify", wrong), 401, "invalid_token")


def test_last_use_is_noted_once_a_minute(identity, world):
    made = service(world)
    get("/api/verify", made.secret)
    first = ApiToken.objects.unscoped("test").get().last_used_at
    assert first is not None
    writes = []

    def watch(execute, sql, params, many, context):
        writes.extend([sql] if sql.startswith('UPDATE "accounts_apitoken"') else [])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        get("/api/verify", made.secret)
    assert writes == []

    ApiToken.objects.unscoped("test").update(last_used_at=first - timedelta(minutes=2))
    get("/api/verify", made.secret)
    again = ApiToken.objects.unscoped("test").get().last_used_at
    assert again is not None
    assert again > first


# --- the path itself ----------------------------------------------------------
def test_a_request_costs_two_queries_and_no_session(
    identity, world, django_assert_num_queries
):
    get()

    with django_assert_num_queries(2):  # the person, and their memberships
        get()


@pytest.mark.parametrize("path", ["/api/w/", "/api/nothing", "/api/user/", "/api/w/x"])
def test_an_unknown_address_is_json_too(identity, world, path):
    refused(get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_say_which_are_allowed(identity, world, method):
    response = Client(enforce_csrf_checks=True).generic(
        method, "/api/user", headers={"Authorization": "Bearer good"}
    )

    refused(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD"


def test_head_is_answered(identity, world):
    response = Client().head("/api/user", headers={"Authorization": "Bearer good"})

    assert response.status_code == 200


def test_a_page_that_is_no_api_view_is_not_served_on_the_short_path(identity, settings):
    settings.ROOT_URLCONF = "tests.accounts.stray_urls"

    refused(get("/api/stray"), 404, "not_found")


def test_a_mistake_of_ours_is_json_without_details(identity, settings, caplog):
    settings.ROOT_URLCONF = "tests.accounts.stray_urls"

    response = refused(get("/api/broken"), 500, "server_error")

    assert b"sesame" not in response.content


def test_a_database_that_is_away_is_503(identity, settings):
    settings.ROOT_URLCONF = "tests.accounts.stray_urls"

    response = refused(get("/api/away"), 503, "temporarily_unavailable")
    assert response.headers["Retry-After"] == "15"


# --- how often ----------------------------------------------------------------
def test_a_token_has_its_own_limit(identity, world, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_token": (3, 60)}
    identity.tokens["other"] = identity.tokens["good"]

    statuses = [get().status_code for _ in range(4)]
    response = refused(get(), 429, "too_many_requests")

    assert statuses == [200, 200, 200, 429]
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert get(token="other").status_code == 200


def test_an_address_has_its_own_limit(identity, world, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_address": (3, 60)}

    assert [get().status_code for _ in range(4)] == [200, 200, 200, 429]
    # Spoofing the header changes nothing without a trusted proxy.
    spoofed = get(**{"X-Forwarded-For": "203.0.113.9"})
    refused(spoofed, 429, "too_many_requests")


def test_guessing_is_stopped_before_the_server_is_asked(identity, world, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_refused": (3, 60)}

    statuses = [get(token=f"guess{n}").status_code for n in range(8)]

    assert statuses == [401] * 3 + [429] * 5
    assert len(identity.asked) == 4
    refused(get("/api/verify", service(world).secret), 429, "too_many_requests")


def test_a_known_good_token_passes_beside_somebody_who_guesses(
    identity, world, settings
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_refused": (3, 60)}
    assert get().status_code == 200
    for number in range(8):
        get(token=f"guess{number}")

    assert get().status_code == 200


def test_no_token_reaches_a_log(identity, world, caplog):
    secret = service(world).secret
    identity.answer = loopback.plain(status="500 Oops")
    get(token="a-very-secret-token")
    get("/api/verify", secret)

    assert "a-very-secret" not in caplog.text
    assert secret not in caplog.text
    assert json.dumps(identity.settings()["client_secret"]) not in caplog.text
