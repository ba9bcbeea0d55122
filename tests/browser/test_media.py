"""Files in both directions: a customer's picture appears while the thread is looked at, and
an agent sends some by every way there is. The workers are stood in for by their calls."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import override_settings
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Locator, Page, expect

from config import env_storage
from integrations.providers import registry
from tests.browser import checks
from tests.walls import as_app
from tests.whatsapp import pictures
from whatsapp.services import media_fetching, sending

LANGUAGES = ("en", "pt-br")
LIVE = 12_000  # milliseconds within which an open thread shows what is new
PHOTO = pictures.jpeg(240, 160)


@pytest.fixture
def workers(
    address: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    django_db_blocker: Any,
) -> Iterator[Callable[[], None]]:
    """What the workers of files and of messages do, with the server's own storage."""
    monkeypatch.setattr(registry.get("sandbox"), "settings", {"api_base": address})
    storages = settings.STORAGES | {"default": env_storage.read(home / "media")}

    def work() -> None:
        with django_db_blocker.unblock(), as_app():
            media_fetching.drain(budget_seconds=20)
            sending.drain(budget_seconds=20)

    with override_settings(
        STORAGES=storages, EGRESS_ALLOWED_HOSTS=[address.split("/")[2]]
    ):
        yield work


@dataclass
class Desk:
    """A thread of the simulated number, and the customer's phone beside it."""

    page: Page
    phone: Page
    language: str

    def say(self, text: str) -> str:
        with translation.override(self.language):
            return gettext(text)

    @property
    def thread(self) -> Locator:
        return self.page.locator("[role=log]")

    @property
    def pictures(self) -> Locator:
        return self.thread.locator("img.media__picture")

    def sends(self) -> None:
        self.page.locator(".composer__send").click()

    def sees_pictures(self, count: int) -> None:
        expect(self.pictures).to_have_count(count, timeout=LIVE)
        for place in range(count):
            self.pictures.nth(place).scroll_into_view_if_needed()
            expect(self.pictures.nth(place)).to_have_js_property("complete", True)
        widths = self.pictures.evaluate_all(
            "(all) => all.map((one) => one.naturalWidth)"
        )
        assert all(widths), widths


@pytest.fixture
def open_desk(visit: Any, own: Any, work: Any) -> Callable[..., Desk]:
    def open_(
        language: str, theme: str = "light", width: int = 1360, **options: Any
    ) -> Desk:
        shop = own(language, theme)
        visitor = visit(language, theme, who=shop.owner, **options)
        phone = visitor.open(shop.path(f"sandbox/{shop.shop.phone.key}/"), width=width)
        phone.locator(".phone__composer textarea").fill("Oi!")
        phone.locator(".phone__composer button[type=submit]").click()
        work()
        page = visitor.open(shop.path("conversations/"), width=width)
        with page.expect_navigation():
            page.locator(".conversation-row a").first.click()
        return Desk(page, phone, language)

    return open_


def _send_from(phone: Page, kind: str) -> None:
    form = phone.locator("details:has(select[name=kind] option[value=voice])")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    form.locator("select[name=kind]").select_option(kind)
    with phone.expect_navigation():
        form.locator("button[type=submit]").click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_picture_of_a_customer_appears_while_the_thread_is_looked_at(
    language: str, open_desk: Any, work: Any, workers: Any
) -> None:
    desk = open_desk(language)

    _send_from(desk.phone, "image")
    work()
    expect(desk.thread).to_contain_text(
        desk.say("The file is on its way."), timeout=LIVE
    )
    workers()

    desk.sees_pictures(1)
    for kind, shown in (
        ("voice", "audio"),
        ("video", "video"),
        ("document", ".media__document"),
    ):
        _send_from(desk.phone, kind)
        work()
        workers()
        expect(desk.thread.locator(shown)).to_have_count(1, timeout=LIVE)
    assert checks.violations(desk.page) == []
    with desk.page.context.expect_page() as opened:
        desk.thread.locator("[data-media-open]").click()
    assert opened.value.url.endswith("/preview/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_voice_plays_and_goes_on_while_something_else_arrives(
    language: str, open_desk: Any, work: Any, workers: Any
) -> None:
    desk = open_desk(language)
    _send_from(desk.phone, "voice")
    work()
    workers()
    sound = desk.thread.locator("audio")
    expect(sound).to_have_count(1, timeout=LIVE)

    told = sound.evaluate(
        """async (one) => {
          one.muted = true;
          one.addEventListener("ended", () => one.play());
          await one.play();
          return one.duration;
        }"""
    )
    desk.phone.reload()
    desk.phone.locator("details.phone__more summary").last.click()
    with desk.phone.expect_navigation():
        desk.phone.locator(".phone__choices button[name=emoji]").last.click()
    work()
    _send_from(desk.phone, "document")
    work()
    expect(desk.thread.locator(".media")).to_have_count(2, timeout=LIVE)

    assert 0.9 < told < 1.1
    assert sound.evaluate("(one) => one.paused") is False


@pytest.mark.parametrize("language", LANGUAGES)
def test_agent_sends_pictures_by_picker_paste_and_drop(
    language: str, open_desk: Any, workers: Any, tmp_path: Path
) -> None:
    desk = open_desk(language)
    photo = tmp_path / "pão.jpg"
    photo.write_bytes(PHOTO)

    desk.page.set_input_files("#composer-files", photo)
    listed = desk.page.locator(".attachments__file")
    expect(listed).to_have_count(1)
    expect(listed.locator("canvas")).to_be_visible()
    desk.page.fill("#composer-text", "Saiu do forno")
    desk.sends()
    expect(desk.thread).to_contain_text("Saiu do forno", timeout=LIVE)
    expect(listed).to_have_count(0)

    _paste(desk.page, "colada.jpg")
    expect(listed).to_have_count(1)
    _drop(desk.page, "solta.jpg")
    _drop(desk.page, "demais.jpg")
    expect(listed).to_have_count(3)
    listed.nth(2).locator("button").click()
    expect(listed).to_have_count(2)
    assert checks.violations(desk.page) == []
    desk.sends()
    expect(listed).to_have_count(0, timeout=LIVE)
    workers()

    desk.sees_pictures(3)
    desk.phone.reload()
    expect(desk.phone.locator(".phone img.media__picture")).to_have_count(3)
    expect(desk.phone.locator(".phone")).to_contain_text("Saiu do forno")


@pytest.mark.parametrize("language", LANGUAGES)
def test_file_that_cannot_go_is_told_beside_it_and_stays(
    language: str, open_desk: Any, tmp_path: Path
) -> None:
    desk = open_desk(language)
    empty, photo = tmp_path / "vazio.txt", tmp_path / "boa.jpg"
    empty.write_bytes(b"")
    photo.write_bytes(PHOTO)

    desk.page.set_input_files("#composer-files", [photo, empty])
    desk.page.fill("#composer-text", "Veja")
    desk.sends()

    problem = desk.page.locator(".attachments__problem")
    expect(problem).to_have_text(desk.say("The file is empty."))
    expect(desk.page.locator("#composer-text")).to_have_value("Veja")
    expect(desk.page.locator(".attachments__file button").last).to_be_focused()
    assert checks.violations(desk.page) == []
    desk.page.locator(".attachments__file button").last.click()
    desk.sends()
    expect(desk.thread).to_contain_text("Veja", timeout=LIVE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_script_the_field_alone_sends(
    language: str, open_desk: Any, workers: Any, tmp_path: Path
) -> None:
    desk = open_desk(language, java_script_enabled=False)
    photo, note = tmp_path / "1.jpg", tmp_path / "2.pdf"
    photo.write_bytes(PHOTO)
    note.write_bytes(pictures.PDF)

    desk.page.set_input_files("#composer-files", [photo, note])
    desk.page.fill("#composer-text", "Duas coisas")
    with desk.page.expect_navigation():
        desk.sends()
    workers()
    desk.page.reload()

    expect(desk.pictures).to_have_count(1)
    expect(desk.thread.locator(".media__document")).to_have_count(1)
    expect(desk.thread).to_contain_text("Duas coisas")


@pytest.mark.parametrize("width", [390, 1360])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_look_of_a_file_stands_in_its_page(
    width: int,
    theme: str,
    open_desk: Any,
    work: Any,
    workers: Any,
    screens: Path,
    tmp_path: Path,
) -> None:
    desk = open_desk("pt-br", theme, width)
    for kind in ("image", "sticker", "voice", "video", "document"):
        _send_from(desk.phone, kind)
    work()
    workers()
    desk.page.reload()
    note = tmp_path / "Proposta comercial para a festa de fim de ano da padaria.pdf"
    note.write_bytes(pictures.PDF)
    photo = tmp_path / "bolo.jpg"
    photo.write_bytes(PHOTO)

    desk.page.set_input_files("#composer-files", [photo, note])
    desk.sees_pictures(2)
    desk.page.screenshot(path=screens / f"media-{theme}-{width}.png", full_page=True)
    desk.phone.reload()
    desk.phone.screenshot(
        path=screens / f"media-phone-{theme}-{width}.png", full_page=True
    )

    assert checks.sticking_out(desk.page) == []
    assert checks.sticking_out(desk.phone) == []
    assert checks.violations(desk.page) == []
    assert checks.violations(desk.phone) == []


def _file(name: str) -> str:
    """Writes a file into a DataTransfer, as the clipboard and a hand bring one."""
    told = base64.b64encode(PHOTO).decode()
    return f"""
      const bytes = Uint8Array.from(atob("{told}"), (one) => one.charCodeAt(0));
      const held = new DataTransfer();
      held.items.add(new File([bytes], "{name}", {{ type: "image/jpeg" }}));
    """


def _paste(page: Page, name: str) -> None:
    page.locator("#composer-text").focus()
    page.evaluate(
        f"""() => {{ {_file(name)}
          const how = {{ clipboardData: held, bubbles: true, cancelable: true }};
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", how)); }}"""
    )


def _drop(page: Page, name: str) -> None:
    page.evaluate(
        f"""() => {{ {_file(name)}
          const how = {{ dataTransfer: held, bubbles: true, cancelable: true }};
          const into = document.querySelector(".inbox__scroll");
          into.dispatchEvent(new DragEvent("dragover", how));
          into.dispatchEvent(new DragEvent("drop", how)); }}"""
    )


def test_the_tests_share_the_servers_storage(workers: Any, home: Path) -> None:
    assert default_storage.path("x") == str(home / "media" / "x")
