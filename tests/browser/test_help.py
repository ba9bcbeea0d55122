"""The guide in a browser: found from a page, read on, searched, in both languages, printed."""

import pytest
from playwright.sync_api import expect

from config import guide
from tests.browser import checks
from tests.browser.house import LANGUAGES, THEMES

_LOOKS = [(language, theme) for language in LANGUAGES for theme in THEMES]


@pytest.mark.parametrize(("language", "theme"), _LOOKS)
def test_every_page_shows_well(visit, screens, language, theme):
    visitor = visit(language, theme)
    page = visitor.open("/help/")
    for slug in guide.SLUGS:
        page.goto(f"{visitor.address}/help/{slug}/")
        for width in (1360, 390):
            page.set_viewport_size({"width": width, "height": 844})
            page.screenshot(
                path=screens / f"help-{slug}-{theme}-{width}-{language}.png",
                full_page=True,
                caret="initial",
            )
            assert checks.sideways(page) <= 0, (slug, checks.sticking_out(page))
            assert checks.violations(page) == [], (slug, width)
        broken = (
            "[...document.images].filter(one => !one.naturalWidth).map(one => one.src)"
        )
        assert page.evaluate(broken) == []


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("leads/", "attribution"),
        ("leads/report/", "report"),
        ("links/", "tracked-links"),
        ("integrations/whatsapp/", "numbers"),
        ("webhooks/", "webhooks"),
        ("integrations/whatsapp/connect/", "connect"),
        ("integrations/whatsapp/alerts/", "numbers"),
        ("leads/duplicates/", "attribution"),
        ("conversations/unheard/", "numbers"),
    ],
)
def test_help_is_one_press_from_the_page_it_is_about(visit, path, slug):
    page = visit("en").open(f"/w/padaria/{path}")

    page.click("main .help-link >> nth=0")

    expect(page).to_have_url(f"{page.url.split('/help/')[0]}/help/{slug}/")
    expect(page.locator("h1")).to_have_text(guide.get_page(slug, "en").title)


def test_the_whole_guide_is_read_by_next_without_javascript(visit):
    visitor = visit("en", java_script_enabled=False)
    page = visitor.open("/help/")

    page.click(".guide__pages a >> nth=0")
    for slug in guide.SLUGS:
        expect(page.locator("h1")).to_have_text(guide.get_page(slug, "en").title)
        following = page.locator("a[rel=next]")
        if following.count():
            following.click()

    assert page.url.endswith("/help/checklist/")


def test_a_search_leads_to_the_section_without_javascript(visit):
    page = visit("pt-br", java_script_enabled=False).open("/help/scan/")

    page.fill("[name=q]", "codigo danificado")
    page.press("[name=q]", "Enter")
    hit = page.locator(".guide__hits a", has_text="O relatório").first
    expect(page.locator("mark").first).to_be_visible()
    hit.click()

    assert "/help/report/#" in page.url


def test_the_other_language_is_one_press_away_and_stays(visit):
    page = visit("pt-br").open("/help/connect/")

    page.click(".guide__languages a")
    expect(page.locator("h1")).to_have_text("Connect a number")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.click("a[rel=next]")
    expect(page.locator("h1")).to_have_text("How to scan the code")
    page.fill("[name=q]", "camera")
    page.press("[name=q]", "Enter")

    expect(page.locator("h1")).to_contain_text("What the guide says")


def test_the_table_of_contents_is_reached_by_keyboard(visit):
    page = visit("en").open("/help/attribution/")

    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate(
            "document.activeElement.matches('.guide__contents a[href^=\"#\"]')"
        ):
            break
    page.keyboard.press("Enter")

    assert page.url.endswith("#the-order-of-evidence")


def test_a_page_prints_without_its_frame(visit):
    page = visit("en").open("/help/checklist/")

    page.emulate_media(media="print")

    expect(page.locator("h1")).to_be_visible()
    for part in (".guide__search", ".guide__contents", ".guide__turn", ".guide__bar"):
        expect(page.locator(part)).to_be_hidden()
