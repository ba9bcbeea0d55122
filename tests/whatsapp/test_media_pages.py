"""Files shown and saved: who may, what a browser is told, and what it never runs."""

import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from tests.conftest import World
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.whatsapp import pictures
from whatsapp import file_links
from whatsapp.file_links import LinkedFile
from whatsapp.models import MediaAsset

CONTENT = (
    bytes(range(256)) * 8
)  # 2,048 bytes, each place told apart from its neighbours


@pytest.fixture
def stored(world: World) -> Any:
    """A file that is there already."""
    channel = make_room_1.channel(world.workspace)
    conversation = make.conversation(make.lead(world.workspace), channel)

    def add(
        mime: str = "application/pdf",
        *,
        kind: str = "document",
        content: bytes = CONTENT,
        preview: bytes = b"",
        **fields: Any,
    ) -> MediaAsset:
        message = make.message(conversation, kind=kind, text="")
        key = default_storage.save(f"media/test/{message.pk}", ContentFile(content))
        preview_key = ""
        if preview:
            preview_key = default_storage.save(f"{key}-preview", ContentFile(preview))
        values = {
            "state": "stored",
            "mime_told": mime,
            "mime_sniffed": mime,
            "size": len(content),
            "sha256": "ab" * 32,
            "storage_key": key,
            "preview_key": preview_key,
        } | fields
        return make.media(message, kind=kind, **values)

    return add


@pytest.fixture
def client(world: World, signed_in: Any) -> Client:
    agent: Client = signed_in(world.agent)
    return agent


def address(asset: MediaAsset, name: str = "media-file", slug: str = "padaria") -> str:
    return reverse(f"whatsapp:{name}", args=[slug, asset.key])


def read(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_document_is_saved_under_its_name_and_never_run(
    stored: Any, client: Client
) -> None:
    asset = stored(filename="orçamento.pdf")

    response = client.get(address(asset))

    assert read(response) == CONTENT
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert "or%C3%A7amento.pdf" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"].startswith("private")
    assert response.headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    "mime", ["text/html", "image/svg+xml", "text/plain", "application/x-anything"]
)
def test_what_a_browser_may_run_is_bytes_to_it(
    mime: str, stored: Any, client: Client
) -> None:
    response = client.get(address(stored(mime, content=pictures.HTML)))

    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("mime", ["audio/ogg", "video/mp4", "audio/mpeg"])
def test_what_browsers_play_is_shown(mime: str, stored: Any, client: Client) -> None:
    response = client.get(address(stored(mime, kind="audio")))

    assert response.headers["Content-Type"] == mime
    assert response.headers["Content-Disposition"].startswith("inline")


def test_original_picture_is_saved_and_its_preview_shown(
    stored: Any, client: Client
) -> None:
    asset = stored("image/jpeg", kind="image", preview=b"made anew")

    original = client.get(address(asset))
    preview = client.get(address(asset, "media-preview"))

    assert original.headers["Content-Disposition"].startswith("attachment")
    assert read(preview) == b"made anew"
    assert preview.headers["Content-Type"] == "image/webp"
    assert preview.headers["Content-Disposition"].startswith("inline")
    assert original.headers["ETag"] != preview.headers["ETag"]


@pytest.mark.parametrize(
    ("told", "status", "part"),
    [
        ("bytes=0-9", 206, (0, 9)),
        ("bytes=2000-", 206, (2000, 2047)),
        ("bytes=-5", 206, (2043, 2047)),
        ("bytes=0-99999", 206, (0, 2047)),
        ("bytes=-99999", 206, (0, 2047)),
        ("bytes=2048-", 416, None),
        ("bytes=-0", 416, None),
        # What is no range, or several, is answered with all of it, as HTTP wants.
        ("bytes=9-2", 200, None),
        ("bytes=0-1,5-6", 200, None),
        ("bytes=-", 200, None),
        ("lines=0-1", 200, None),
        ("bytes=99999999999999999999-", 200, None),
    ],
)
def test_part_of_a_file_is_answered_so_that_players_can_seek(
    told: str, status: int, part: tuple[int, int] | None, stored: Any, client: Client
) -> None:
    asset = stored("audio/ogg", kind="voice")

    response = client.get(address(asset), headers={"Range": told})

    assert response.status_code == status
    if part:
        first, last = part
        assert read(response) == CONTENT[first : last + 1]
        assert response.headers["Content-Range"] == f"bytes {first}-{last}/2048"
        assert response.headers["Content-Length"] == str(last - first + 1)
    elif status == 416:
        assert response.headers["Content-Range"] == "bytes */2048"
    else:
        assert read(response) == CONTENT


def test_part_of_another_content_is_all_of_this_one(
    stored: Any, client: Client
) -> None:
    asset = stored("audio/ogg", kind="voice")

    response = client.get(
        address(asset), headers={"Range": "bytes=0-9", "If-Range": '"other"'}
    )

    assert response.status_code == 200
    assert read(response) == CONTENT


def test_what_the_browser_has_is_not_sent_again(stored: Any, client: Client) -> None:
    asset = stored()
    etag = client.get(address(asset)).headers["ETag"]

    response = client.get(address(asset), headers={"If-None-Match": etag})

    assert response.status_code == 304


def test_packing_browsers_get_the_bytes_that_were_told(
    stored: Any, client: Client
) -> None:
    response = client.get(address(stored()), headers={"Accept-Encoding": "gzip"})

    assert response.headers["Content-Encoding"] == "identity"
    assert read(response) == CONTENT


@pytest.mark.parametrize("name", ["media-file", "media-preview"])
def test_foreign_and_missing_files_look_the_same(
    name: str, stored: Any, world: World, signed_in: Any
) -> None:
    asset = stored("image/png", kind="image", preview=b"x")
    outsider = signed_in(world.outsider)
    nothing = "/w/oficina/media/00000000-0000-4000-8000-000000000000/"

    answers = [
        outsider.get(address(asset, name)),  # our workspace, where they are nobody
        outsider.get(address(asset, name, slug="oficina")),  # theirs, with our key
        outsider.get(nothing),
    ]

    assert [one.status_code for one in answers] == [404, 404, 404]
    assert Client().get(address(asset, name)).status_code == 302


@pytest.mark.parametrize("state", ["pending", "retry", "expired", "refused"])
def test_what_is_not_stored_is_not_there(
    state: str, stored: Any, client: Client
) -> None:
    assert client.get(address(stored(state=state))).status_code == 404


def test_file_that_left_the_storage_is_not_there(stored: Any, client: Client) -> None:
    asset = stored()
    default_storage.delete(asset.storage_key)

    assert client.get(address(asset)).status_code == 404


def test_storage_that_is_away_is_no_missing_file(
    stored: Any, client: Client, settings: Any, tmp_path: Any
) -> None:
    asset = stored()
    (tmp_path / "file").write_text("a file, where a folder should be")
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "file")},
        }
    }

    response = client.get(address(asset))

    assert response.status_code == 503
    assert response.headers["Retry-After"]


@pytest.mark.parametrize(
    ("told", "saved"),
    [
        ("../../../etc/passwd", 'filename="passwd.pdf"'),
        ("..\\..\\boot.pdf", 'filename="boot.pdf"'),
        ('a"; filename="b.exe', 'filename="a_; filename=_b.exe.txt"'),
        ("a\r\nSet-Cookie: x=1.pdf", 'filename="aSet-Cookie_ x=1.pdf"'),
        ("gpj.\u202efdp.exe", 'filename="gpj.fdp.exe.txt"'),
        ("\0\x1b[31m", 'filename="[31m.pdf"'),
        (".htaccess", 'filename="htaccess.pdf"'),
        ("x" * 255, f'filename="{"x" * 116}.pdf"'),
    ],
)
def test_name_chosen_by_a_stranger_harms_nobody(
    told: str, saved: str, stored: Any, client: Client
) -> None:
    asset = stored(filename=told.replace("\0", ""))

    response = client.get(address(asset))

    assert response.headers["Content-Disposition"] == f"attachment; {saved}"


# --- asking again ----------------------------------------------------------------
def test_agent_asks_for_a_lost_file_once_more(
    stored: Any, client: Client, signed_in: Any, world: World
) -> None:
    asset = stored(state="expired", reason="http_404", attempts=4)
    talk = asset.message.conversation
    page = reverse("whatsapp:conversation-detail", args=["padaria", talk.key])
    shown = client.get(page).content.decode()
    assert f'form="media-again" name="key" value="{asset.key}"' in shown

    response = client.post(
        reverse("whatsapp:media-again", args=["padaria"]), {"key": str(asset.key)}
    )

    assert response.headers["Location"] == f"{page}#message-{asset.message_id}"
    asset.refresh_from_db()
    assert (asset.state, asset.attempts, asset.reason) == ("retry", 0, "")


@pytest.mark.parametrize("told", ["", "x", "00000000-0000-4000-8000-000000000000"])
def test_asking_for_no_file_finds_nothing(told: str, client: Client) -> None:
    url = reverse("whatsapp:media-again", args=["padaria"])

    assert client.post(url, {"key": told}).status_code == 404


def test_what_is_there_is_not_asked_for(stored: Any, client: Client) -> None:
    asset = stored()

    client.post(reverse("whatsapp:media-again", args=["padaria"]), {"key": asset.key})

    asset.refresh_from_db()
    assert asset.state == "stored"


# --- in the thread ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "mime", "fields", "shown"),
    [
        (
            "image",
            "image/jpeg",
            {"preview": b"x", "width": 80, "height": 60},
            "media--picture",
        ),
        ("sticker", "image/webp", {"preview": b"x"}, "media--sticker"),
        (
            "voice",
            "audio/ogg",
            {},
            '<audio class="media__sound" controls preload="none"',
        ),
        (
            "video",
            "video/mp4",
            {},
            '<video class="media__film" controls preload="none"',
        ),
        ("document", "application/pdf", {"filename": "nota.pdf"}, "nota.pdf"),
        ("audio", "audio/amr", {}, "media--document"),
        ("image", "text/html", {"mime_told": "image/jpeg"}, "media__warning"),
        ("image", "", {"state": "pending"}, "media--waiting"),
        (
            "image",
            "",
            {"state": "retry", "reason": "http_500"},
            "tenta de novo sozinho",
        ),
        ("image", "", {"state": "refused", "reason": "too_large"}, "16,0 MB"),
        ("image", "", {"state": "refused", "reason": "odd"}, "(odd)"),
    ],
)
def test_thread_shows_each_file_as_what_it_is(
    kind: str,
    mime: str,
    fields: dict[str, Any],
    shown: str,
    stored: Any,
    client: Client,
) -> None:
    asset = stored(mime, kind=kind, **fields)
    talk = asset.message.conversation

    page = client.get(
        reverse("whatsapp:conversation-detail", args=["padaria", talk.key])
    ).content.decode()

    bubble = page[page.index('role="log"') : page.index('id="latest"')]
    assert shown in bubble.replace("\xa0", " ")
    assert ("<img" in bubble) is bool(asset.preview_key)
    assert all(
        src.endswith("/preview/") for src in re.findall('<img[^>]*src="([^"]+)', bubble)
    )


# --- links for providers ---------------------------------------------------------
def test_link_leads_to_its_file_and_to_no_other(stored: Any) -> None:
    asset, other = stored(), stored()
    link = file_links.write(
        LinkedFile(asset.storage_key, "application/pdf", "nota.pdf")
    )
    path = link.partition("8000")[2]

    response = Client().get(path)
    changed = Client().get(path.replace(path[12], "x" if path[12] != "x" else "y", 1))

    assert read(response) == CONTENT
    assert response.headers["Content-Type"] == "application/pdf"
    assert changed.status_code == 404
    assert other.storage_key not in path


def test_link_ends_after_an_hour(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = stored()
    link = file_links.write(LinkedFile(asset.storage_key, "application/pdf", ""))
    monkeypatch.setattr(file_links, "LASTS", -1)

    assert Client().get(link.partition("8000")[2]).status_code == 404
