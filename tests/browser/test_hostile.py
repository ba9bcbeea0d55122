"""A workspace whose every name and text attacks the page: nothing runs, nothing bursts.

The profile itself fails the test on a dialog, an error or a request to another host.
"""

import pytest

from tests.browser import addresses, checks
from tests.browser.house import HOSTILE_COUNT, hostile_strings

_PAGES = [(name, route) for name, route in addresses.routes() if route.startswith("w/")]


def test_there_are_as_many_as_promised():
    assert len(set(hostile_strings())) == HOSTILE_COUNT == 500


@pytest.mark.parametrize(("name", "route"), _PAGES)
def test_a_page_of_hostile_rows_stays_whole(visit, house, screens, name, route):
    visitor = visit("pt-br", "light")
    path = addresses.filled(name, route, house.hostile)
    answer = visitor.context.request.get(visitor.address + path, max_redirects=0)
    if answer.status in (302, 405) or "html" not in answer.headers["content-type"]:
        return  # an action, a file or a way on: nothing to look at
    assert answer.status == 200

    page = visitor.open(path, width=390)
    page.screenshot(path=screens / f"hostile-{name.replace(':', '-')}-390.png")
    assert checks.sideways(page) <= 0, checks.sticking_out(page)
    page.set_viewport_size({"width": 1360, "height": 844})
    assert checks.sideways(page) <= 0, checks.sticking_out(page)
    assert page.evaluate("document.querySelectorAll('main img[src=x]').length") == 0


def test_a_thread_shows_all_of_them_as_they_were_written(visit, house):
    key = house.hostile.conversation.key
    page = visit("en", "dark").open(f"/w/ataque/conversations/{key}/", width=390)
    seen: set[str] = set()
    while True:
        assert checks.sideways(page) <= 0, checks.sticking_out(page)
        seen.update(page.locator(".message__text").evaluate_all(_TEXTS))
        older = page.locator("a[rel=next]")
        if not older.count():
            break
        with page.expect_navigation():
            older.click()

    wanted = {_plain(text) for text in hostile_strings()} - {""}
    assert wanted - {_plain(text) for text in seen} == set()


_TEXTS = "all => all.map((one) => one.textContent)"


def _plain(text: str) -> str:
    """The browser makes one line end of three kinds."""
    return " ".join(text.split())
