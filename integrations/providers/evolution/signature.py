"""How Evolution proves who it is: a signed token that lives ten minutes.

Nothing signs the body. Of the two things a webhook can be given, the token is the
stronger: under the header name `jwt_key` the server keeps our secret to itself and sends
`Authorization: Bearer <JWT>`, HS256, while a header of any other name carries the secret
with every request, good for ever to whoever reads one. A server too old to know the word
passes `jwt_key` on as it is; that is accepted too, since only a holder of the secret can.
"""

import base64
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from integrations.providers.base.adapter import Credentials
from integrations.providers.base.errors import SignatureInvalid, Unreadable
from integrations.providers.base.proof import is_one_of, secrets_named
from integrations.providers.base.reader import Reader, find_header, read
from integrations.providers.base.types import RawRequest

HEADER: Final = "authorization"
KEY_HEADER: Final = "jwt_key"
# A request is signed once and repeated with the same token for up to 35 minutes, and a
# refusal would be final: the message lost. The rest is for clocks that disagree.
GRACE: Final = timedelta(hours=1)
_SCHEME: Final = "Bearer "
_LONGEST: Final = 4096


def authenticate(raw: RawRequest, secrets: Sequence[Credentials]) -> None:
    """Of the two proofs either is enough; one that is there must be right."""
    bearer = find_header(raw.headers, HEADER)
    plain = find_header(raw.headers, KEY_HEADER)
    if not bearer and not plain:
        raise SignatureInvalid(f"neither {HEADER} nor {KEY_HEADER}", is_missing=True)
    keys = secrets_named("webhook_secret", secrets)
    if bearer:
        _check_token(bearer, keys, now=raw.received_at)
    if plain and not is_one_of(plain, keys):
        raise SignatureInvalid(f"{KEY_HEADER} is not ours")


def _check_token(told: str, keys: Iterable[bytes], *, now: datetime) -> None:
    signed, _, signature = told.removeprefix(_SCHEME).rpartition(".")
    parts = signed.split(".")
    if not told.startswith(_SCHEME) or len(told) > _LONGEST or len(parts) != 2:
        raise SignatureInvalid(f"{HEADER} is malformed")
    if not _is_signed(signed.encode("utf-8", "replace"), signature, keys):
        raise SignatureInvalid(f"{HEADER} is not signed with our secret")
    head, claims = map(_decoded, parts)
    if head.find_text("alg") != "HS256":
        raise SignatureInvalid(f"{HEADER} names another algorithm")
    expires_at = claims.find_moment("exp")
    if expires_at is None or expires_at + GRACE < now:
        raise SignatureInvalid(f"{HEADER} has expired")


def _is_signed(signed: bytes, signature: str, keys: Iterable[bytes]) -> bool:
    """Compared as written: base64 has several spellings of one value, and one is right."""
    given = signature.encode("utf-8", "replace")
    is_proven = False
    for key in keys:
        digest = hmac.digest(key, signed, "sha256")
        expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
        is_proven |= hmac.compare_digest(expected, given)
    return is_proven


def _decoded(part: str) -> Reader:
    try:
        return read(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, Unreadable):
        raise SignatureInvalid(f"{HEADER} is malformed") from None
