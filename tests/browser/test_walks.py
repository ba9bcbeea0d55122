"""Whole ways through the product: without JavaScript, and without a mouse."""

from playwright.sync_api import Page, expect

from tests.browser.house import PASSWORD

_MOST_TABS = 60


def test_everything_works_without_javascript(visit, house):
    member = house.members["en", "light"]
    page = visit(locale="en", java_script_enabled=False).open("/")

    page.fill("[name=login]", member.email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.click("a:has-text('Padaria Central')")
    page.click("nav.nav a:has-text('Conversations')")
    page.fill("[name=q]", "fermentação")
    page.press("[name=q]", "Enter")
    page.click(f"a[href*='{house.shop.conversation.key}']")
    expect(page.locator("h1")).to_contain_text("Ana Lima")
    expect(page.locator("[role=log]")).to_contain_text("Combinado, até amanhã!")
    page.click("a:has-text('Lead and evidence')")
    expect(page.locator("main")).to_contain_text("instagram-bio")
    page.click(".menu--account .menu__button")
    page.click("button:has-text('Sign out')")
    page.goto(page.url.split("/account/")[0] + "/w/padaria/")

    assert "/account/login/?next=" in page.url


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
    page.wait_for_url(f"**{conversation}")
    _tab_to(page, "/w/padaria/conversations/", within="main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/")


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
