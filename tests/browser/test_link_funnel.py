"""Links at work: from the figures to their rows, a check asked for, a test walked through."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.walls import as_app
from whatsapp.models import TrackedLink
from whatsapp.services import link_checks

WORDS = {
    "en": {
        "send": "Send a test",
        "check": "Check now",
        "checking": "Being checked now",
        "passed": "All steps went well",
        "waiting": "Waiting for the next step",
        "how far": "See how far it is",
        "missing": "does not answer",
        "table": "Show as a table",
    },
    "pt-br": {
        "send": "Enviar um teste",
        "check": "Verificar agora",
        "checking": "Verificando agora",
        "passed": "Todas as etapas deram certo",
        "waiting": "Esperando a próxima etapa",
        "how far": "Ver até onde chegou",
        "missing": "não responde",
        "table": "Mostrar como tabela",
    },
}


@pytest.fixture
def check(django_db_blocker, settings, address):
    """What the worker does when a check was asked for."""

    def run():
        settings.PUBLIC_URL = address
        settings.EGRESS_ALLOWED_HOSTS = [address.split("/")[2]]
        with django_db_blocker.unblock(), as_app():
            link_checks.run()

    return run


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_a_test_is_walked_from_the_click_to_the_lead(visit, own, work, language):
    words = WORDS[language]
    shop = own(language)
    page = visit(language, who=shop.owner).open(shop.path("links/"))

    page.click(f"main table a:has-text('instagram-{shop.shop.workspace.slug}')")
    page.click(f"main a:has-text('{words['send']}')")
    page.click(f"main button:has-text('{words['send']}')")
    expect(page.locator(".trace__step--done")).to_have_count(4)
    expect(page.locator("main [role=status]")).to_contain_text(words["waiting"])
    work()

    expect(page.locator(".trace__step--done")).to_have_count(6)
    expect(page.locator("main [role=status]")).to_contain_text(words["passed"])
    page.click(".trace a[href*='/leads/']")
    expect(page.locator(".origin-chip--test").first).to_be_visible()


def test_a_test_and_a_check_need_no_script(visit, own, work, check):
    shop = own("en")
    options = {"java_script_enabled": False}
    page = visit("en", who=shop.owner, **options).open(shop.path("links/"))
    page.click(f"main table a:has-text('treino-{shop.shop.workspace.slug}')")
    page.click("main a:has-text('Send a test')")
    page.click("main button:has-text('Send a test')")
    work()
    page.click("main a:has-text('See how far it is')")
    expect(page.locator(".trace__step--done")).to_have_count(6)

    page.click("main .crumb")
    page.click("main button:has-text('Check now')")
    check()
    page.click("main a:has-text('See how far it is')")
    expect(page.locator("#check")).to_contain_text("leads to the number with a token")


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_a_check_asked_for_comes_in_by_itself(
    visit, own, check, language, django_db_blocker
):
    words = WORDS[language]
    shop = own(language)
    link = shop.shop.link
    with django_db_blocker.unblock():
        # Nothing listens there, and nothing outside of this machine is asked.
        TrackedLink.objects.for_workspace(link.workspace_id).filter(pk=link.pk).update(
            landing_url="https://nobody.invalid/"
        )
    page = visit(language, who=shop.owner).open(shop.path(f"links/{link.key}/"))

    page.click(f"#check button:has-text('{words['check']}')")
    expect(page.locator("#check [role=status]")).to_contain_text(words["checking"])
    check()

    expect(page.locator("#check")).to_contain_text(words["missing"])
    page.goto(page.url.split("/links/")[0] + "/")
    page.click(".attention a[href*='check=broken']")
    expect(page.locator("main tbody tr")).to_have_count(1)


def test_numbers_lead_to_their_rows_and_back_by_keyboard(visit, own):
    shop = own("en")
    page = visit("en", who=shop.owner).open(shop.path("links/"))

    page.focus("th a:has-text('Won')")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("sort=won"))
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Won")
    page.keyboard.press("Tab")
    page.focus("main tbody th a >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/links/[0-9a-f-]{36}/"))
    page.focus(".period__preset >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("period=7"))
    expect(page.locator(".period__preset[aria-current]")).to_have_text("7 days")
    count = page.locator(".funnel__count >> nth=0").inner_text()
    page.focus(".funnel__count >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/clicks/"))
    expect(page.locator("main tbody tr")).to_have_count(int(count))
    page.focus(".crumb")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("from="))
    page.focus("#funnel summary")
    page.keyboard.press("Enter")
    expect(page.locator("#funnel tbody tr")).to_have_count(7)


def test_a_file_is_what_the_page_shows(visit, own):
    shop = own("en")
    page = visit("en", who=shop.owner).open(
        shop.path(f"links/{shop.shop.link.key}/?period=7")
    )

    with page.expect_download() as waiting:
        page.click("#funnel a[download]")

    text = waiting.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("From,To,Clicks,Conversations")
    assert len(text.splitlines()) == 8
    clicks = sum(int(line.split(",")[2]) for line in text.splitlines()[1:])
    assert str(clicks) == page.locator(".funnel__count >> nth=0").inner_text()


def test_series_of_the_same_height_are_all_seen(visit, own):
    """Each is narrower than the one behind it, and stands in its middle."""
    shop = own("en")
    page = visit("en", who=shop.owner).open(shop.path(f"links/{shop.shop.link.key}/"))

    boxes = page.evaluate(
        "() => { const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');"
        " svg.setAttribute('class', 'chart'); svg.setAttribute('viewBox', '0 0 10 100');"
        " svg.innerHTML = [1, 2, 3].map((one) => `<rect class='chart__bar"
        " chart__bar--${one}' x='1' y='0' width='8' height='100'/>`).join('');"
        " document.querySelector('#funnel').append(svg);"
        " return [...svg.children].map((one) => {"
        " const {left, right} = one.getBoundingClientRect(); return [left, right]; }); }"
    )

    for (left, right), (inner_left, inner_right) in pairwise(boxes):
        assert inner_left - left == pytest.approx(right - inner_right, abs=0.1)
        assert inner_left - left > 1
