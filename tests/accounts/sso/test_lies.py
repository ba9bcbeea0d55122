"""A server that lies, in each way alone: refused with a page and a record.

Every case says which outcome is recorded; what all share stands in `refusals`.
"""

import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.accounts.sso import hostile
from tests.accounts.sso.refusals import check as _refused

pytestmark = pytest.mark.django_db


def _now():
    """When the lie is told: the suite may have run for long by then."""
    return int(time.time())


def _signed(key, algorithm, **header):
    def sign(claims, told):
        return jwt.encode(claims, key, algorithm=algorithm, headers=told | header)

    return sign


def _with_public_key_as_secret(claims, header):
    """What a library that trusts `alg` would take: HS256 under the published key."""
    worker = jwt.get_algorithm_by_name("HS256")
    parts = [
        jwt.utils.base64url_encode(json.dumps(part).encode())
        for part in ({"alg": "HS256", "typ": "JWT"} | header, claims)
    ]
    signing_input = b".".join(parts)
    signature = worker.sign(signing_input, hostile.public_pem(hostile.RSA))
    return b".".join([*parts, jwt.utils.base64url_encode(signature)]).decode()


def _cut(claims, header):
    token = jwt.encode(claims, hostile.RSA, algorithm="RS256", headers=header)
    return token.rpartition(".")[0] + "."


# Each lie of the server alone: a name, what it does to the server, what is recorded.
LIES = {
    # --- ID token: who signed it ---
    "alg none": (
        lambda idp: setattr(idp, "sign", lambda c, h: jwt.encode(c, "", "none", h)),
        "algorithm_refused",
    ),
    "HS256 with the public key": (
        lambda idp: setattr(idp, "sign", _with_public_key_as_secret),
        "algorithm_refused",
    ),
    "HS256 with our own secret": (
        lambda idp: setattr(
            idp, "sign", _signed(hostile.CLIENT_SECRET.ljust(40, "x"), "HS256")
        ),
        "algorithm_refused",
    ),
    "the signature cut off": (
        lambda idp: setattr(idp, "sign", _cut),
        "signature_wrong",
    ),
    "signed by somebody else under a known key id": (
        lambda idp: setattr(idp, "sign", _signed(hostile.OTHER_RSA, "RS256")),
        "signature_wrong",
    ),
    "unknown key id": (
        lambda idp: setattr(idp, "header", {"kid": "nobody's"}),
        "key_unknown",
    ),
    "no key id and two keys": (
        lambda idp: idp.__dict__.update(
            header={"kid": None},
            keys=[hostile.jwk(hostile.RSA), hostile.jwk(hostile.OTHER_RSA, "k2")],
        ),
        "key_unknown",
    ),
    "two keys with the same id": (
        lambda idp: setattr(
            idp, "keys", [hostile.jwk(hostile.RSA), hostile.jwk(hostile.OTHER_RSA)]
        ),
        "key_unknown",
    ),
    "key by jku": (
        lambda idp: setattr(
            idp,
            "sign",
            _signed(
                hostile.OTHER_RSA, "RS256", jku=f"{idp.issuer}/evil-keys", kid="evil"
            ),
        ),
        "key_unknown",
    ),
    "key by x5u under a known id": (
        lambda idp: setattr(
            idp,
            "sign",
            _signed(hostile.OTHER_RSA, "RS256", x5u=f"{idp.issuer}/evil-keys"),
        ),
        "signature_wrong",
    ),
    "key in the token itself": (
        lambda idp: setattr(
            idp,
            "sign",
            _signed(hostile.OTHER_RSA, "RS256", jwk=hostile.jwk(hostile.OTHER_RSA)),
        ),
        "signature_wrong",
    ),
    "a key of another type than the algorithm": (
        lambda idp: setattr(idp, "keys", [hostile.jwk(hostile.EC)]),
        "key_unfit",
    ),
    "a key for encryption": (
        lambda idp: setattr(idp, "keys", [hostile.jwk(hostile.RSA, use="enc")]),
        "key_unfit",
    ),
    "a key for another algorithm": (
        lambda idp: setattr(idp, "keys", [hostile.jwk(hostile.RSA, alg="PS256")]),
        "key_unfit",
    ),
    "a key too short": (
        lambda idp: idp.__dict__.update(
            keys=[hostile.jwk(hostile.SMALL_RSA)], sign=_by_small_key
        ),
        "key_unfit",
    ),
    "a critical header nobody knows": (
        lambda idp: setattr(idp, "header", {"crit": ["exp"], "exp": 1}),
        "id_token_malformed",
    ),
    "an access token in place of the ID token": (
        lambda idp: setattr(idp, "header", {"typ": "at+jwt"}),
        "id_token_malformed",
    ),
    "no token at all but noise": (
        lambda idp: setattr(idp, "token", {"id_token": "a.b.c"}),
        "id_token_malformed",
    ),
    "an endless token": (
        lambda idp: setattr(idp, "claims", {"padding": "x" * 20_000}),
        "token_response",
    ),
    "no ID token": (
        lambda idp: setattr(idp, "token", {"id_token": None}),
        "id_token_missing",
    ),
    # --- ID token: for whom, by whom, when ---
    "wrong iss": (
        lambda idp: setattr(idp, "claims", {"iss": "https://evil.example"}),
        "issuer_wrong",
    ),
    "iss with one slash more": (
        lambda idp: setattr(idp, "claims", {"iss": f"{idp.issuer}/"}),
        "issuer_wrong",
    ),
    "wrong aud": (
        lambda idp: setattr(idp, "claims", {"aud": "somebody-else"}),
        "audience_wrong",
    ),
    "several aud and no azp": (
        lambda idp: setattr(idp, "claims", {"aud": [hostile.CLIENT_ID, "evil"]}),
        "party_wrong",
    ),
    "wrong azp": (lambda idp: setattr(idp, "claims", {"azp": "evil"}), "party_wrong"),
    "expired": (
        lambda idp: setattr(idp, "claims", {"exp": _now() - 60, "iat": _now() - 360}),
        "token_expired",
    ),
    "not yet valid": (
        lambda idp: setattr(idp, "claims", {"nbf": _now() + 600}),
        "token_not_yet_valid",
    ),
    "issued in the future": (
        lambda idp: setattr(idp, "claims", {"iat": _now() + 600}),
        "token_not_yet_valid",
    ),
    "no exp": (lambda idp: setattr(idp, "claims", {"exp": None}), "claims_poor"),
    "no iat": (lambda idp: setattr(idp, "claims", {"iat": None}), "claims_poor"),
    "no sub": (lambda idp: setattr(idp, "claims", {"sub": None}), "claims_poor"),
    "a sub that is no text": (
        lambda idp: setattr(idp, "claims", {"sub": 17}),
        "claims_poor",
    ),
    "an endless sub": (
        lambda idp: setattr(idp, "claims", {"sub": "x" * 256}),
        "claims_poor",
    ),
    "nonce missing": (
        lambda idp: setattr(idp, "claims", {"nonce": None}),
        "nonce_missing",
    ),
    "nonce wrong": (
        lambda idp: setattr(idp, "claims", {"nonce": "another"}),
        "nonce_wrong",
    ),
    "another access token than the ID token's": (
        lambda idp: setattr(idp, "claims", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
        "access_token_mismatch",
    ),
    # --- userinfo ---
    "userinfo of someone else": (
        lambda idp: setattr(idp, "userinfo", {"sub": "person-2"}),
        "userinfo_other_person",
    ),
    "userinfo of nobody": (
        lambda idp: setattr(idp, "userinfo", {"sub": None}),
        "userinfo_other_person",
    ),
    "userinfo refused": (
        lambda idp: setattr(idp, "userinfo_answer", (403, b"{}")),
        "userinfo_refused",
    ),
    "userinfo that is a list": (
        lambda idp: setattr(idp, "userinfo_answer", (200, b"[]")),
        "not_json",
    ),
    "userinfo that redirects to a sign-in page": (
        lambda idp: setattr(idp, "redirect", {"/userinfo": "/login"}),
        "redirected",
    ),
    "email_verified as the text false": (
        lambda idp: setattr(idp, "userinfo", {"email_verified": "false"}),
        "email_unverified",
    ),
    "email_verified as the text true": (
        lambda idp: setattr(idp, "userinfo", {"email_verified": "true"}),
        "email_unverified",
    ),
    "email_verified as the number 1": (
        lambda idp: setattr(idp, "userinfo", {"email_verified": 1}),
        "email_unverified",
    ),
    "another e-mail than the one verified": (
        lambda idp: idp.__dict__.update(
            claims={"email": "rita@example.com", "email_verified": True},
            userinfo={"email": "boss@example.com", "email_verified": None},
        ),
        "email_unverified",
    ),
    "no e-mail": (
        lambda idp: setattr(idp, "userinfo", {"email": None}),
        "email_missing",
    ),
    "an e-mail that only looks like another person's": (
        lambda idp: setattr(idp, "userinfo", {"email": "r\u0131ta@example.com"}),
        "email_not_ascii",
    ),
    "an e-mail that becomes another person's in lower case": (
        lambda idp: setattr(idp, "userinfo", {"email": "\u212aate@example.com"}),
        "email_not_ascii",
    ),
    "an e-mail that is none": (
        lambda idp: setattr(idp, "userinfo", {"email": "rita"}),
        "email_missing",
    ),
    # --- tokens ---
    "token answer without a type": (
        lambda idp: setattr(idp, "token", {"token_type": None}),
        "token_response",
    ),
    "token answer without a token": (
        lambda idp: setattr(idp, "token", {"access_token": None}),
        "token_response",
    ),
    "an access token with a line break": (
        lambda idp: idp.__dict__.update(
            token={"access_token": "a\r\nX-Evil: 1"}, claims={"at_hash": None}
        ),
        "token_response",
    ),
    "an expiry in the past": (
        lambda idp: setattr(idp, "token", {"expires_in": -1}),
        "token_response",
    ),
    "a wrong secret": (
        lambda idp: setattr(idp, "token_answer", (401, b'{"error":"invalid_client"}')),
        "client_refused",
    ),
    "the token endpoint down": (
        lambda idp: setattr(idp, "token_answer", (500, b"oops")),
        "server_error",
    ),
    "the token endpoint redirects": (
        lambda idp: setattr(idp, "redirect", {"/token": "http://evil.example/"}),
        "redirected",
    ),
}


def _by_small_key(claims, header):
    """By hand: the library itself refuses to sign with so short a key."""
    parts = [
        jwt.utils.base64url_encode(json.dumps(part).encode())
        for part in ({"alg": "RS256", "typ": "JWT"} | header, claims)
    ]
    message = b".".join(parts)
    signature = hostile.SMALL_RSA.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return b".".join([message, jwt.utils.base64url_encode(signature)]).decode()


@pytest.mark.parametrize("name", LIES)
def test_a_server_that_lies_signs_nobody_in(walker, name):
    lie, code = LIES[name]
    lie(walker.idp)

    answer = walker.sign_in()

    _refused(walker, answer, code)


def test_the_places_that_a_token_names_are_never_visited(walker):
    for name in ("key by jku", "key by x5u under a known id"):
        LIES[name][0](walker.idp)
        walker.sign_in()

    assert walker.idp.count("/evil-keys") == 0


def test_forged_key_ids_do_not_make_us_ask_again_and_again(walker):
    walker.idp.header = {"kid": "nobody's"}

    for _ in range(4):
        walker.sign_in()

    assert walker.idp.count("/keys") == 2
