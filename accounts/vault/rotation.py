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
from accounts.vault import cipher, keyring, store
from accounts.vault.cipher import VaultError
from accounts.vault.columns import SEALED_COLUMNS, SealedColumn

BATCH = 200
# A retired key may go when no writer can still hold it: caches live for seconds, a
# transaction for minutes.
RETIRED_FOR = timedelta(days=1)
_REASON = "the vault's own upkeep crosses workspaces"

# Which table a key id means: the ids of the two tables are not told apart by themselves.
_KeyId = tuple[bool, int]  # is it the installation's, and its id

# The rows that hold keys sealed under a root key.
_KEY_ROWS: tuple[tuple[keyring.KeyPurpose, Callable[[], "QuerySet[Any]"]], ...] = (
    (keyring.DATA_KEY, lambda: DataKey.objects.unscoped(_REASON)),
    (keyring.INSTALLATION_KEY, InstallationKey.objects.all),
    (keyring.AUDIT_KEY, lambda: AuditChain.objects.unscoped(_REASON)),
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
        older = rows().exclude(root_key_id=keyring.current().id)
        for row in _iterate(older, batch=batch):
            try:
                key = keyring.open_key(row.sealed, purpose, row.workspace_id)
            except VaultError:
                tally.failed.append(f"{purpose.column} {row.pk}")
                continue
            fresh = keyring.seal_key(key, purpose, row.workspace_id)
            tally.done += (
                rows()
                .filter(pk=row.pk, sealed=row.sealed)
                .update(sealed=fresh.sealed, root_key_id=fresh.root_key_id)
            )
    return tally


def replace_data_keys(*, now: datetime) -> int:
    """Give the installation and every workspace whose data key is older than now a new one.

    Oldest first, so that runs which are always interrupted still reach everybody.
    """
    older = {"retired_at": None, "created_at__lt": now}
    due = (
        DataKey.objects.unscoped(_REASON)
        .filter(**older)
        .order_by("created_at", "pk")
        .values_list("workspace_id", "pk")
    )
    installation = InstallationKey.objects.filter(**older).values_list("pk", flat=True)
    return sum(
        store.replace_current(workspace_id, expected_id=key_id, now=now)
        for workspace_id, key_id in [
            *((store.INSTALLATION, key_id) for key_id in installation),
            *due,
        ]
    )


def reseal_secrets(*, batch: int = BATCH) -> Tally:
    """Bring every secret that rests under a retired data key under the current one."""
    store.forget()
    tally = Tally()
    retired = _retired_key_ids()
    for column in SEALED_COLUMNS:
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
    used = set(_key_ids_in_use(batch))
    dropped = 0
    for is_installation, keys in _data_keys():
        old = keys.filter(retired_at__lte=now - RETIRED_FOR)
        here = {key_id for kind, key_id in used if kind == is_installation}
        unused = set(old.values_list("pk", flat=True)) - here
        dropped += old.filter(pk__in=unused).delete()[0]
    return dropped


def verify(*, batch: int = BATCH) -> dict[str, Tally]:
    """Open everything that is sealed, by column."""
    store.forget()
    report: dict[str, Tally] = {}
    for purpose, rows in _KEY_ROWS:
        tally = report.setdefault(purpose.column, Tally())
        for row in _iterate(rows(), batch=batch):
            try:
                keyring.open_key(row.sealed, purpose, row.workspace_id)
                tally.done += 1
            except VaultError:
                tally.failed.append(f"{purpose.column} {row.pk}")
    for column in SEALED_COLUMNS:
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
    swapped = column.rows().filter(id=row["id"], **{column.column: sealed})
    return swapped.update(**{column.column: fresh})


def _data_keys() -> "tuple[tuple[bool, QuerySet[Any]], ...]":
    return (
        (False, DataKey.objects.unscoped(_REASON)),
        (True, InstallationKey.objects.all()),
    )


def _retired_key_ids() -> set[_KeyId]:
    return {
        (is_installation, key_id)
        for is_installation, keys in _data_keys()
        for key_id in keys.exclude(retired_at=None).values_list("pk", flat=True)
    }


def _key_ids_in_use(batch: int) -> Iterator[_KeyId]:
    for column in SEALED_COLUMNS:
        for row in column.iterate(batch=batch):
            yield column.is_installation, cipher.key_id_of(row[column.column])


def _iterate(rows: "QuerySet[Any]", *, batch: int) -> Iterator[Any]:
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:batch]):
        yield from chunk
        last = chunk[-1].pk
