"""Sealing and opening of one secret with a key that is handed in. Pure: no Django, no rows.

Room 0, the vault. `keyring.py` and `store.py` choose the key; this module knows the bytes:

    0   2  magic "RC"
    2   1  format version
    3   1  suite
    4   4  key id, big-endian
    8  32  salt of the derivation
    40 32  key commitment
    72 12  nonce
    84  …  ciphertext and its 16-byte tag

HKDF-SHA-512 of the key with the salt gives the AES-256 key and the commitment. Bytes 0-71
and the context are the associated data, so a secret opens only in the row, the column and
the version it was sealed for. The whole rests as canonical base64.
"""

import base64
import hmac
import secrets
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
MAX_KEY_ID = 2**32 - 1

_PREFIX = struct.Struct(">2sBBI")
_MAGIC, _VERSION, _SUITE = b"RC", 1, 1
_SALT_BYTES, _COMMITMENT_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 32, 12, 16
_HEADER_BYTES = _PREFIX.size + _SALT_BYTES + _COMMITMENT_BYTES
_BODY = _HEADER_BYTES + _NONCE_BYTES
_INFO = b"recado vault 1: AES-256 key and commitment"


class VaultError(Exception):
    """The one outward error. It never says which check failed, nor on what."""

    def __str__(self) -> str:
        return "the vault cannot open or seal this secret"


@dataclass(frozen=True, slots=True)
class SecretContext:
    """Where a secret rests and what it is for. Sealed in, and never stored beside it."""

    purpose: str  # "integration-credentials", "oauth-token"
    column: str  # "integrations_integration.credentials"
    workspace_id: int  # 0: the installation's own
    integration_id: int = 0
    field: str = ""
    secret_version: int = 1

    def encoded(self) -> bytes:
        """Each part with its length before it, so that no two contexts read the same."""
        parts = (
            self.purpose,
            self.column,
            str(int(self.workspace_id)),
            str(int(self.integration_id)),
            self.field,
            str(int(self.secret_version)),
        )
        encoded = [part.encode() for part in parts]
        return b"".join(struct.pack(">I", len(part)) + part for part in encoded)


def seal(plaintext: bytes, *, key: bytes, key_id: int, context: SecretContext) -> str:
    if len(key) != KEY_BYTES or not 0 <= key_id <= MAX_KEY_ID:
        raise VaultError
    salt = secrets.token_bytes(_SALT_BYTES)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    aes_key, commitment = derive(key, salt)
    header = _PREFIX.pack(_MAGIC, _VERSION, _SUITE, key_id) + salt + commitment
    body = gcm_seal(
        plaintext, key=aes_key, nonce=nonce, data=header + context.encoded()
    )
    return base64.b64encode(header + nonce + body).decode("ascii")


def unseal(sealed: str, *, key: bytes, context: SecretContext) -> bytes:
    envelope = _decode(sealed)
    if len(key) != KEY_BYTES:
        raise VaultError
    header = envelope[:_HEADER_BYTES]
    salt, claimed = (
        header[_PREFIX.size : -_COMMITMENT_BYTES],
        header[-_COMMITMENT_BYTES:],
    )
    aes_key, commitment = derive(key, salt)
    if not hmac.compare_digest(commitment, claimed):
        raise VaultError
    return gcm_open(
        envelope[_BODY:],
        key=aes_key,
        nonce=envelope[_HEADER_BYTES:_BODY],
        data=header + context.encoded(),
    )


def key_id_of(sealed: str) -> int:
    """Which key a secret asks for. Not yet proven: only opening it proves that."""
    key_id: int = _PREFIX.unpack_from(_decode(sealed))[3]
    return key_id


def derive(key: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The AES key and the commitment of one record."""
    okm = hkdf(key, salt=salt, info=_INFO, length=KEY_BYTES + _COMMITMENT_BYTES)
    return okm[:KEY_BYTES], okm[KEY_BYTES:]


def hkdf(key: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA512(), length=length, salt=salt, info=info).derive(key)


def gcm_seal(plaintext: bytes, *, key: bytes, nonce: bytes, data: bytes) -> bytes:
    return AESGCM(key).encrypt(nonce, plaintext, data)


def gcm_open(body: bytes, *, key: bytes, nonce: bytes, data: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, body, data)
    except InvalidTag:
        raise VaultError from None


def _decode(sealed: str) -> bytes:
    """The envelope's bytes, when the text is the one canonical writing of an envelope."""
    try:
        envelope = base64.b64decode(sealed, validate=True)
    except (TypeError, ValueError):
        raise VaultError from None
    # Base64 can write the same bytes in several ways; a changed text must not pass.
    if base64.b64encode(envelope).decode("ascii") != sealed:
        raise VaultError
    if len(envelope) < _BODY + _TAG_BYTES:
        raise VaultError
    if _PREFIX.unpack_from(envelope)[:3] != (_MAGIC, _VERSION, _SUITE):
        raise VaultError
    return envelope
