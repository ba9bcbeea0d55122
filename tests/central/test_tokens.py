"""Tokens: rotation, reuse, revocation, introspection, and the keys that sign."""

import json
from datetime import timedelta
from unittest import mock

import jwt
import pytest
from allauth.idp.oidc.models import Token
from django.utils import timezone

from accounts import audit
from accounts.central import journal, signing, upkeep
from accounts.central.models import Family, FamilyToken, SigningKey
from accounts.models import AuditEvent


def error_of(answer):
    return json.loads(answer.content)["error"]


def test_a_refresh_token_is_good_for_one_new_pair(house):
    first = house.tokens(house.recado, house.person)

    second = house.recado.refresh(first["refresh_token"]).json()

    assert second["refresh_token"] != first["refresh_token"]
    assert house.api("/api/user", second["access_token"]).status_code == 200
    third = house.recado.refresh(second["refresh_token"])
    assert third.status_code == 200


def test_a_refresh_token_that_is_shown_again_ends_the_whole_family(house, caplog):
    first = house.tokens(house.recado, house.person)
    second = house.recado.refresh(first["refresh_token"]).json()

    stolen = house.recado.refresh(first["refresh_token"])

    assert error_of(stolen) == "invalid_grant"
    assert error_of(house.recado.refresh(second["refresh_token"])) == "invalid_grant"
    for tokens in (first, second):
        assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert Family.objects.get().revoked_why == "refresh_reused"
    entries = AuditEvent.objects.for_workspace(journal.house())
    assert entries.filter(action="token.refresh_reused").count() == 1
    assert audit.verify(journal.house()).is_intact
    assert first["refresh_token"] not in caplog.text


def test_another_sign_in_of_the_same_person_stays(house):
    reused = house.tokens(house.recado, house.person)
    other = house.tokens(house.recado, house.person)
    house.recado.refresh(reused["refresh_token"])

    house.recado.refresh(reused["refresh_token"])

    assert house.api("/api/user", other["access_token"]).status_code == 200
    assert house.recado.refresh(other["refresh_token"]).status_code == 200


def test_reuse_is_known_long_after_the_access_tokens_are_cleared(house):
    first = house.tokens(house.recado, house.person)
    second = house.recado.refresh(first["refresh_token"]).json()
    upkeep.run(now=timezone.now() + timedelta(hours=1))

    house.recado.refresh(first["refresh_token"])

    assert error_of(house.recado.refresh(second["refresh_token"])) == "invalid_grant"


def test_a_family_ends_on_its_day_however_often_it_was_refreshed(house):
    tokens = house.tokens(house.recado, house.person)
    Family.objects.update(expires_at=timezone.now())

    assert error_of(house.recado.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_that_lay_idle_expires(house):
    tokens = house.tokens(house.recado, house.person)
    Token.objects.filter(type=Token.Type.REFRESH_TOKEN).update(
        expires_at=timezone.now()
    )

    assert error_of(house.recado.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_belongs_to_its_client(house):
    tokens = house.tokens(house.recado, house.person)

    stolen = house.shop.refresh(tokens["refresh_token"])

    assert error_of(stolen) == "invalid_grant"
    assert house.recado.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_never_widens_the_scopes(house):
    tokens = house.tokens(house.recado, house.person, scope="openid")

    answer = house.recado.token(
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        scope="openid email read",
    )

    assert error_of(answer) == "invalid_scope"


def test_nothing_in_the_database_is_a_token_or_a_code(house):
    code, verifier = house.code(house.recado, house.person)
    tokens = house.recado.exchange(code, verifier).json()

    kept = " ".join(
        str(list(rows.values()))
        for rows in (Token.objects, Family.objects, FamilyToken.objects)
    )

    for secret in (code, tokens["access_token"], tokens["refresh_token"], verifier):
        assert secret not in kept


def test_somebody_who_is_switched_off_is_out_at_once(house):
    tokens = house.tokens(house.recado, house.person)
    house.person.is_active = False
    house.person.save()

    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert house.api("/api/verify", tokens["access_token"]).status_code == 401
    assert error_of(house.recado.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert house.recado.introspect(tokens["access_token"]) == {"active": False}


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_revoked_token_is_dead(house, which):
    tokens = house.tokens(house.recado, house.person)

    assert house.recado.revoke(tokens[which]).status_code == 200

    assert house.api("/api/user", tokens["access_token"]).status_code == 401
    assert house.recado.introspect(tokens[which]) == {"active": False}


def test_revoking_the_refresh_token_ends_its_access_tokens_too(house):
    first = house.tokens(house.recado, house.person)
    second = house.recado.refresh(first["refresh_token"]).json()

    house.recado.revoke(second["refresh_token"])

    for tokens in (first, second):
        assert house.api("/api/user", tokens["access_token"]).status_code == 401


def test_a_client_revokes_nobody_elses_token(house):
    tokens = house.tokens(house.recado, house.person)

    house.shop.revoke(tokens["access_token"])
    house.shop.revoke(tokens["refresh_token"])

    assert house.api("/api/user", tokens["access_token"]).status_code == 200
    assert house.recado.refresh(tokens["refresh_token"]).status_code == 200


def test_introspection_tells_a_client_about_its_own_token(house):
    tokens = house.tokens(house.shop, house.person)

    told = house.shop.introspect(tokens["access_token"])

    assert told["active"] is True
    assert told["client_id"] == house.shop.client.pk
    assert told["sub"] == str(house.person.person.sub)
    assert told["scope"] == "openid profile email"
    assert told["iss"] == "http://localhost:8001"


def test_a_client_learns_nothing_about_anothers_token(house):
    tokens = house.tokens(house.recado, house.person, scope="openid read")

    assert house.shop.introspect(tokens["access_token"]) == {"active": False}


def test_recado_learns_of_others_tokens_only_when_they_are_for_its_api(house):
    for_api = house.tokens(house.shop, house.person, scope="openid read")
    for_identity = house.tokens(house.shop, house.person, scope="openid email")

    assert house.recado.introspect(for_api["access_token"])["active"] is True
    told = house.recado.introspect(for_identity["access_token"])
    assert told == {"active": False}


def test_introspection_needs_the_clients_secret(house):
    tokens = house.tokens(house.recado, house.person)
    house.recado.secret = "wrong"

    assert house.recado.introspect(tokens["access_token"]).status_code == 401


def test_introspection_is_not_held_back(house):
    tokens = house.tokens(house.recado, house.person)

    told = [house.recado.introspect(tokens["access_token"]) for _ in range(70)]

    assert all(one["active"] for one in told)


def test_api_user_tells_what_the_scopes_let_see(house):
    everything = house.tokens(house.recado, house.person)
    little = house.tokens(house.recado, house.person, scope="openid")

    assert house.api("/api/user", everything["access_token"]).json() == {
        "sub": str(house.person.person.sub),
        "id": str(house.person.person.sub),
        "name": "Bia Nunes",
        "email": "bia@example.com",
        "email_verified": True,
    }
    assert set(house.api("/api/user", little["access_token"]).json()) == {"sub", "id"}


def test_api_verify_tells_whose_token_it_is_and_until_when(house):
    tokens = house.tokens(house.recado, house.person, scope="openid read")

    told = house.api("/api/verify", tokens["access_token"]).json()

    assert told["active"] is True
    assert told["client_id"] == house.recado.client.pk
    assert told["scope"] == "openid read"
    assert 0 < told["exp"] - told["iat"] <= 601


def test_api_verify_refuses_a_token_of_identity_alone_as_introspection_does(house):
    tokens = house.tokens(house.shop, house.person, scope="openid profile email")

    answer = house.api("/api/verify", tokens["access_token"])

    assert answer.status_code == 403
    assert answer.json()["active"] is False
    assert answer.json()["error"] == "insufficient_scope"
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert house.recado.introspect(tokens["access_token"]) == {"active": False}
    assert house.api("/api/user", tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer \u00e9\u00ff"],
)
def test_the_api_refuses_in_json_what_is_no_token(house, header):
    headers = {"Authorization": header} if header else {}

    for path in ("/api/user", "/api/verify"):
        answer = house.recado.http.get(path, headers=headers)

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer ")
        assert answer.json()["error"] == "invalid_token"


def test_neither_a_refresh_token_nor_an_expired_one_opens_the_api(house):
    tokens = house.tokens(house.recado, house.person)

    assert house.api("/api/user", tokens["refresh_token"]).status_code == 401
    Token.objects.update(expires_at=timezone.now())
    assert house.api("/api/user", tokens["access_token"]).status_code == 401


def test_asking_for_a_person_opens_no_session_and_sets_no_cookie(house):
    tokens = house.tokens(house.recado, house.person)

    answer = house.api("/api/user", tokens["access_token"])

    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert int(answer["Content-Length"]) == len(answer.content)


# --- signing keys -------------------------------------------------------------
def kids(house):
    signing.forget()
    answer = house.recado.http.get("/.well-known/jwks.json")
    return [key["kid"] for key in answer.json()["keys"]]


def signed_with(house):
    signing.forget()
    tokens = house.tokens(house.recado, house.person)
    return jwt.get_unverified_header(tokens["id_token"])["kid"]


def test_a_new_key_is_published_before_it_signs_and_the_old_one_kept_after(house):
    (old,) = kids(house)
    now = timezone.now()

    signing.rotate(now=now)

    assert len(kids(house)) == 2
    assert signed_with(house) == old
    later = now + signing.lead_time() + timedelta(seconds=1)
    with mock.patch("django.utils.timezone.now", return_value=later):
        fresh = signed_with(house)
        assert fresh != old
        assert set(kids(house)) == {old, fresh}
    at_last = later + signing.token_lifetime()
    signing.drop_expired(now=at_last)
    assert kids(house) == [fresh]


def test_a_token_that_was_signed_before_a_rotation_can_be_verified_after_it(house):
    tokens = house.tokens(house.recado, house.person)
    now = timezone.now()

    signing.rotate(now=now)
    upkeep.run(now=now + timedelta(seconds=1))

    header = jwt.get_unverified_header(tokens["id_token"])
    assert header["kid"] in kids(house)
    refreshed = house.recado.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200


def test_a_stolen_key_is_withdrawn_at_once(house):
    (stolen,) = kids(house)

    signing.rotate(now=timezone.now(), at_once=True)

    assert stolen not in kids(house)
    assert signed_with(house) != stolen


def test_the_key_set_is_cached_no_longer_than_it_is_right(house):
    signing.rotate(now=timezone.now())
    SigningKey.objects.exclude(expires_at=None).update(
        expires_at=timezone.now() + timedelta(seconds=90)
    )
    signing.forget()

    answer = house.recado.http.get("/.well-known/jwks.json")

    seconds = int(answer["Cache-Control"].split("max-age=")[1].split(",")[0])
    assert 0 < seconds <= 90


def test_signing_keys_rest_sealed(house):
    row = SigningKey.objects.get()

    assert "PRIVATE KEY" not in row.sealed
    assert "PRIVATE KEY" in signing.list_keys()[0].pem
