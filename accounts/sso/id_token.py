"""Reading an ID token: who signed it, for whom, when, and in answer to which question.

Every check is made on every token, whatever way it came. The algorithm must be on the list
and fit the key; where a token says its key is to be found is not looked at.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

import jwt

from accounts.sso import metadata
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server

LEEWAY_SECONDS = 30
LEAST_RSA_BITS = 2048
# Which algorithms a key of this type and curve may sign with.
_FITTING = {
    ("RSA", None): {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
    ("EC", "P-256"): {"ES256"},
    ("EC", "P-384"): {"ES384"},
    ("EC", "P-521"): {"ES512"},
    ("OKP", "Ed25519"): {"EdDSA"},
}
_ALLOWED = frozenset[str]().union(*_FITTING.values())
_REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "token_expired"),
    (jwt.ImmatureSignatureError, "token_not_yet_valid"),
    (jwt.InvalidIssuerError, "issuer_wrong"),
    (jwt.InvalidAudienceError, "audience_wrong"),
    (jwt.InvalidSignatureError, "signature_wrong"),
    (jwt.MissingRequiredClaimError, "claims_poor"),
    (jwt.exceptions.InvalidSubjectError, "claims_poor"),
    (jwt.InvalidIssuedAtError, "claims_poor"),
    (jwt.InvalidKeyError, "key_unfit"),
)


def verify(
    token: object, *, server: Server, nonce: str | None, access_token: str
) -> dict[str, Any]:
    """The claims. Without a nonce (a refresh asks no question) none is compared."""
    if not isinstance(token, str) or not token:
        raise SignInRefused("id_token_missing")
    header = _header(token)
    algorithm = header["alg"]
    key = _key(server, header.get("kid"), algorithm)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=server.client_id,
            issuer=server.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise SignInRefused(_refusal(error)) from None
    _check_party(claims, server)
    _check_subject(claims)
    if nonce is not None:
        _check_nonce(claims, nonce)
    _check_access_token(claims, algorithm, access_token)
    return claims


def _header(token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise SignInRefused("id_token_malformed") from None
    if header.get("alg") not in _ALLOWED:
        raise SignInRefused("algorithm_refused")
    if "crit" in header or str(header.get("typ", "JWT")).lower() != "jwt":
        raise SignInRefused("id_token_malformed")
    return header


def _key(server: Server, kid: object, algorithm: str) -> Any:
    known = metadata.keys(server)
    found = _pick(known, kid)
    if found is None:
        found = _pick(metadata.keys(server, after=known), kid)
    if found is None:
        raise SignInRefused("key_unknown")
    kind = (str(found.get("kty")), found.get("crv"))
    usage = found.get("key_ops", ["verify"])
    if (
        algorithm not in _FITTING.get(kind, ())
        or found.get("alg", algorithm) != algorithm
        or found.get("use", "sig") != "sig"
        or not isinstance(usage, list)
        or "verify" not in usage
    ):
        raise SignInRefused("key_unfit")
    try:
        key = jwt.PyJWK(found, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise SignInRefused("key_unfit") from None
    if kind[0] == "RSA" and key.key_size < LEAST_RSA_BITS:
        raise SignInRefused("key_unfit")
    return key


def _pick(keys: Iterable[dict[str, Any]], kid: object) -> dict[str, Any] | None:
    """By its id; a token that names none gets the only key there is."""
    keys = list(keys)
    if kid is None:
        return keys[0] if len(keys) == 1 else None
    matching = [one for one in keys if one.get("kid") == kid]
    return matching[0] if len(matching) == 1 else None


def _refusal(error: Exception) -> str:
    for kind, code in _REFUSALS:
        if isinstance(error, kind):
            return code
    return "id_token_malformed"


def _check_party(claims: dict[str, Any], server: Server) -> None:
    """Which of several audiences it was made for is told by `azp`, and must be us."""
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp")
    if (party is None and len(audiences) > 1) or party not in (None, server.client_id):
        raise SignInRefused("party_wrong")


def _check_subject(claims: dict[str, Any]) -> None:
    if not 0 < len(claims["sub"]) <= 255 or not claims["sub"].isprintable():
        raise SignInRefused("claims_poor")


def _check_nonce(claims: dict[str, Any], nonce: str) -> None:
    told = claims.get("nonce")
    if not isinstance(told, str) or not told:
        raise SignInRefused("nonce_missing")
    if not hmac.compare_digest(told.encode(), nonce.encode()):
        raise SignInRefused("nonce_wrong")


def _check_access_token(
    claims: dict[str, Any], algorithm: str, access_token: str
) -> None:
    """Where the token says which access token it came with, it must be this one."""
    told = claims.get("at_hash")
    if told is None:
        return
    name = "sha512" if algorithm == "EdDSA" else f"sha{algorithm[-3:]}"
    digest = hashlib.new(name, access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), expected):
        raise SignInRefused("access_token_mismatch")
