"""Every script does something that is missed when the script is missing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import server

SHORT, LONG = 3_000, 10_000


def _copies(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path("links/")))
    button = page.locator("[data-copy]").first
    expect(button).to_be_visible(timeout=wait)
    button.click()
    expect(button).to_contain_text("Copied", timeout=wait)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"/r/{shop.shop.paused.slug}")


def _marks_read(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path("conversations/")))
    row = page.locator(".conversation-row:has-text('Bruno')")
    expect(row.locator(".badge--count")).to_be_visible(timeout=wait)
    row.locator("a").click()
    expect(page.locator("h1")).to_have_text("Bruno Sá")
    expect(page.locator("[data-marks-read]")).to_be_hidden(timeout=wait)
    page.reload()
    expect(page.locator("[data-marks-read]")).to_have_count(0, timeout=wait)


def _moves_by_key(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path("conversations/")))
    expect(page.locator("[data-opens-shortcuts]")).to_be_visible(timeout=wait)
    page.keyboard.press("j")
    expect(page.locator(".conversation-row__name").first).to_be_focused(timeout=wait)


def _follows_the_tail(page: Page, shop, wait: int) -> None:
    """htmx: what came in since is put on top of the page that follows it."""
    page.goto(_url(page, shop.path("webhooks/?live=1")))
    rows = page.locator("#webhook-rows tr")
    expect(rows).to_have_count(3, timeout=wait)
    shop.receive()
    expect(rows).to_have_count(4, timeout=wait + 4_000)
    expect(page.locator("#webhook-tail")).to_contain_text("1 new request")


def _adds_what_arrives(page: Page, shop, wait: int) -> None:
    talk = shop.shop.conversation
    page.goto(_url(page, shop.path(f"conversations/{talk.key}/")))
    shop.say(talk, "Ainda está aí?")
    expect(page.locator("[role=log]")).to_contain_text(
        "Ainda está aí?", timeout=wait + 4_000
    )


def _closes_notices(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path(f"conversations/{shop.shop.conversation.key}/")))
    page.click("button:has-text('Close conversation')")
    notice = page.locator("[data-notices] .notice")
    expect(notice).to_be_visible(timeout=wait)
    close = notice.locator(".notice__close")
    expect(close).to_be_visible(timeout=wait)
    close.click()
    expect(notice).to_have_count(0, timeout=wait)


# By the file's name; htmx is another's, and pinned.
WALKS: dict[str, Callable[[Page, object, int], None]] = {
    "copy": _copies,
    "live_thread": _adds_what_arrives,
    "mark_read": _marks_read,
    "notices": _closes_notices,
    "shortcuts": _moves_by_key,
    "htmx": _follows_the_tail,
}


def test_every_script_has_its_walk():
    ours = {path.stem for path in (server.ROOT / "static" / "js").rglob("*.js")}

    assert ours | {"htmx"} == set(WALKS)


@pytest.mark.parametrize("name", WALKS)
def test_a_script_does_its_work(arrived, name):
    page, shop = arrived

    WALKS[name](page, shop, LONG)


@pytest.mark.parametrize("name", WALKS)
def test_a_script_is_missed_where_it_is_missing(arrived, name):
    page, shop = arrived
    page.context.route(
        f"**/static/**/{name}.*js",
        lambda route: route.fulfill(content_type="text/javascript", body=""),
    )

    with pytest.raises(AssertionError):
        WALKS[name](page, shop, SHORT)


@pytest.fixture
def arrived(visit, own):
    shop = own("en")
    visitor = visit("en", who=shop.owner)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return visitor.open(shop.path()), shop


def _url(page: Page, path: str) -> str:
    start: str = page.url.split("/w/")[0]
    return start + path
