"""Received files: fetched, looked at, and refused or asked for again when that goes wrong."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from integrations.models import ChannelLog
from integrations.providers.base.outgoing import MEDIA_KINDS
from integrations.providers.base.types import MessageKind
from tests.conftest import World
from tests.walls import as_app
from tests.whatsapp import pictures
from tests.whatsapp.filehost import FileHost
from tests.whatsapp.received import (
    again,
    drain,
    files,
    inside,
    make_due,
    provided,
    receiving,
)
from whatsapp.models import LooseFile, MediaAsset
from whatsapp.services import media_fetching, media_results

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def host(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[FileHost]:
    with provided(settings, monkeypatch, tmp_path) as served:
        yield served


@pytest.fixture
def receive(world: World, host: FileHost) -> Any:
    """A message with a file that the provider has, as `kind`; a number is a status."""
    return receiving(world, host)


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
    make_due(asset)
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
        assert inside(asset, lambda: media_results.ask_again(asset, now=timezone.now()))
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


@pytest.mark.parametrize("kind", [*sorted(MEDIA_KINDS), MessageKind.MEDIA_PLACEHOLDER])
def test_limits_know_every_kind(kind: MessageKind) -> None:
    assert media_fetching.limit_of(kind) > 0
