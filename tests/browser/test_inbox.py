"""The list as it is worked in: search, filters in the address, the keyboard, a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import checks

ROWS = "#conversations .conversation-row__name"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("+55 (11) 98765-4321", "Bruno Sá"),
        ("11 98765.4321", "Bruno Sá"),
        ("5511987654321", "Bruno Sá"),
        ("joao conceicao", "João Conceição"),
        ("BRUNO SÁ", "Bruno Sá"),
        ("bolo de fuba", "Bruno Sá"),
        ("fermentacao natural", "Ana Lima"),
    ],
)
def test_search_finds_it_as_a_person_types_it(visit, typed, found):
    page = visit("pt-br").open("/w/padaria/conversations/")

    page.locator("#q").press_sequentially(typed)

    expect(page.locator(ROWS).first).to_have_text(found)
    page.wait_for_url("**/conversations/?q=*")
    page.reload()
    expect(page.locator("#q")).to_have_value(typed)
    expect(page.locator(ROWS).first).to_have_text(found)


def test_filters_live_in_the_address_and_survive(visit, own):
    shop = own("en")
    page = visit("en", who=shop.owner).open(shop.path("conversations/"))
    page.click("summary:has-text('Filters')")
    page.check("#f-unread")
    page.wait_for_url("**unread=1**")
    expect(page.locator(ROWS)).to_have_count(3)
    page.select_option("#f-origin", "link")
    page.wait_for_url("**origin=link**")
    expect(page.locator(ROWS)).to_have_count(1)

    page.reload()
    expect(page.locator("#f-unread")).to_be_checked()
    expect(page.locator("#f-origin")).to_have_value("link")
    page.click(ROWS)
    page.wait_for_url("**/conversations/*-*/**")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("#f-origin")).to_have_value("link")
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(1)
    page.click("nav.tabs a >> nth=0")
    assert "unread=1" in page.url
    assert "origin=link" in page.url
    page.click("a:has-text('Clear filters') >> nth=0")
    assert "unread" not in page.url


def test_filters_that_cannot_be_are_told_and_left_out(visit):
    page = visit("en").open(
        "/w/padaria/conversations/?unread=maybe&window=%00&from=9999-99-99&tab=all"
    )

    expect(page.locator(".inbox-list__note code")).to_have_text(
        ["window", "unread", "from"]
    )
    expect(page.locator(ROWS).first).to_be_visible()


def test_the_keys_search_move_open_go_back_and_help(visit, own):
    shop = own("en")
    page = visit("en", who=shop.owner).open(shop.path("conversations/"))
    rows = page.locator(ROWS)

    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/*-*/**")
    expect(page.locator("h1")).to_have_text("Ana Lima")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Bruno Sá")
    page.keyboard.press("Escape")
    page.wait_for_url("**/conversations/")

    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jk?")
    expect(page.locator("#q")).to_have_value("jk?")
    expect(page.locator("dialog")).to_be_hidden()


def test_the_keys_can_be_switched_off_for_good(visit):
    page = visit("en").open("/w/padaria/conversations/")
    page.keyboard.press("?")
    page.uncheck("#shortcuts-on")
    page.keyboard.press("Escape")

    page.reload()
    page.keyboard.press("j")

    assert not _focus_is_a_row(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_one_pane_at_a_time(visit, theme):
    page = visit("pt-br", theme).open("/w/padaria/conversations/", width=390)
    expect(page.locator(".inbox__thread--none")).to_be_hidden()

    page.click(ROWS)
    expect(page.locator("[role=log]")).to_be_visible()
    expect(page.locator("#conversations")).to_be_hidden()
    assert checks.sideways(page) <= 0, checks.sticking_out(page)
    page.click(".inbox__thread .crumb")

    expect(page.locator(ROWS).first).to_be_visible()


def _focus_is_a_row(page: Page) -> bool:
    return bool(
        page.evaluate("document.activeElement.matches('.conversation-row__name')")
    )
