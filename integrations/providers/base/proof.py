"""Proofs of a webhook's sender that several providers share, each in constant time.

An empty secret proves nothing, and every secret given is tried, so that the time taken
does not tell which one fitted.
"""

import hmac
from collections.abc import Iterable, Sequence

from integrations.providers.base.adapter import Credentials


def secrets_named(name: str, credentials: Sequence[Credentials]) -> list[bytes]:
    """The values of one credential field in every set, without the empty ones."""
    return [value.encode() for each in credentials if (value := each.get(name, ""))]


def is_hmac_sha256(body: bytes, told: str, secrets: Iterable[bytes]) -> bool:
    """Whether `told` is the lower-case hex HMAC-SHA256 of the raw body under a secret."""
    return _is_hmac("sha256", body, told, secrets)


def is_hmac_sha512(body: bytes, told: str, secrets: Iterable[bytes]) -> bool:
    """Whether `told` is the lower-case hex HMAC-SHA512 of the raw body under a secret."""
    return _is_hmac("sha512", body, told, secrets)


def _is_hmac(digest: str, body: bytes, told: str, secrets: Iterable[bytes]) -> bool:
    given = told.encode("utf-8", "replace")
    is_proven = False
    for secret in secrets:
        expected = hmac.digest(secret, body, digest).hex().encode()
        is_proven |= hmac.compare_digest(expected, given)
    return is_proven


def is_one_of(told: str, secrets: Iterable[bytes]) -> bool:
    """Whether `told` is one of the secrets itself."""
    given = told.encode("utf-8", "replace")
    is_proven = False
    for secret in secrets:
        is_proven |= hmac.compare_digest(secret, given)
    return is_proven
