"""Signed events between systems: the secrets, and what proves that a body is theirs.

Two notations. Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`)
signs the name of the event and the moment with the body, under the 32 bytes that a secret
holds in base64. `X-Signature` is a plain HMAC-SHA-256 of the body alone, under the secret as
it is written, for systems that can do no more.

`tickets` comes before; the secrets rest in the vault, which is opened here.
"""

import base64
import binascii
import hashlib
import hmac
import secrets as random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts import vault
from accounts.vault import Secret as Secret  # noqa: PLC0414  # for rooms above
from accounts.vault import SecretContext, VaultError

PREFIX: Final = "whsec_"
HINT_LENGTH: Final = len(PREFIX) + 4
TOLERANCE: Final = 300  # seconds that a timestamp may be from now, either way
_KEY_BYTES: Final = 32
_COLUMN: Final = "tickets_signingsecret.sealed"
_PLAIN: Final = "sha256="
_MOST_SIGNATURES: Final = 16  # of one header; while secrets change there are two
_LONGEST_HEADER: Final = 4096

Unreadable = VaultError


class NotProven(Exception):
    """No signature, or one of none of the secrets."""


class Stale(Exception):
    """Rightly signed, and too long ago or ahead of our clock. `word` says which."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Proof:
    """`event_id` is the name that was signed with the body; empty where the body alone was."""

    event_id: str
    signed_at: datetime | None = None


def new_secret() -> Secret:
    key = random.token_bytes(_KEY_BYTES)
    return Secret(PREFIX + base64.b64encode(key).decode())


def hint(secret: Secret) -> str:
    """By which people tell it from another one; tells nothing of it."""
    return secret.reveal()[:HINT_LENGTH]


def seal(secret: Secret, *, workspace_id: int, key: uuid.UUID) -> str:
    """`key` is that of the secret's own row."""
    return vault.seal(secret.reveal().encode(), _context(workspace_id, key))


def unseal(sealed: str, *, workspace_id: int, key: uuid.UUID) -> Secret:
    """Raises Unreadable."""
    return Secret(vault.unseal(sealed, _context(workspace_id, key)).decode())


def sign(secret: Secret, *, event_id: str, at: int, body: bytes) -> str:
    """The signature of Standard Webhooks; `at` in Unix seconds."""
    return f"v1,{_standard(secret, event_id, str(at), body)}"


def sign_plain(secret: Secret, body: bytes) -> str:
    """The value of `X-Signature`."""
    return _PLAIN + _plain(secret, body)


def prove(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], *, now: datetime
) -> Proof:
    """Raises NotProven or Stale. `headers` have lower-case names.

    Whoever sends `webhook-signature` is judged by it: `X-Signature` does not make up for one
    that is wrong, or it would be a way round the timestamp.
    """
    if "webhook-signature" in headers:
        return _prove_standard(headers, body, secrets, now=now)
    told = headers.get("x-signature", "").strip().lower()
    digest = told.removeprefix(_PLAIN)
    if digest == told or len(digest) != hashlib.sha256().digest_size * 2:
        raise NotProven
    matches = [
        hmac.compare_digest(_plain(one, body).encode(), digest.encode())
        for one in secrets
    ]
    if not any(matches):
        raise NotProven
    return Proof("")


def _prove_standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], *, now: datetime
) -> Proof:
    event_id = headers.get("webhook-id", "")
    at = headers.get("webhook-timestamp", "")
    told = headers["webhook-signature"]
    is_moment = at.isascii() and at.isdigit() and len(at) <= 12
    if not event_id or not is_moment or len(told) > _LONGEST_HEADER:
        raise NotProven
    given = [
        one.removeprefix("v1,").encode()
        for one in told.split(" ")[:_MOST_SIGNATURES]
        if one.startswith("v1,")
    ]
    wanted = [_standard(one, event_id, at, body).encode() for one in secrets]
    # All of them, so that the time tells nothing of which one it was.
    matches = [hmac.compare_digest(one, two) for one in given for two in wanted]
    if not any(matches):
        raise NotProven
    ahead = int(at) - now.timestamp()
    if ahead > TOLERANCE:
        raise Stale("future")
    if ahead < -TOLERANCE:
        raise Stale("old")
    return Proof(event_id, datetime.fromtimestamp(int(at), now.tzinfo))


def _standard(secret: Secret, event_id: str, at: str, body: bytes) -> str:
    # Headers come as the bytes they are, each a character of Latin-1.
    named = f"{event_id}.{at}.".encode("latin-1", "replace")
    signature = hmac.digest(_key(secret), named + body, "sha256")
    return base64.b64encode(signature).decode()


def _plain(secret: Secret, body: bytes) -> str:
    return hmac.digest(secret.reveal().encode(), body, "sha256").hex()


def _key(secret: Secret) -> bytes:
    written = secret.reveal().removeprefix(PREFIX)
    # Raised outside `except`: the decoder's error would carry the secret with it.
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise Unreadable


def _context(workspace_id: int, key: uuid.UUID) -> SecretContext:
    return SecretContext(
        purpose="event-signing-secret",
        column=_COLUMN,
        workspace_id=workspace_id,
        integration_id=0,
        field=str(key),
        secret_version=1,
    )
