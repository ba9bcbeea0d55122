"""How Meta proves who it is: an HMAC of the raw body, and a token for the URL check.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from collections.abc import Sequence
from urllib.parse import parse_qs

from integrations.providers.base.adapter import Credentials
from integrations.providers.base.errors import SignatureInvalid
from integrations.providers.base.proof import is_hmac_sha256, is_one_of, secrets_named
from integrations.providers.base.reader import find_header
from integrations.providers.base.types import Acknowledgement, RawRequest

HEADER = "x-hub-signature-256"
_PREFIX = "sha256="
_LENGTH = len(_PREFIX) + 64
_MOST_FIELDS = 20
_CHALLENGE_WIDTH = 1000


def authenticate(raw: RawRequest, secrets: Sequence[Credentials]) -> None:
    told = find_header(raw.headers, HEADER)
    if not told:
        raise SignatureInvalid(f"no {HEADER}", is_missing=True)
    if len(told) != _LENGTH or not told.startswith(_PREFIX):
        raise SignatureInvalid(f"{HEADER} is malformed")
    keys = secrets_named("app_secret", secrets)
    if not is_hmac_sha256(raw.body, told.removeprefix(_PREFIX), keys):
        raise SignatureInvalid(f"{HEADER} does not fit the body")


def answer_challenge(
    raw: RawRequest, secrets: Sequence[Credentials]
) -> Acknowledgement:
    """Echo the challenge to a caller that knows the verify token."""
    try:
        asked = parse_qs(raw.query, max_num_fields=_MOST_FIELDS, errors="replace")
    except ValueError:
        raise SignatureInvalid("the query has too many fields") from None
    token = asked.get("hub.verify_token", [""])[0]
    challenge = asked.get("hub.challenge", [""])[0]
    if not token:
        raise SignatureInvalid("no hub.verify_token", is_missing=True)
    if asked.get("hub.mode", [""])[0] != "subscribe" or not challenge:
        raise SignatureInvalid("not a subscription")
    if len(challenge) > _CHALLENGE_WIDTH:
        raise SignatureInvalid("the challenge is too long")
    if not is_one_of(token, secrets_named("verify_token", secrets)):
        raise SignatureInvalid("hub.verify_token is not ours")
    return Acknowledgement(
        content_type="text/plain; charset=utf-8", body=challenge.encode()
    )
