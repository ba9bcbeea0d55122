"""Every script does something that is missed when the script is missing."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TooLate

from tests.browser import server
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make
from tickets.services import tickets
from tickets.services.tickets import By
from whatsapp.services import handling

SHORT, LONG = 3_000, 10_000


def _copies(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path("links/")))
    button = page.locator("[data-copy]").first
    expect(button).to_be_visible(timeout=wait)
    button.click()
    expect(button).to_contain_text("Copied", timeout=wait)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"/r/{shop.shop.paused.slug}")


def _counts_characters(page: Page, shop, wait: int) -> None:
    workspace = shop.shop.workspace
    number = make_numbers.channel(
        workspace, integration=make_numbers.integration(workspace)
    )
    rest = f"integrations/whatsapp/{number.key}/message-links/new/"
    page.goto(_url(page, shop.path(rest)))
    told = page.locator("[data-count-of]")
    page.fill("[name=text]", "Olá! \U0001f950")
    expect(told).to_have_text("6 of 140 characters", timeout=wait)
    page.fill("[name=text]", "x" * 141)
    expect(told).to_have_class(re.compile("field__errors"), timeout=wait)


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


def _hears_what_changed(page: Page, shop, wait: int) -> None:
    """Sooner than any page would ask by itself, and in what js/live_thread.js shows."""
    talk = shop.shop.conversation
    page.goto(_url(page, shop.path(f"conversations/{talk.key}/")))
    page.wait_for_timeout(1_000)
    handling.assign(talk, assignee_id=shop.owner.pk, actor=shop.owner)
    expect(page.locator("[data-thread-moved]")).to_be_visible(timeout=min(wait, 2_500))


def _brings_parts_up_to_date(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path(f"tickets/{shop.shop.ticket.key}/")))
    page.wait_for_timeout(1_000)
    by, now = By(shop.owner), timezone.now()
    tickets.comment(shop.shop.ticket, text="Chegou", is_public=False, by=by, now=now)
    expect(page.locator(".timeline")).to_contain_text("Chegou", timeout=wait)


def _closes_notices(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path(f"conversations/{shop.shop.conversation.key}/")))
    page.click("button:has-text('Close conversation')")
    notice = page.locator("[data-notices] .notice")
    expect(notice).to_be_visible(timeout=wait)
    close = notice.locator(".notice__close")
    expect(close).to_be_visible(timeout=wait)
    close.click()
    expect(notice).to_have_count(0, timeout=wait)


def _counts_down(page: Page, shop, wait: int) -> None:
    """The proof waits three minutes, and says how many of them are left."""
    page.goto(_url(page, shop.path(_proof_of(shop))))
    clock = page.locator("[data-countdown-time]")
    expect(clock).to_have_text("2:57 min", timeout=wait + 4_000)


def _tells_what_became(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path(_proof_of(shop))))
    expect(page.locator("[data-session-told]")).to_have_text("")
    shop.say(shop.shop.closed, "Chegou?")
    expect(page.locator("#session")).to_have_attribute(
        "data-face", "proven", timeout=LONG
    )
    expect(page.locator("[data-session-told]")).to_contain_text(
        "It works", timeout=wait
    )
    expect(page.locator("#session-title")).to_be_focused(timeout=wait)


def _says_that_it_asks(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path("integrations/whatsapp/connect/waha/")))
    button = page.locator("main form .button--primary")
    # As if the provider took its time: the page stays.
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")
    button.click()
    expect(button).to_have_text("Asking the provider …", timeout=wait)
    expect(button).to_have_attribute("aria-busy", "true", timeout=wait)


def _follows_the_fields(page: Page, shop, wait: int) -> None:
    talk, template = shop.shop.closed, shop.shop.template
    page.goto(_url(page, shop.path(f"conversations/{talk.key}/template/")))
    page.click(f".template-choice a[href$='{template.key}']")
    page.fill("[name=body-2]", "7731")
    expect(page.locator(".template-phone__body")).to_contain_text(
        "pedido 7731 saiu", timeout=wait
    )
    page.fill("[name=body-2]", "")
    expect(page.locator(".template-phone__body")).to_contain_text(
        "pedido {{2}} saiu", timeout=wait
    )


def _tells_that_one_writes(page: Page, shop, wait: int) -> None:
    _at_the_composer(page, shop)
    told = []
    page.on("request", lambda one: told.append(one) if one.method == "POST" else None)
    try:
        with page.expect_request(lambda one: one.method == "POST", timeout=wait):
            page.locator("#composer-text").press_sequentially("Oi")
    except TooLate:
        raise AssertionError("nobody was told") from None
    page.locator("#composer-text").press_sequentially(", tudo bem?")
    assert len(told) == 1, "once in twenty seconds"
    assert "typing" in (told[0].post_data or "")


def _sends_in_place(page: Page, shop, wait: int) -> None:
    _at_the_composer(page, shop)
    page.evaluate("window.isStillHere = true")
    page.fill("#composer-text", "Abrimos até as 19h")
    page.click(".composer__send")
    expect(page.locator("#composer-text")).to_have_value("", timeout=wait)
    expect(page.locator("[role=log]")).to_contain_text("até as 19h", timeout=wait)
    assert page.evaluate("window.isStillHere === true")


def _keeps_the_draft(page: Page, shop, wait: int) -> None:
    _at_the_composer(page, shop)
    page.fill("#composer-text", "Ainda não terminei")
    page.reload()
    expect(page.locator("#composer-text")).to_have_value(
        "Ainda não terminei", timeout=wait
    )


def _picks_an_emoji(page: Page, shop, wait: int) -> None:
    _at_the_composer(page, shop)
    button = page.locator("[data-emoji]")
    expect(button).to_be_visible(timeout=wait)
    button.press("Enter")
    expect(page.locator("[data-glyph]").first).to_be_focused(timeout=wait)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#composer-text")).to_have_value("😃", timeout=wait)


def _finds_canned_replies(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path("conversations/canned/?new=1")))
    page.fill("[name=name]", "preço")
    page.fill("[name=text]", "Sai por R$ 45.")
    page.click("main form .button--primary")
    _at_the_composer(page, shop)
    page.focus("#composer-text")
    page.keyboard.type("/prec")
    expect(page.locator("[data-canned-list] [role=option]")).to_be_visible(timeout=wait)
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_value("Sai por R$ 45.", timeout=wait)


def _counts_the_window(page: Page, shop, wait: int) -> None:
    _at_the_composer(page, shop)
    left = page.locator("[data-window-left]")
    expect(left).to_have_text(re.compile(r"^\d+ h \d+ min$"), timeout=wait)


def _at_the_composer(page: Page, shop) -> None:
    """Of a person who wrote to the simulated number an hour ago."""
    at = timezone.now() - timedelta(hours=1)
    talk = make.conversation(
        make.lead(shop.shop.workspace), shop.shop.phone, last_inbound_at=at
    )
    make.identity(talk.lead, kind="wa_id", value="5511955554444")
    page.goto(_url(page, shop.path(f"conversations/{talk.key}/")))


def _chooses_all(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path("tickets/")))
    all_of_them = page.locator("[data-check-all]")
    expect(all_of_them).to_be_visible(timeout=wait)
    all_of_them.check()
    expect(page.locator("[name=ticket]:checked")).to_have_count(3, timeout=wait)


def _sends_by_key(page: Page, shop, wait: int) -> None:
    page.goto(_url(page, shop.path(f"tickets/{shop.shop.ticket.key}/")))
    page.fill("[data-submit-keys]", "Forno 2 voltou")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline")).to_contain_text("Forno 2 voltou", timeout=wait)


def _proof_of(shop) -> str:
    return f"integrations/whatsapp/{shop.shop.phone.key}/proof/"


def _lists_files(page: Page, shop, wait: int) -> None:
    _at_the_composer(page, shop)
    page.set_input_files(
        "#composer-files",
        {"name": "nota.txt", "mimeType": "text/plain", "buffer": b"Oi"},
    )
    listed = page.locator(".attachments__file")
    expect(listed).to_contain_text("nota.txt", timeout=wait)


# By the file's name; htmx is another's, and pinned.
WALKS: dict[str, Callable[[Page, object, int], None]] = {
    "attachments": _lists_files,
    "busy": _says_that_it_asks,
    "canned": _finds_canned_replies,
    "composer": _sends_in_place,
    "check_all": _chooses_all,
    "copy": _copies,
    "count": _counts_characters,
    "countdown": _counts_down,
    "draft": _keeps_the_draft,
    "emoji": _picks_an_emoji,
    "live": _hears_what_changed,
    "live_parts": _brings_parts_up_to_date,
    "live_thread": _adds_what_arrives,
    "mark_read": _marks_read,
    "notices": _closes_notices,
    "session": _tells_what_became,
    "shortcuts": _moves_by_key,
    "template_fill": _follows_the_fields,
    "typing": _tells_that_one_writes,
    "window": _counts_the_window,
    "submit_keys": _sends_by_key,
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
def arrived(visit, own, database):
    shop = own("en")
    visitor = visit("en", who=shop.owner)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return visitor.open(shop.path()), shop


def _url(page: Page, path: str) -> str:
    start: str = page.url.split("/w/")[0]
    return start + path
