"""Whole ways through the product: without JavaScript, and without a mouse."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import PASSWORD

_MOST_TABS = 60


@pytest.fixture
def plain(visit, own):
    """A shop of one's own, in a browser that runs no script."""
    shop = own("en")
    visitor = visit("en", who=shop.owner, java_script_enabled=False)
    return visitor.open(shop.path()), shop


def test_in_and_out_without_javascript(visit, house):
    member = house.people["owner", "en", "light"]
    page = visit("en", who="stranger", java_script_enabled=False).open("/")

    page.fill("[name=login]", member.email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.click("a:has-text('Padaria Central')")
    page.click(".menu--account .menu__button")
    page.click("button:has-text('Sign out')")
    page.goto(page.url.split("/account/")[0] + "/w/padaria/")

    assert "/account/login/?next=" in page.url


def test_the_inbox_and_a_correction_without_javascript(plain):
    page, shop = plain

    page.click("nav.nav a:has-text('Conversations')")
    page.fill("[name=q]", "fermentação")
    page.press("[name=q]", "Enter")
    page.click(f"a[href*='{shop.shop.conversation.key}']")
    expect(page.locator("h1")).to_contain_text("Ana Lima")
    expect(page.locator("[role=log]")).to_contain_text("Combinado, até amanhã!")
    page.click("button:has-text('Close conversation')")
    expect(page.locator(".notice")).to_contain_text("Conversation closed.")
    page.click("button:has-text('Reopen')")
    expect(page.locator(".notice")).to_contain_text("Conversation reopened.")
    page.click("a:has-text('Lead and evidence')")
    expect(page.locator("#origin")).to_contain_text(shop.shop.link.slug)
    page.click("a:has-text('Correct the origin')")
    page.select_option("[name=origin]", "none")
    page.fill("[name=reason]", "Came by word of mouth.")
    page.click("main form button[type=submit]")

    expect(page.locator("#origin")).to_contain_text("Came by word of mouth.")


def test_links_without_javascript(plain):
    page, shop = plain

    page.click("nav.nav a:has-text('Links')")
    page.click("a:has-text('New link')")
    slug = f"{shop.shop.workspace.slug}-cartao"
    page.fill("[name=slug]", slug)
    page.fill("[name=prefilled_text]", "Vi no cartão.")
    page.click("button:has-text('Preview')")
    expect(page.locator("#preview")).to_contain_text("Vi no cartão.")
    page.click("#link-form .button--primary")
    expect(page.locator("h1")).to_have_text(slug)
    page.click("a:has-text('Pause')")
    page.click("button:has-text('Pause the link')")

    expect(page.locator(".page-head .badge")).to_have_text("Paused")


def test_a_replay_is_tried_first_without_javascript(plain):
    page, _ = plain

    page.click("nav.nav a:has-text('Webhooks')")
    page.check("[name=row] >> nth=0")
    page.click("button:has-text('Try the chosen ones')")
    expect(page.locator("h1")).to_have_text("Process 1 request again?")
    expect(page.locator("main")).to_contain_text("The difference it would make")
    page.click("main form .button--primary")

    expect(page.locator(".notice--success")).to_contain_text("being processed again")


def test_the_phone_without_javascript(plain, work):
    page, _ = plain

    page.click("a:has-text('Open the simulated phone')")
    page.fill(".phone__composer textarea", "Vocês abrem domingo?")
    page.click(".phone__composer button")
    page.wait_for_url("**#phone")
    work()
    page.reload()
    expect(page.locator(".phone__screen")).to_contain_text("Vocês abrem domingo?")
    page.click("summary:has-text('Location')")
    with page.expect_navigation():
        page.click("details:has-text('Location') button")
    work()
    page.click("a:has-text('Open in the inbox')")

    expect(page.locator("[role=log]")).to_contain_text("Vocês abrem domingo?")
    expect(page.locator("[role=log]")).to_contain_text("Open the map")


def test_everything_is_reached_by_keyboard(visit, house):
    page = visit("en", "light").open("/w/padaria/")

    page.keyboard.press("Tab")
    assert _focused(page, "textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert _focused(page, "id") == "content"

    page.reload()
    _tab_to(page, "/w/padaria/conversations/")
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/")
    conversation = f"/w/padaria/conversations/{house.shop.conversation.key}/"
    _tab_to(page, conversation)
    assert _outlined(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{conversation}*")
    _tab_to(page, "/w/padaria/conversations/", within="main")
    page.keyboard.press("Enter")  # the first tab of the list
    page.wait_for_url("**/conversations/?tab=mine")


def test_the_focus_follows_the_order_of_the_page(visit):
    page = visit("pt-br", "dark").open("/w/padaria/conversations/")
    tops: list[int] = []
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        inside = page.evaluate("document.activeElement.closest('main') !== null")
        if tops and not inside:
            break  # through the page and out at its end
        if inside:
            tops.append(
                page.evaluate(
                    "Math.round(document.activeElement.getBoundingClientRect().top + scrollY)"
                )
            )

    assert len(tops) > 5
    assert tops == sorted(tops)


def _focused(page: Page, name: str) -> str:
    return str(page.evaluate(f"document.activeElement.{name}"))


def _tab_to(page: Page, path: str, *, within: str = "body") -> None:
    """Press Tab until the link to `path` has the focus; fail when it never comes."""
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(
            "([path, within]) => document.activeElement.pathname === path"
            " && document.activeElement.closest(within) !== null",
            [path, within],
        ):
            return
    raise AssertionError(f"{_MOST_TABS} presses of Tab never reach {path}")


def _outlined(page: Page) -> bool:
    """The focus is seen: the element or what it is drawn on has an outline."""
    return bool(
        page.evaluate(
            "() => { let one = document.activeElement;"
            " for (; one; one = one.parentElement) {"
            " for (const pseudo of [null, '::before', '::after'])"
            " if (getComputedStyle(one, pseudo).outlineStyle !== 'none') return true; }"
            " return false; }"
        )
    )
