"""The vault as its callers use it: secrets of a workspace, under the workspace's data key.

What belongs to no workspace says workspace 0 and rests under the installation's data key.

Room 0, the vault. The key id in an envelope is the id of the key's row, which a table
constraint keeps below 2^32; ids are never used again, so a key that was deleted is never
mistaken for a later one. Opened data keys are kept in the process for at most five
seconds: that pays for the database and the root key once per burst, and a deleted key
stops working everywhere within those seconds.

Trouble with the database is not a `VaultError`: it passes, so that a caller can say "later".
"""

import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import DataKey, InstallationKey
from accounts.scoping import workspace_transaction
from accounts.vault import cipher, keyring
from accounts.vault.cipher import SecretContext, VaultError
from accounts.vault.columns import INSTALLATION, require_sealed_column

CACHE_SECONDS = 5.0
_CACHE_ENTRIES = 1024
_CURRENT = None  # the cache's name for "whatever key seals now"


@dataclass(frozen=True, slots=True)
class OpenKey:
    id: int
    key: bytes = field(repr=False)


class _KeyCache:
    """Opened data keys by (workspace, key id), the oldest leaving first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[int, int | None], tuple[float, OpenKey]] = (
            OrderedDict()
        )

    def get(self, workspace_id: int, key_id: int | None) -> OpenKey | None:
        with self._lock:
            entry = self._entries.get((workspace_id, key_id))
        if entry is None or time.monotonic() - entry[0] >= CACHE_SECONDS:
            return None
        return entry[1]

    def put(
        self, workspace_id: int, key_id: int | None, key: OpenKey, *, read_at: float
    ) -> None:
        with self._lock:
            self._entries[workspace_id, key_id] = (read_at, key)
            self._entries.move_to_end((workspace_id, key_id))
            while len(self._entries) > _CACHE_ENTRIES:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


_cache = _KeyCache()


def seal(plaintext: bytes, context: SecretContext) -> str:
    """Seal under the workspace's data key, which is made when there is none yet."""
    require_sealed_column(context.column)
    key = _key(context.workspace_id, _CURRENT)
    return cipher.seal(plaintext, key=key.key, key_id=key.id, context=context)


def unseal(sealed: str, context: SecretContext) -> bytes:
    key = _key(context.workspace_id, cipher.key_id_of(sealed))
    return cipher.unseal(sealed, key=key.key, context=context)


def seal_json(value: object, context: SecretContext) -> str:
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return seal(text.encode(), context)


def unseal_json(sealed: str, context: SecretContext) -> Any:
    plaintext = unseal(sealed, context)
    # Raised outside `except`: the decoder's error carries the whole document with it.
    try:
        return json.loads(plaintext)
    except ValueError:
        pass
    raise VaultError


def erase(workspace_id: int) -> int:
    """Make every secret of a workspace unreadable for good; how many keys went."""
    with workspace_transaction(workspace_id):
        deleted, _ = DataKey.objects.for_workspace(workspace_id).delete()
    forget()
    transaction.on_commit(forget)
    return deleted


def replace_current(workspace_id: int, *, expected_id: int, now: datetime) -> bool:
    """Retire a data key and make the next; False when somebody else just did."""
    keys = keys_of(workspace_id)
    with workspace_transaction(workspace_id):
        if not keys.filter(pk=expected_id, retired_at=None).update(retired_at=now):
            return False
        _fresh(workspace_id).save()
    transaction.on_commit(forget)
    return True


def forget() -> None:
    """Empty this process's cache of opened keys."""
    _cache.clear()


def _key(workspace_id: int, key_id: int | None) -> OpenKey:
    found = _cache.get(workspace_id, key_id)
    if found is not None:
        return found
    read_at = time.monotonic()
    with workspace_transaction(workspace_id):
        row = (
            _current_row(workspace_id) if key_id is None else _row(workspace_id, key_id)
        )
    key = OpenKey(
        id=row.pk,
        key=keyring.open_key(row.sealed, _purpose(workspace_id), workspace_id),
    )
    # Only what is committed may be remembered: a key whose row is rolled back would go on
    # sealing secrets that nothing can open.
    transaction.on_commit(
        lambda: _cache.put(workspace_id, key_id, key, read_at=read_at)
    )
    return key


def keys_of(workspace_id: int) -> "QuerySet[Any]":
    """The data keys of a workspace, or of the installation."""
    if workspace_id == INSTALLATION:
        return InstallationKey.objects.all()
    keys: QuerySet[Any] = DataKey.objects.for_workspace(workspace_id)
    return keys


def _purpose(workspace_id: int) -> keyring.KeyPurpose:
    return (
        keyring.INSTALLATION_KEY if workspace_id == INSTALLATION else keyring.DATA_KEY
    )


def _fresh(workspace_id: int) -> DataKey | InstallationKey:
    """A new key, not yet saved."""
    made = keyring.make_key(_purpose(workspace_id), workspace_id)
    if workspace_id == INSTALLATION:
        return InstallationKey(sealed=made.sealed, root_key_id=made.root_key_id)
    return DataKey(
        workspace_id=workspace_id, sealed=made.sealed, root_key_id=made.root_key_id
    )


def _row(workspace_id: int, key_id: int) -> DataKey | InstallationKey:
    row: DataKey | InstallationKey | None = (
        keys_of(workspace_id).filter(pk=key_id).first()
    )
    if row is None:
        raise VaultError
    return row


def _current_row(workspace_id: int) -> DataKey | InstallationKey:
    current = keys_of(workspace_id).filter(retired_at=None)
    row: DataKey | InstallationKey | None = current.first()
    if row is not None:
        return row
    fresh = _fresh(workspace_id)
    # Two first uses at once: the unique constraint lets one row in, both then read it.
    keys_of(workspace_id).bulk_create([fresh], ignore_conflicts=True)
    made: DataKey | InstallationKey | None = current.first()
    if made is None:
        raise VaultError
    return made
