"""How the sandbox proves who it is: an HMAC of the raw body, as real providers do."""

import hmac
from collections.abc import Sequence

from integrations.providers.base.adapter import Credentials
from integrations.providers.base.errors import SignatureInvalid
from integrations.providers.base.proof import is_hmac_sha256, secrets_named
from integrations.providers.base.reader import find_header
from integrations.providers.base.types import RawRequest

HEADER = "x-sandbox-signature"
_PREFIX = "sha256="


def sign(body: bytes, webhook_secret: str) -> str:
    return _PREFIX + hmac.digest(webhook_secret.encode(), body, "sha256").hex()


def authenticate(raw: RawRequest, secrets: Sequence[Credentials]) -> None:
    told = find_header(raw.headers, HEADER)
    if not told:
        raise SignatureInvalid(f"no {HEADER}", is_missing=True)
    if not told.startswith(_PREFIX):
        raise SignatureInvalid(f"{HEADER} is malformed")
    keys = secrets_named("webhook_secret", secrets)
    if not is_hmac_sha256(raw.body, told.removeprefix(_PREFIX), keys):
        raise SignatureInvalid(f"{HEADER} does not fit the body")
