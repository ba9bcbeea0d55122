"""A workspace whose every name and text attacks the page: nothing runs, nothing bursts.

The profile itself fails the test on a dialog, an error or a request to another host.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import attack, checks
from tests.browser.addresses import PAGES
from tests.browser.attack import HOSTILE_COUNT, hostile_strings

# What only takes a post is looked at by a walk below.
_PAGES = [
    page
    for page in PAGES
    if page.name.partition(":")[0]
    in ("webhooks", "whatsapp", "integrations", "tickets")
    and page.act is None
]


def test_there_are_as_many_as_promised():
    assert len(set(hostile_strings())) == HOSTILE_COUNT == 500


@pytest.mark.parametrize("one", _PAGES, ids=lambda one: one.shown)
def test_a_page_of_hostile_rows_stays_whole(visit, house, hostile, screens, one):
    visitor = visit("pt-br")
    page = visitor.open(one.path(house, hostile), width=390)
    assert visitor.status == one.status

    page.screenshot(path=screens / f"hostile-{one.shown}-390.png")
    _is_whole(page)
    page.set_viewport_size({"width": 1360, "height": 844})
    _is_whole(page)


@pytest.mark.parametrize(
    ("path", "texts", "older"),
    [
        (
            "conversations/?tab=all",
            ".conversation-row__name",
            "#conversations a[rel=next]",
        ),
        ("leads/", "tbody th a", "main a[rel=next]"),
        ("links/{link}/clicks/", "tbody tr", "main a[rel=next]"),
        (
            "conversations/{conversation}/",
            ".message__text",
            ".inbox__scroll a[rel=next]",
        ),
    ],
)
def test_every_page_of_a_list_of_them_stays_whole(visit, hostile, path, texts, older):
    keys = {"link": hostile.link.key, "conversation": hostile.conversation.key}
    page = visit("en", "dark").open(f"/w/ataque/{path.format(**keys)}", width=390)
    count = 0
    while True:
        _is_whole(page)
        count += page.locator(texts).count()
        following = page.locator(older)
        if not following.count():
            break
        with page.expect_navigation():
            following.click()

    assert count >= HOSTILE_COUNT - 10  # a message of white space alone shows no text


def test_a_thread_shows_all_of_them_as_they_were_written(visit, hostile):
    key = hostile.conversation.key
    page = visit("en").open(f"/w/ataque/conversations/{key}/")
    seen: set[str] = set()
    while True:
        seen.update(page.locator(".message__text").evaluate_all(_TEXTS))
        older = page.locator(".inbox__scroll a[rel=next]")
        if not older.count():
            break
        with page.expect_navigation():
            older.click()

    wanted = {_plain(text) for text in hostile_strings()} - {""}
    assert wanted - {_plain(text) for text in seen} == set()


@pytest.mark.parametrize("place", range(5))
def test_the_explorer_shows_what_they_wrote_and_runs_none_of_it(
    visit, hostile, database, place
):
    webhook = attack.webhooks_of(hostile)[place]
    page = visit("en").open(f"/w/ataque/webhooks/{webhook.key}/", width=390)
    _is_whole(page)

    with page.expect_navigation():
        page.click("button:has-text('Show content')")

    expect(page.locator(".webhook-text")).to_have_count(100)
    _is_whole(page)
    with page.expect_navigation():
        page.click("button:has-text('Try again')")
    _is_whole(page)


def _is_whole(page: Page) -> None:
    assert checks.sideways(page) <= 0, checks.sticking_out(page)
    assert (
        page.locator("main :is(img[src=x], script:not([src]), svg[onload])").count()
        == 0
    )


_TEXTS = "all => all.map((one) => one.textContent)"


def _plain(text: str) -> str:
    """The browser makes one line end of three kinds."""
    return " ".join(text.split())
