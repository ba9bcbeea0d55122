"""Received files: fetched at once, each once, and what happens when that goes wrong."""

import hashlib
import io
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from PIL import Image

from accounts.scoping import workspace_transaction
from integrations.models import ChannelLog
from integrations.providers import registry
from integrations.providers.base.outgoing import MEDIA_KINDS
from integrations.providers.base.types import MessageKind
from tests.conftest import World
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.threads import together
from tests.walls import app_url, as_app
from tests.whatsapp import pictures
from tests.whatsapp.filehost import FileHost, serving
from whatsapp.models import LooseFile, MediaAsset
from whatsapp.services import file_store, media_fetching, media_results

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def host(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[FileHost]:
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        }
    }
    with serving(FileHost()) as served:
        settings.EGRESS_ALLOWED_HOSTS = [served.host]
        known = registry.get("meta_cloud").settings
        monkeypatch.setitem(known, "api_base", f"http://{served.host}")
        yield served


@pytest.fixture
def receive(world: World, host: FileHost) -> Any:
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


def test_picture_is_kept_as_it_came_and_shown_made_anew(receive: Any) -> None:
    content = pictures.jpeg(3000, 2000, rotated=True)
    asset = receive(content)

    tally = drain()

    again(asset)
    assert tally.endings == {"stored": 1}
    assert (asset.state, asset.reason, asset.mime_sniffed) == (
        "stored",
        "",
        "image/jpeg",
    )
    assert asset.size == len(content)
    assert asset.sha256 == hashlib.sha256(content).hexdigest()
    with default_storage.open(asset.storage_key) as kept:
        assert kept.read() == content
    with default_storage.open(asset.preview_key) as kept:
        preview = kept.read()
    shown = Image.open(io.BytesIO(preview))
    assert (shown.format, shown.size) == ("WEBP", (1067, 1600))
    assert (asset.width, asset.height) == shown.size
    assert not shown.getexif()
    assert pictures.GPS.encode() not in preview
    assert LooseFile.objects.count() == 0


def test_nothing_is_logged_of_what_went_well(receive: Any, world: World) -> None:
    receive(pictures.png())

    drain()

    assert not ChannelLog.objects.for_workspace(world.workspace).exists()


@pytest.mark.parametrize(
    ("content", "told", "kind", "sniffed", "has_preview"),
    [
        (pictures.webp(), "image/webp", "sticker", "image/webp", True),
        (pictures.OGG, "audio/ogg; codecs=opus", "voice", "audio/ogg", False),
        (pictures.MP4, "video/mp4", "video", "video/mp4", False),
        (pictures.MP4, "audio/mp4", "audio", "audio/mp4", False),
        (pictures.PDF, "application/pdf", "document", "application/pdf", False),
        (b"nome;valor\n1;2\n", "text/csv", "document", "text/csv", False),
        # Disguises: what they are said to be is not believed.
        (pictures.HTML, "image/jpeg", "image", "text/html", False),
        (pictures.SVG, "image/png", "image", "image/svg+xml", False),
        (pictures.HTML, "text/plain", "document", "text/html", False),
        (
            b"MZ\x90\0" + b"\0" * 60,
            "image/jpeg",
            "image",
            "application/octet-stream",
            False,
        ),
        (pictures.gif_that_is_a_script(), "image/gif", "image", "image/gif", False),
        # Pictures that are none: kept, and not drawn.
        (pictures.jpeg(400, 400)[:300], "image/jpeg", "image", "image/jpeg", False),
        (pictures.huge_png(), "image/png", "image", "image/png", False),
    ],
)
def test_file_is_what_its_bytes_say(
    content: bytes, told: str, kind: str, sniffed: str, has_preview: bool, receive: Any
) -> None:
    asset = receive(content, told, kind=kind)

    drain()

    again(asset)
    assert (asset.state, asset.mime_sniffed) == ("stored", sniffed)
    assert bool(asset.preview_key) is has_preview
    assert len(files()) == 1 + has_preview


def test_picture_with_more_pixels_than_allowed_is_not_decoded(
    receive: Any, settings: Any
) -> None:
    settings.MEDIA_MAX_PIXELS = 5000
    asset = receive(pictures.png(100, 100), "image/png")

    drain()

    assert again(asset).state == "stored"
    assert asset.preview_key == ""


@pytest.mark.parametrize("status", [404, 410])
def test_file_that_is_gone_is_expired_and_not_asked_for_again(
    status: int, receive: Any, host: FileHost
) -> None:
    asset = receive(status)

    drain()
    drain()

    assert (again(asset).state, asset.reason) == ("expired", f"http_{status}")
    assert host.asked[asset.external_id] == 1
    assert files() == []


def test_provider_in_trouble_is_asked_again_later_and_in_the_end(
    receive: Any, host: FileHost
) -> None:
    asset = receive(500)

    drain()

    again(asset)
    assert asset.state == "retry"
    assert asset.reason
    assert asset.lease_token is None
    pause = (asset.next_at - timezone.now()).total_seconds()
    assert 1 < pause < 5
    assert drain().endings == {}  # not before its time

    host.files[asset.external_id] = (pictures.png(), "image/png")
    _make_due(asset)
    drain()

    assert again(asset).state == "stored"


def test_file_is_given_up_after_many_tries_and_can_be_asked_for(
    receive: Any, host: FileHost
) -> None:
    asset = receive(500)
    MediaAsset.objects.unscoped("a test").update(attempts=len(media_results.PAUSES))

    drain()

    assert again(asset).state == "refused"
    assert drain().endings == {}

    host.files[asset.external_id] = (pictures.png(), "image/png")
    with as_app():
        assert _inside(
            asset, lambda: media_results.ask_again(asset, now=timezone.now())
        )
    drain()

    assert again(asset).state == "stored"


def test_half_a_file_is_no_file(receive: Any, host: FileHost) -> None:
    asset = receive(pictures.jpeg(600, 400))
    host.cut.add(asset.external_id)

    drain()

    assert (again(asset).state, asset.reason) == ("retry", "answer_truncated")
    assert files() == []


def test_empty_file_is_refused(receive: Any) -> None:
    asset = receive(b"")

    drain()

    assert (again(asset).state, asset.reason) == ("refused", "empty")


@pytest.mark.parametrize("told_size", [None, 2_000_000])
def test_file_that_is_too_large_is_refused(
    told_size: int | None, receive: Any, settings: Any, host: FileHost
) -> None:
    settings.MEDIA_LIMITS = settings.MEDIA_LIMITS | {"document": 1000}
    asset = receive(b"x" * 1500, "text/plain", kind="document", size=told_size)

    drain()

    assert (again(asset).state, asset.reason) == ("refused", "too_large")
    assert host.asked[asset.external_id] == (1 if told_size is None else 0)
    assert files() == []


def test_slow_provider_is_left_after_its_time(
    receive: Any, settings: Any, host: FileHost
) -> None:
    settings.MEDIA_FETCH_SECONDS = 0.3
    host.hang = 1.5
    asset = receive(pictures.png())
    host.slow.add(asset.external_id)

    drain()

    assert again(asset).state == "retry"
    assert asset.reason.endswith("timeout")


def test_storage_that_is_away_costs_a_try_and_no_file(
    receive: Any, settings: Any, tmp_path: Any
) -> None:
    (tmp_path / "file").write_text("a file, where a folder should be")
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "file")},
        }
    }
    asset = receive(pictures.png())

    drain()

    assert (again(asset).state, asset.reason) == ("retry", "storage_failed")


def test_number_that_left_is_not_asked(receive: Any) -> None:
    asset = receive(pictures.png())
    channel = asset.message.channel
    channel.integration = None
    channel.save()

    drain()

    assert (again(asset).state, asset.reason) == ("refused", "number_gone")


# --- workers ---------------------------------------------------------------------
def test_two_workers_fetch_each_file_once(receive: Any, host: FileHost) -> None:
    assets = [receive(pictures.png()) for _ in range(12)]

    together(drain, drain, drain)

    assert {again(one).state for one in assets} == {"stored"}
    assert set(host.asked.values()) == {1}


def test_what_a_dead_worker_held_is_fetched_when_its_lease_ends(
    receive: Any, host: FileHost
) -> None:
    asset = receive(pictures.png())
    with as_app():
        [job] = media_fetching._claim(5)
        file_store.save(job.key, io.BytesIO(b"half of it"))  # and then it dies
    assert drain().endings == {}

    _make_due(asset)
    drain()

    assert again(asset).state == "stored"
    assert asset.attempts == 2
    assert job.key in files()
    assert sweep() == 2
    assert files() == sorted([asset.storage_key, asset.preview_key])


def test_file_that_kills_its_workers_is_kept_without_a_picture(receive: Any) -> None:
    asset = receive(pictures.png(), lease_token=uuid.uuid4(), silences=1)

    drain()

    assert (again(asset).state, asset.preview_key) == ("stored", "")
    assert asset.silences == 0


def test_file_that_goes_on_killing_is_left_alone(receive: Any, host: FileHost) -> None:
    asset = receive(pictures.png(), lease_token=uuid.uuid4(), silences=4)

    drain()

    assert (again(asset).state, asset.reason) == ("refused", "worker_gone")
    assert host.asked[asset.external_id] == 0


def test_killed_worker_leaves_its_file_to_the_next_one_and_nothing_behind(
    receive: Any, host: FileHost, tmp_path: Any
) -> None:
    host.hang = 3
    asset = receive(pictures.png())
    host.slow.add(asset.external_id)
    worker = _worker(host, tmp_path)
    until = time.monotonic() + 60
    while not host.asked[asset.external_id] and time.monotonic() < until:
        time.sleep(0.05)

    worker.kill()
    worker.wait(10)

    assert host.asked[asset.external_id] == 1
    assert (again(asset).state, asset.attempts) == ("pending", 1)
    assert asset.lease_token is not None
    assert LooseFile.objects.count() == 2
    host.slow.clear()
    _make_due(asset)
    drain()
    assert (again(asset).state, asset.attempts, asset.silences) == ("stored", 2, 0)
    sweep()
    assert files() == sorted([asset.storage_key, asset.preview_key])
    assert LooseFile.objects.count() == 0


def _worker(host: FileHost, var: Path) -> "subprocess.Popen[bytes]":
    """A process of its own, which may be killed, on the same rows and files."""
    name = str(connection.settings_dict["NAME"])
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
        "DATABASE_URL": app_url(os.environ["DATABASE_URL"], name),
        "RECADO_VAR_DIR": str(var),
        "STATIC_ROOT": str(var / "static"),
        "META_API_BASE": f"http://{host.host}",
        "EGRESS_ALLOWED_HOSTS": host.host,
    }
    command = [sys.executable, "manage.py", "fetch_media", "--seconds", "30"]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], env=environment)


def test_worker_that_comes_back_too_late_changes_nothing(receive: Any) -> None:
    asset = receive(pictures.png())
    with as_app():
        [late] = media_fetching._claim(5)
    _make_due(asset)
    drain()
    before = again(asset).storage_key

    with as_app():
        outcome = media_fetching._fetch(late)
        ending = media_results.record(
            late.asset, late.lease_token, outcome, announced=late.announced
        )

    assert ending == media_results.TAKEN_AWAY
    assert again(asset).storage_key == before
    sweep()
    assert files() == sorted([asset.storage_key, asset.preview_key])


def test_todays_files_come_before_those_of_a_history_and_workspaces_take_turns(
    receive: Any, world: World
) -> None:
    old = [receive(pictures.png(), is_bulk=True) for _ in range(3)]
    new = receive(pictures.png())
    other_channel = make_room_1.channel(world.other_workspace)
    other_talk = make.conversation(make.lead(world.other_workspace), other_channel)
    theirs = make.media(
        make.message(other_talk, kind="image"), external_id="x", is_bulk=True
    )

    with as_app():
        [first] = media_fetching._claim(1)
        [second] = media_fetching._claim(1, after_workspace=world.workspace.pk)
        rest = media_fetching._claim(5)

    assert first.asset == new
    assert second.asset == theirs
    assert {job.asset for job in rest} == set(old)


# --- deleting --------------------------------------------------------------------
def test_files_go_with_their_message_and_with_their_workspace(
    receive: Any, world: World
) -> None:
    first, second = receive(pictures.png()), receive(pictures.png())
    drain()
    assert len(files()) == 4

    again(first).message.delete()
    with as_app():
        assert file_store.sweep(now=timezone.now(), is_dry=True) == 2
        assert file_store.sweep(now=timezone.now()) == 2
    assert files() == sorted([again(second).storage_key, second.preview_key])

    second.message.conversation.delete()
    with as_app():
        file_store.sweep(now=timezone.now())
    assert files() == []
    assert LooseFile.objects.count() == 0


def _make_due(asset: MediaAsset) -> None:
    MediaAsset.objects.unscoped("a test").filter(pk=asset.pk).update(
        next_at=timezone.now() - timedelta(seconds=1)
    )


def _inside(asset: MediaAsset, act: Any) -> Any:
    with workspace_transaction(asset.workspace_id):
        return act()


@pytest.mark.parametrize("kind", [*sorted(MEDIA_KINDS), MessageKind.MEDIA_PLACEHOLDER])
def test_limits_know_every_kind(kind: MessageKind) -> None:
    assert media_fetching.limit_of(kind) > 0
