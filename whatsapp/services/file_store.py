"""Files in Django's storage, written so that none is left behind without a row.

announce() → save() → adopt(): what is announced and never adopted, because a worker died or
a transaction failed, is removed by the sweep. What loses its row is announced by a trigger
of the database. A file is never written twice under one key.
"""

import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from accounts import bulk
from whatsapp.models import LooseFile

# A file that is announced is adopted within minutes, or never.
PATIENCE = timedelta(hours=1)
_BATCH = 200

logger = logging.getLogger(__name__)


class StoreFailed(Exception):
    """The storage is full, away or not ours to write to; trying again may help."""


class Removed(Exception):
    """What was to be adopted is gone: it took so long that the sweep came by."""


def place_of(workspace_id: int, key: uuid.UUID) -> str:
    """The folder of a file: made by us alone, nothing that a stranger chose is in it."""
    return f"media/{workspace_id}/{key.hex}"


def announce(keys: Iterable[str], *, now: datetime) -> None:
    """Note keys before anything is written under them. Commit it before save()."""
    LooseFile.objects.bulk_create(
        LooseFile(storage_key=key, remove_at=now + PATIENCE) for key in keys
    )


def save(key: str, content: IO[bytes]) -> None:
    """Write a file from its beginning, or raise StoreFailed. Needs no database."""
    content.seek(0)
    try:
        written = default_storage.save(key, File(content))
    except Exception as error:
        # Each storage has exceptions of its own, which do not tell more than this.
        raise StoreFailed(type(error).__name__) from error
    if written != key:
        default_storage.delete(written)
        raise StoreFailed("the key was taken")


def open_(key: str) -> IO[bytes]:
    """A file that is there, or StoreFailed. Needs no database."""
    try:
        content: IO[bytes] = default_storage.open(key)
    except Exception as error:
        raise StoreFailed(type(error).__name__) from error
    return content


def adopt(keys: Sequence[str]) -> None:
    """Files have an owner from now on; in the transaction that stores the owner."""
    gone, _ = LooseFile.objects.filter(storage_key__in=keys).delete()
    if gone != len(keys):
        raise Removed


def release(keys: Sequence[str], *, now: datetime) -> None:
    """Let the sweep remove files that were announced and will not be adopted."""
    LooseFile.objects.filter(storage_key__in=keys).update(remove_at=now)


def sweep(*, now: datetime, is_dry: bool = False) -> int:
    """Remove what no row owns; returns how many files that was (or would be)."""
    if is_dry:
        return LooseFile.objects.filter(remove_at__lte=now).count()
    removed = 0
    while True:
        taken, failed = _sweep_batch(now)
        removed += taken
        if taken + failed < _BATCH or failed:
            return removed


def _sweep_batch(now: datetime) -> tuple[int, int]:
    """The rows are held while their files go: nobody adopts one of them meanwhile."""
    with transaction.atomic():
        rows = bulk.run(
            """
            SELECT id, storage_key FROM whatsapp_loosefile WHERE remove_at <= %s
             ORDER BY remove_at, id LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            [now, _BATCH],
        )
        removed = []
        for id_, key in rows:
            try:
                default_storage.delete(key)
            except Exception as error:  # noqa: BLE001  # each storage has exceptions of its own
                logger.warning(
                    "file not removed",
                    extra={"loose_file_id": id_, "error": type(error).__name__},
                )
            else:
                removed.append(id_)
        LooseFile.objects.filter(pk__in=removed).delete()
    return len(removed), len(rows) - len(removed)
