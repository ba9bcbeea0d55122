"""Files of an answer: refused with a reason before anything is promised, or stored and sent."""

import json
import uuid
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import Refused
from integrations.providers.base.outgoing import Media, OutgoingFile, OutgoingMessage
from integrations.providers.base.types import MessageKind, Party
from tests.conftest import World
from tests.factories import accounts as make_people
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.walls import as_app
from tests.whatsapp import pictures
from whatsapp.models import (
    Conversation,
    LooseFile,
    MediaAsset,
    Message,
    OutboxEntry,
)
from whatsapp.services import (
    attachments,
    file_store,
    media_fetching,
    outbox_files,
    outbox_results,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def talk(world: World) -> Conversation:
    """Ana wrote an hour ago, to a number that is connected."""
    number = make_room_1.sandbox_number(world.workspace, state="connected")
    lead = make.lead(world.workspace)
    make.identity(lead, kind="wa_id", value="5511987654321")
    made = make.conversation(lead, number, last_inbound_at=timezone.now() - HOUR)
    make.message(made, peer_key="p:5511987654321", external_id="in-1")
    return made


@pytest.fixture
def client(world: World, signed_in: Any) -> Client:
    agent: Client = signed_in(world.agent)
    return agent


def upload(content: bytes, name: str, told: str = "application/octet-stream") -> Any:
    return SimpleUploadedFile(name, content, content_type=told)


PHOTO = pictures.jpeg(40, 30)


def send(client: Client, talk: Conversation, *files: Any, **fields: Any) -> Any:
    values = {"text": "", "draft": str(uuid.uuid4()), "files": list(files)} | fields
    return client.post(f"/w/padaria/conversations/{talk.key}/reply/", values)


def sent(world: World) -> list[Message]:
    entries = OutboxEntry.objects.for_workspace(world.workspace).order_by("pk")
    return [entry.message for entry in entries.select_related("message")]


def assets(world: World) -> list[MediaAsset]:
    return list(MediaAsset.objects.for_workspace(world.workspace).order_by("pk"))


def test_picture_is_stored_and_promised_with_its_caption(
    client: Client, talk: Conversation, world: World
) -> None:
    answer = send(client, talk, upload(PHOTO, "pão.jpg", "image/jpeg"), text="Olha!")

    assert answer.status_code == 302
    [message] = sent(world)
    assert (message.kind, message.text, message.status) == ("image", "Olha!", "queued")
    [asset] = assets(world)
    assert asset.message == message
    assert (asset.filename, asset.mime_sniffed, asset.size) == (
        "pão.jpg",
        "image/jpeg",
        len(PHOTO),
    )
    with default_storage.open(asset.storage_key) as stored:
        assert stored.read() == PHOTO
    assert LooseFile.objects.count() == 0
    payload = OutboxEntry.objects.for_workspace(world.workspace).get().payload
    assert payload["content"]["file"] == {
        "mime_type": "image/jpeg",
        "filename": "pão.jpg",
        "size": len(PHOTO),
    }
    assert payload["content"]["caption"] == "Olha!"


def test_several_files_are_several_messages_in_their_order(
    client: Client, talk: Conversation, world: World
) -> None:
    send(
        client,
        talk,
        upload(PHOTO, "1.jpg"),
        upload(pictures.PDF, "2.pdf"),
        upload(pictures.MP4, "3.mp4"),
        upload(pictures.webp(), "4.webp"),
        text="Tudo",
    )

    # The sandbox takes as pictures what Meta does: a WebP would be a sticker there.
    assert [(one.kind, one.text) for one in sent(world)] == [
        ("image", "Tudo"),
        ("document", ""),
        ("video", ""),
        ("document", ""),
    ]
    assert [one.filename for one in assets(world)] == [
        "1.jpg",
        "2.pdf",
        "3.mp4",
        "4.webp",
    ]


def test_text_goes_before_what_can_have_no_caption(
    client: Client, talk: Conversation, world: World
) -> None:
    send(client, talk, upload(pictures.OGG, "voz.ogg", "audio/ogg"), text="Escuta")

    assert [(one.kind, one.text) for one in sent(world)] == [
        ("text", "Escuta"),
        ("audio", ""),
    ]
    [asset] = assets(world)
    assert asset.message.kind == "audio"


def test_pictures_may_go_as_documents(
    client: Client, talk: Conversation, world: World
) -> None:
    send(client, talk, upload(PHOTO, "1.jpg"), as_documents="1")

    assert [one.kind for one in sent(world)] == ["document"]


def test_form_that_is_sent_twice_sends_once_and_keeps_one_file(
    client: Client, talk: Conversation, world: World
) -> None:
    draft = str(uuid.uuid4())

    for _ in range(2):
        answer = send(client, talk, upload(PHOTO, "1.jpg"), draft=draft)
        assert answer.status_code == 302

    assert len(sent(world)) == len(assets(world)) == 1
    with as_app():
        file_store.sweep(now=timezone.now())
    assert default_storage.exists(assets(world)[0].storage_key)
    assert LooseFile.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "vazio.jpg", "vazio.jpg"),
        (
            pictures.jpeg(40, 30) + b"\0" * (17 * 1024 * 1024),
            "grande.jpg",
            "grande.jpg",
        ),
    ],
    ids=["empty", "too large"],
)
def test_file_that_cannot_go_is_told_beside_it_and_nothing_is_promised(
    content: bytes,
    name: str,
    said: str,
    client: Client,
    talk: Conversation,
    world: World,
) -> None:
    answer = send(
        client, talk, upload(PHOTO, "bom.jpg"), upload(content, name), text="Oi"
    )

    assert answer.status_code == 422
    page = answer.content.decode()
    problems = page[page.index('class="attachments__problems"') :].partition("</ul>")[0]
    assert said in problems
    assert "bom.jpg" not in problems
    assert ">Oi</textarea>" in page
    assert sent(world) == []
    assert assets(world) == []
    assert LooseFile.objects.count() == 0


def test_too_many_files_are_refused(
    client: Client, talk: Conversation, world: World
) -> None:
    files = [
        upload(PHOTO, f"{place}.jpg") for place in range(attachments.MOST_FILES + 1)
    ]

    answer = send(client, talk, *files)

    assert answer.status_code == 422
    assert sent(world) == []


def test_closed_window_is_found_before_anything_is_stored(
    client: Client, talk: Conversation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.last_inbound_at = timezone.now() - 30 * HOUR
    talk.save()
    monkeypatch.setattr(file_store, "save", lambda *_: pytest.fail("stored"))

    answer = send(client, talk, upload(PHOTO, "1.jpg"))

    assert answer.status_code == 422
    assert sent(world) == []


def test_storage_that_is_away_is_told_and_nothing_is_promised(
    client: Client, talk: Conversation, world: World, settings: Any, tmp_path: Any
) -> None:
    (tmp_path / "file").write_text("a file, where a folder should be")
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "file")},
        }
    }

    answer = send(client, talk, upload(PHOTO, "1.jpg"), text="Oi")

    assert answer.status_code == 422
    assert ">Oi</textarea>" in answer.content.decode()
    assert sent(world) == []


@pytest.mark.parametrize(
    "name", ["../../x.jpg", "a\r\nb.jpg", "<img src=x>.jpg", "x" * 300 + ".jpg"]
)
def test_name_of_an_attachment_is_only_a_name(
    name: str, client: Client, talk: Conversation, world: World
) -> None:
    send(client, talk, upload(PHOTO, name))

    [asset] = assets(world)
    assert not set("/\\\r\n<>") & set(asset.filename)
    assert asset.filename.endswith(".jpg")
    assert len(asset.filename) <= 120
    assert "x.jpg" not in asset.storage_key


def test_told_type_is_not_believed(
    client: Client, talk: Conversation, world: World
) -> None:
    send(client, talk, upload(pictures.HTML, "foto.jpg", "image/jpeg"))

    [message] = sent(world)
    [asset] = assets(world)
    assert (message.kind, asset.mime_sniffed) == ("document", "text/html")


def test_viewer_sends_no_file(world: World, talk: Conversation, signed_in: Any) -> None:
    viewer = make_people.user(email="viewer@example.com")
    make_people.membership(world.workspace, viewer, role="viewer")

    assert send(signed_in(viewer), talk, upload(PHOTO, "1.jpg")).status_code == 403
    assert (
        send(signed_in(world.outsider), talk, upload(PHOTO, "1.jpg")).status_code == 404
    )
    assert assets(world) == []


def test_limits_reach_the_script_by_kind(client: Client, talk: Conversation) -> None:
    page = client.get(f"/w/padaria/conversations/{talk.key}/").content.decode()

    raw = page.partition('data-limits="')[2].partition('"')[0].replace("&quot;", '"')
    limits = json.loads(raw)
    assert set(limits) == {kind.value for kind in attachments.KINDS}
    assert limits["image"]["size"] > 0
    assert "image/jpeg" in limits["image"]["types"]


@pytest.mark.django_db(transaction=True)
def test_preview_of_what_we_send_is_made_by_a_worker_without_asking_anybody(
    client: Client, talk: Conversation, world: World
) -> None:
    send(client, talk, upload(pictures.jpeg(80, 60), "1.jpg"))
    [before] = assets(world)
    assert before.state == "pending"

    with as_app():
        tally = media_fetching.drain(budget_seconds=10)

    assert tally.endings == {"stored": 1}
    [asset] = assets(world)
    assert asset.storage_key == before.storage_key
    with default_storage.open(asset.preview_key) as shown:
        assert pictures.GPS.encode() not in shown.read()
    assert LooseFile.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_file_that_two_messages_share_goes_with_the_last_of_them(
    client: Client, talk: Conversation, world: World
) -> None:
    send(client, talk, upload(pictures.PDF, "1.pdf"))
    [first] = assets(world)
    again = make.message(talk, kind="document", direction="outbound")
    make.media(again, kind="document", state="stored", storage_key=first.storage_key)

    first.message.delete()
    with as_app():
        assert file_store.sweep(now=timezone.now()) == 0
    assert default_storage.exists(first.storage_key)

    again.delete()
    with as_app():
        assert file_store.sweep(now=timezone.now()) == 1
    assert not default_storage.exists(first.storage_key)


# --- on the way to the provider --------------------------------------------------
def _line(*capabilities: Capability) -> Any:
    """A provider that takes files in these ways, and notes what is uploaded."""
    uploaded: list[bytes] = []

    def upload_media(media: Media, *_: Any) -> str:
        uploaded.append(media.file.content)
        return "id-1"

    adapter = SimpleNamespace(
        capabilities=frozenset(capabilities), upload_media=upload_media
    )
    return SimpleNamespace(
        adapter=adapter, credentials={}, http=None, uploaded=uploaded
    )


def _outgoing() -> OutgoingMessage:
    file = OutgoingFile("application/pdf", filename="nota.pdf", size=len(pictures.PDF))
    return OutgoingMessage(Party(wa_id="1"), Media(MessageKind.DOCUMENT, file))


@pytest.fixture
def stored_key() -> str:
    return str(default_storage.save("media/test/nota", ContentFile(pictures.PDF)))


def _attached(line: Any, key: str) -> OutgoingFile:
    content = outbox_files.attach(_outgoing(), key, line).content
    assert isinstance(content, Media)
    return content.file


def test_file_is_uploaded_where_the_provider_wants_it_first(stored_key: str) -> None:
    line = _line(Capability.MEDIA_UPLOAD, Capability.MEDIA_LINK)

    file = _attached(line, stored_key)

    assert (file.external_id, file.url, file.content) == ("id-1", "", b"")
    assert line.uploaded == [pictures.PDF]


def test_file_goes_within_the_message_before_it_goes_as_a_link(stored_key: str) -> None:
    file = _attached(_line(Capability.MEDIA_INLINE, Capability.MEDIA_LINK), stored_key)

    assert (file.content, file.url) == (pictures.PDF, "")


def test_provider_that_wants_a_link_fetches_that_file_without_signing_in(
    stored_key: str, db: None
) -> None:
    file = _attached(_line(Capability.MEDIA_LINK), stored_key)

    response = Client().get(urlsplit(file.url).path)

    assert b"".join(response.streaming_content) == pictures.PDF  # type: ignore[attr-defined]  # it streams
    assert response.headers["Content-Type"] == "application/pdf"


@pytest.mark.parametrize(
    "way", [Capability.MEDIA_UPLOAD, Capability.MEDIA_INLINE, Capability.MEDIA_LINK]
)
def test_message_without_its_file_is_refused_for_good(way: Capability) -> None:
    with pytest.raises(Refused, match="file_missing"):
        _attached(_line(way), "")


def test_storage_that_is_away_lets_a_message_wait_and_blames_no_provider(
    settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("a file, where a folder should be")
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "file")},
        }
    }

    with pytest.raises(outbox_files.StorageAway) as caught:
        _attached(_line(Capability.MEDIA_UPLOAD), "media/x")

    outcome = outbox_results.outcome_of(caught.value)
    assert (outcome.ending, outcome.health) == (
        outbox_results.Ending.RETRY,
        outbox_results.Health.UNTOLD,
    )
