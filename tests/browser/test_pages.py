"""Every page in both languages, both themes and two widths, looked at by axe."""

from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from tests.browser import addresses, checks
from tests.browser.addresses import NO_PAGES, PAGES
from tests.browser.page import Page
from tests.browser.states import STATES

WIDTHS = (1360, 390)
# English wears one theme: what a theme could break is the same in every language.
LOOKS = (("pt-br", "light"), ("pt-br", "dark"), ("en", "light"))


def test_every_address_is_looked_at_or_says_why_not():
    looked_at = {page.name for page in PAGES}

    assert looked_at | set(NO_PAGES) == set(addresses.names())
    assert not looked_at & set(NO_PAGES)


def test_every_screenshot_has_a_name_of_its_own():
    shots = [page.shown for page in (*PAGES, *STATES)]

    assert len(shots) == len(set(shots))


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize("one", [*PAGES, *STATES], ids=lambda one: one.shown)
def test_a_page_shows_well(visit, house, screens, one, language, theme):
    visitor = visit(language, theme, who=one.who)
    page = visitor.open(_start(one, house))
    if one.act is not None:
        one.act(page)
    else:
        assert visitor.status == one.status
        if not one.name.startswith("/"):
            assert resolve(urlsplit(page.url).path).view_name == one.name

    assert page.evaluate("document.documentElement.lang") == language
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(
            path=screens / f"{one.shown}-{theme}-{width}-{language}.png",
            full_page=True,
            caret="initial",  # hiding it would need an inline style
        )
        assert checks.sideways(page) <= 0, checks.sticking_out(page)
        assert checks.violations(page) == [], width


def _start(one, house):
    """What only takes a post is reached from the page that has its button."""
    name = one.name
    for act, start in (
        ("webhook-content", "webhook-detail"),
        ("webhook-replay", "webhook-detail"),
        ("send-act", "send-list"),
    ):
        if name.endswith(act):
            name = name.replace(act, start)
    return Page(name, one.row, query=one.query, slug=one.slug).path(house)
