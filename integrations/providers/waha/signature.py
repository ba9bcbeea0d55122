"""How WAHA proves who it is: an HMAC-SHA512 of the raw body under a key of ours.

A server that was given no key sends no signature; the free one of 2024 never did. The
header is asked for all the same, since a number is never set up here without a key.
https://waha.devlike.pro/docs/how-to/events/#hmac-authentication
"""

from collections.abc import Sequence

from integrations.providers.base.adapter import Credentials
from integrations.providers.base.errors import SignatureInvalid
from integrations.providers.base.proof import is_hmac_sha512, secrets_named
from integrations.providers.base.reader import find_header
from integrations.providers.base.types import RawRequest

HEADER = "x-webhook-hmac"


def authenticate(raw: RawRequest, secrets: Sequence[Credentials]) -> None:
    told = find_header(raw.headers, HEADER)
    if not told:
        raise SignatureInvalid(f"no {HEADER}", is_missing=True)
    if not is_hmac_sha512(raw.body, told, secrets_named("webhook_secret", secrets)):
        raise SignatureInvalid(f"{HEADER} does not fit the body")
