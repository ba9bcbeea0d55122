"""How a person works a page: with a mouse, or by the keyboard alone."""

from collections.abc import Callable

from playwright.sync_api import Page

_MOST_TABS = 80

Hand = Callable[[Page, str], None]


def click(page: Page, selector: str) -> None:
    page.click(selector)


def press(page: Page, selector: str) -> None:
    """Walk there with Tab, and press Enter."""
    tab_to(page, selector)
    page.keyboard.press("Enter")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{_MOST_TABS} presses of Tab never reach {selector}")


def write(page: Page, selector: str, text: str, *, hand: Hand) -> None:
    if hand is press:
        tab_to(page, selector)
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(text)
    else:
        page.fill(selector, text)
