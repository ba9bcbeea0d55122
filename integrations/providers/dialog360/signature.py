"""How 360dialog proves who it is: an HMAC of the body, or a header we gave it ourselves.

The vendor signs what it sends to a partner's URL; a number's own webhook carries the
custom header set together with the URL. Both rest on `webhook_secret`. Implementers
disagree on the prefix of the signature, so it may be there or not.
https://docs.360dialog.com/docs/waba-messaging/webhook
"""

from collections.abc import Sequence

from integrations.providers.base.adapter import Credentials
from integrations.providers.base.errors import SignatureInvalid
from integrations.providers.base.proof import is_hmac_sha256, is_one_of, secrets_named
from integrations.providers.base.reader import find_header
from integrations.providers.base.types import RawRequest

HEADER = "x-360dialog-signature"
TOKEN_HEADER = "X-Bsp-Token"  # noqa: S105 -- the name of a header, not its value


def authenticate(
    raw: RawRequest, secrets: Sequence[Credentials], *, token_header: str
) -> None:
    """One of the two proofs is enough; one that is there must be right."""
    signature = find_header(raw.headers, HEADER)
    token = find_header(raw.headers, token_header.lower())
    if not signature and not token:
        raise SignatureInvalid(f"neither {HEADER} nor {token_header}", is_missing=True)
    keys = secrets_named("webhook_secret", secrets)
    told = signature.removeprefix("sha256=")
    if signature and not is_hmac_sha256(raw.body, told, keys):
        raise SignatureInvalid(f"{HEADER} does not fit the body")
    if token and not is_one_of(token, keys):
        raise SignatureInvalid(f"{token_header} is not ours")
