"""Files that customers sent: how they are fetched in a test, and what is on the disk then."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations.providers import registry
from tests.conftest import World
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.walls import as_app
from tests.whatsapp.filehost import FileHost, serving
from whatsapp.models import MediaAsset
from whatsapp.services import file_store, media_fetching


@contextmanager
def provided(
    settings: Any, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Iterator[FileHost]:
    """A provider that has files, and a folder of the test's own to keep them in."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder / "media")},
        }
    }
    with serving(FileHost()) as served:
        settings.EGRESS_ALLOWED_HOSTS = [served.host]
        known = registry.get("meta_cloud").settings
        monkeypatch.setitem(known, "api_base", f"http://{served.host}")
        yield served


def receiving(world: World, host: FileHost) -> Callable[..., MediaAsset]:
    """A message with a file that the provider has, as `kind`; a number is a status."""
    channel = make_room_1.meta_number(world.workspace)
    conversation = make.conversation(make.lead(world.workspace), channel)

    def add(found: bytes | int, told: str = "image/jpeg", **fields: Any) -> MediaAsset:
        id_ = uuid.uuid4().hex
        host.files[id_] = found if isinstance(found, int) else (found, told)
        kind = fields.pop("kind", "image")
        message = make.message(conversation, text="", kind=kind)
        return make.media(message, kind=kind, external_id=id_, mime_told=told, **fields)

    return add


def drain() -> media_fetching.Tally:
    with as_app():
        return media_fetching.drain(budget_seconds=10)


def again(asset: MediaAsset) -> MediaAsset:
    asset.refresh_from_db()
    return asset


def files() -> list[str]:
    """Every file of the storage."""

    def walk(place: str) -> Iterator[str]:
        folders, names = default_storage.listdir(place)
        yield from (f"{place}/{name}" for name in names)
        for folder in folders:
            yield from walk(f"{place}/{folder}")

    return sorted(walk("media")) if default_storage.exists("media") else []


def sweep() -> int:
    """Long after: what is announced and was never adopted is due."""
    with as_app():
        return file_store.sweep(now=timezone.now() + 2 * file_store.PATIENCE)


def make_due(asset: MediaAsset) -> None:
    MediaAsset.objects.unscoped("a test").filter(pk=asset.pk).update(
        next_at=timezone.now() - timedelta(seconds=1)
    )


def inside(asset: MediaAsset, act: Any) -> Any:
    with workspace_transaction(asset.workspace_id):
        return act()
