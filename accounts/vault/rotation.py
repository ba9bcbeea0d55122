"""Changing keys while the system runs, and proving that everything still opens.

Room 0, the vault; `vault_rotate` and `vault_verify` call it. Every step is one row written
by compare-and-swap: it can be killed anywhere, started again, and run beside writers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import AuditChain, DataKey, InstallationKey
from accounts.scoping import workspace_transaction
from accounts.vault import cipher, keyring, store
from accounts.vault.cipher import VaultError
from accounts.vault.columns import (
    INSTALLATION,
    SealedColumn,
    list_here,
    list_workspace_ids,
    read_in_batches,
)

BATCH = 200
# A retired key may go when no writer can still hold it: caches live for seconds, a
# transaction for minutes.
RETIRED_FOR = timedelta(days=1)

# Which table a key id means: the ids of the two tables are not told apart by themselves.
_KeyId = tuple[bool, int]  # is it the installation's, and its id

# The rows that hold keys sealed under a root key.
_KEY_ROWS: tuple[tuple[keyring.KeyPurpose, Callable[[int], "QuerySet[Any]"]], ...] = (
    (keyring.DATA_KEY, DataKey.objects.for_workspace),
    (keyring.INSTALLATION_KEY, lambda _: InstallationKey.objects.all()),
    (keyring.AUDIT_KEY, AuditChain.objects.for_workspace),
)


@dataclass(slots=True)
class Tally:
    """What a run did. `failed` names the rows that did not open."""

    done: int = 0
    failed: list[str] = field(default_factory=list)


def reseal_keys(*, batch: int = BATCH) -> Tally:
    """Bring every key that rests under an older root key under the current one."""
    tally = Tally()
    for purpose, rows in _KEY_ROWS:
        for row in _every(purpose, rows, batch=batch, exclude=keyring.current().id):
            try:
                key = keyring.open_key(row.sealed, purpose, row.workspace_id)
            except VaultError:
                tally.failed.append(f"{purpose.column} {row.pk}")
                continue
            fresh = keyring.seal_key(key, purpose, row.workspace_id)
            same = rows(row.workspace_id).filter(pk=row.pk, sealed=row.sealed)
            with workspace_transaction(row.workspace_id):
                tally.done += same.update(
                    sealed=fresh.sealed, root_key_id=fresh.root_key_id
                )
    return tally


def replace_data_keys(*, now: datetime) -> int:
    """Give the installation and every workspace whose data key is older than now a new one.

    Oldest first, so that runs which are always interrupted still reach everybody.
    """
    due: list[tuple[datetime, int, int]] = []
    for place in _places(keyring.INSTALLATION_KEY) + _places(keyring.DATA_KEY):
        keys = store.keys_of(place).filter(retired_at=None, created_at__lt=now)
        with workspace_transaction(place):
            found = keys.values_list("created_at", "pk")
            due += [(created_at, pk, place) for created_at, pk in found]
    return sum(
        store.replace_current(place, expected_id=key_id, now=now)
        for _, key_id, place in sorted(due)
    )


def reseal_secrets(*, batch: int = BATCH) -> Tally:
    """Bring every secret that rests under a retired data key under the current one."""
    store.forget()
    tally = Tally()
    retired = _retired_key_ids()
    for column in list_here():
        for row in column.iterate(batch=batch):
            name, sealed = f"{column.name} {row['id']}", row[column.column]
            try:
                if (column.is_installation, cipher.key_id_of(sealed)) in retired:
                    tally.done += _reseal_secret(column, row)
            except VaultError:
                tally.failed.append(name)
    return tally


def count_under_retired_keys(*, batch: int = BATCH) -> int:
    """Secrets that wait for another run, because a writer still held the older key."""
    retired = _retired_key_ids()
    return sum(key_id in retired for key_id in _key_ids_in_use(batch))


def drop_retired_keys(*, now: datetime, batch: int = BATCH) -> int:
    """Delete data keys retired a day ago or more that no registered secret asks for."""
    # Which keys are old is asked first: a secret sealed since then has a newer one.
    old: dict[int, set[int]] = {}
    for place, key in _data_keys():
        if key.retired_at is not None and key.retired_at <= now - RETIRED_FOR:
            old.setdefault(place, set()).add(key.pk)
    in_use = set(_key_ids_in_use(batch))
    total = 0
    for place, ids in old.items():
        kind = place == INSTALLATION
        unused = {pk for pk in ids if (kind, pk) not in in_use}
        with workspace_transaction(place):
            deleted, _ = store.keys_of(place).filter(pk__in=unused).delete()
        total += deleted
    return total


def verify(*, batch: int = BATCH) -> dict[str, Tally]:
    """Open everything that is sealed, by column."""
    store.forget()
    report: dict[str, Tally] = {}
    for purpose, rows in _KEY_ROWS:
        tally = report.setdefault(purpose.column, Tally())
        for row in _every(purpose, rows, batch=batch):
            try:
                keyring.open_key(row.sealed, purpose, row.workspace_id)
                tally.done += 1
            except VaultError:
                tally.failed.append(f"{purpose.column} {row.pk}")
    for column in list_here():
        tally = report.setdefault(column.name, Tally())
        for values in column.iterate(batch=batch):
            try:
                store.unseal(values[column.column], column.context(values))
                tally.done += 1
            except VaultError:
                tally.failed.append(f"{column.name} {values['id']}")
    return report


def _reseal_secret(column: SealedColumn, row: dict[str, Any]) -> int:
    """1 when this secret was moved, 0 when a writer was faster and its secret stands."""
    sealed, context = row[column.column], column.context(row)
    fresh = store.seal(store.unseal(sealed, context), context)
    # The sealed text is its own version: each sealing has a fresh salt, so an equal text
    # is the very one that was read.
    place = column.place_of(row)
    same = column.rows(place).filter(id=row["id"], **{column.column: sealed})
    with workspace_transaction(place):
        return same.update(**{column.column: fresh})


def _data_keys() -> Iterator[tuple[int, Any]]:
    """Every data key, with the workspace whose it is or INSTALLATION."""
    for place in _places(keyring.INSTALLATION_KEY) + _places(keyring.DATA_KEY):
        for key in read_in_batches(store.keys_of(place), place, batch=BATCH):
            yield place, key


def _retired_key_ids() -> set[_KeyId]:
    return {
        (place == INSTALLATION, key.pk)
        for place, key in _data_keys()
        if key.retired_at is not None
    }


def _key_ids_in_use(batch: int) -> Iterator[_KeyId]:
    for column in list_here():
        for row in column.iterate(batch=batch):
            yield column.is_installation, cipher.key_id_of(row[column.column])


def _places(purpose: keyring.KeyPurpose) -> list[int]:
    """Where keys of a kind are: in every workspace, or in none of them."""
    if purpose == keyring.INSTALLATION_KEY:
        return [INSTALLATION]
    return list_workspace_ids()


def _every(
    purpose: keyring.KeyPurpose,
    rows: "Callable[[int], QuerySet[Any]]",
    *,
    batch: int,
    exclude: int | None = None,
) -> Iterator[Any]:
    """The rows that hold keys, of all places, but those under one root key."""
    for place in _places(purpose):
        found = rows(place)
        if exclude is not None:
            found = found.exclude(root_key_id=exclude)
        yield from read_in_batches(found, place, batch=batch)
