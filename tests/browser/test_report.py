"""The attribution report in a browser: figures open their rows, by mouse, by keyboard and
without a script."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser import checks, guide_shots
from tests.browser.house import LANGUAGES, THEMES

_MOST_TABS = 60
_LOOKS = [(language, theme) for language in LANGUAGES for theme in THEMES]


@pytest.fixture
def bakery(own, django_db_blocker):
    """A shop with a month of leads from everywhere."""

    def open_(language="en", theme="light"):
        mine = own(language, theme)
        with django_db_blocker.unblock():
            guide_shots.furnish(mine.shop)
        return mine

    return open_


@pytest.mark.parametrize(("language", "theme"), _LOOKS)
def test_a_full_report_shows_well(visit, bakery, screens, language, theme):
    mine = bakery(language, theme)
    page = visit(language, theme, who=mine.owner).open(mine.path("leads/report/"))

    for width in (1360, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(
            path=screens / f"report-full-{theme}-{width}-{language}.png",
            full_page=True,
            caret="initial",
        )
        assert checks.sideways(page) <= 0, checks.sticking_out(page)
        assert checks.violations(page) == [], width


def test_a_figure_opens_its_leads_and_a_grouping_is_one_press_away(visit, bakery):
    mine = bakery()
    page = visit("en", who=mine.owner, java_script_enabled=False).open(
        mine.path("leads/")
    )

    page.click("main a:has-text('Report')")
    page.click(".report-tabs a:has-text('Campaign')")
    row = page.locator("tr", has_text="dia-das-maes")
    figure = row.locator("td >> nth=0").locator("a")
    number = int(figure.inner_text())
    figure.click()

    assert parse_qs(urlsplit(page.url).query)["campaign"] == ["dia-das-maes"]
    expect(page.locator("tbody tr")).to_have_count(number)


def test_why_without_an_origin_is_said_with_what_to_do(visit, bakery):
    mine = bakery()
    page = visit("en", who=mine.owner).open(mine.path("leads/report/"))

    reasons = page.locator("#without-origin")
    expect(reasons).to_contain_text("Neither a token nor an ad in the message")
    expect(reasons).to_contain_text("Put a tracked link behind every place")
    reasons.locator("tbody tr >> nth=0").locator("a >> nth=0").click()

    assert parse_qs(urlsplit(page.url).query)["reason"] == ["no_token"]
    expect(page.locator("tbody tr")).to_have_count(11)


def test_a_period_of_ones_own_is_kept_while_grouping(visit, bakery):
    mine = bakery()
    page = visit("en", who=mine.owner).open(mine.path("leads/report/"))

    page.fill("[name=since]", "2026-03-01")
    page.fill("[name=until]", "2026-03-31")
    page.click("main form button")
    assert "since=2026-03-01" in page.url
    expect(page.locator(".page-head")).to_contain_text("America/Sao_Paulo")
    page.fill("[name=since]", "2026-04-01")
    page.click("main form button")

    expect(page.locator(".field__errors")).to_contain_text("before the first one")
    expect(page.locator("main")).to_contain_text("Nothing was counted")


def test_the_file_is_fetched(visit, bakery):
    mine = bakery()
    page = visit("en", who=mine.owner).open(mine.path("leads/report/?by=ad"))

    with page.expect_download() as told:
        page.click("a[download]")

    assert re.fullmatch(r"origins-ad-[\d-]+\.csv", told.value.suggested_filename)
    assert "120218" in told.value.path().read_text()


def test_the_keyboard_reaches_a_figure_and_opens_it(visit, bakery):
    mine = bakery()
    page = visit("en", who=mine.owner).open(mine.path("leads/report/"))

    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.report-table tbody a')"):
            break
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert "/leads/?" in page.url
