"""Root keys, and the sealing of a workspace's keys under them.

Room 0, the vault. Root keys come from `INTEGRATIONS_KEY` and, while they are being
changed, `INTEGRATIONS_KEYS_OLD`; never from `SECRET_KEY`. They seal keys, not secrets:
`store.py` uses them for data keys, `accounts/audit.py` for the keys of its chains.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

from django.conf import settings

from accounts.vault import cipher
from accounts.vault.cipher import SecretContext, VaultError

_ID_LABEL = b"recado root key id 1"


@dataclass(frozen=True, slots=True)
class RootKey:
    id: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyPurpose:
    """What a sealed key is for, and in which column it rests."""

    name: str
    column: str

    def context(self, workspace_id: int) -> SecretContext:
        return SecretContext(
            purpose=self.name, column=self.column, workspace_id=workspace_id
        )


DATA_KEY = KeyPurpose("data-key", "accounts_datakey.sealed")
INSTALLATION_KEY = KeyPurpose("data-key", "accounts_installationkey.sealed")
AUDIT_KEY = KeyPurpose("audit-key", "accounts_auditchain.sealed")


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A fresh key, and how it goes into a row."""

    key: bytes = field(repr=False)
    sealed: str
    root_key_id: int


def root_key(key: bytes) -> RootKey:
    """The id is four bytes of a hash: it tells keys apart and says nothing about them."""
    digest = hashlib.sha256(_ID_LABEL + key).digest()
    return RootKey(id=int.from_bytes(digest[:4]), key=key)


def current() -> RootKey:
    return root_key(settings.INTEGRATIONS_KEY)


def all_keys() -> list[RootKey]:
    return [current(), *(root_key(key) for key in settings.INTEGRATIONS_KEYS_OLD)]


def make_key(purpose: KeyPurpose, workspace_id: int) -> SealedKey:
    return seal_key(secrets.token_bytes(cipher.KEY_BYTES), purpose, workspace_id)


def seal_key(key: bytes, purpose: KeyPurpose, workspace_id: int) -> SealedKey:
    root = current()
    sealed = cipher.seal(
        key, key=root.key, key_id=root.id, context=purpose.context(workspace_id)
    )
    return SealedKey(key=key, sealed=sealed, root_key_id=root.id)


def open_key(sealed: str, purpose: KeyPurpose, workspace_id: int) -> bytes:
    root_key_id = cipher.key_id_of(sealed)
    for root in all_keys():
        if root.id == root_key_id:
            return cipher.unseal(
                sealed, key=root.key, context=purpose.context(workspace_id)
            )
    raise VaultError
