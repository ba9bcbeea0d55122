"""The sends page in a browser: found, understood and put right, with and without a script,
in both languages and by keyboard alone."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser import checks, house_sends
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make
from whatsapp.models import Conversation, OutboxEntry

_WORDS = {
    "en": {
        "sends": "Sends",
        "failed": "Failed",
        "again": "Send again",
        "done": "It goes out again, as a send of its own.",
        "why": "What happened",
    },
    "pt-br": {
        "sends": "Envios",
        "failed": "Falhou",
        "again": "Enviar de novo",
        "done": "Sai de novo, como um novo envio.",
        "why": "O que aconteceu",
    },
}
_MOST_TABS = 60


@pytest.fixture
def bakery(own, django_db_blocker):
    """A shop with a week of sends, of whose people the first wrote just now."""

    def open_(language="en", theme="light"):
        mine = own(language, theme)
        with django_db_blocker.unblock():
            channel = mine.shop.conversation.channel
            channel.integration = make_numbers.integration(mine.shop.workspace)
            channel.save()
        return mine

    return open_


def _copies(mine, django_db_blocker) -> int:
    with django_db_blocker.unblock():
        entries = OutboxEntry.objects.for_workspace(mine.shop.workspace)
        return entries.filter(business_key__startswith="again:").count()


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("script", [True, False])
def test_from_home_to_why_it_failed_and_once_more(
    visit, bakery, django_db_blocker, language, script
):
    words, mine = _WORDS[language], bakery(language)
    visitor = visit(language, who=mine.owner, java_script_enabled=script)
    page = visitor.open(mine.path(""))

    page.click("a[href*='state=failed'][href*='/sends/']")
    expect(page.locator("h1")).to_have_text(words["sends"])
    row = page.locator("tbody tr", has_text="131026").or_(
        page.locator("tr", has=page.locator(f"a[href*='{mine.shop.failed.key}']"))
    )
    row.locator("th a").first.click()
    expect(page.locator("#story-title")).to_have_text(words["why"])
    expect(page.locator("main")).to_contain_text("131026")
    expect(page.locator("main")).to_contain_text("Message undeliverable")

    page.click(f"main form button:has-text('{words['again']}')")
    page.click("main form .button--primary")

    expect(page.locator(".notice", has_text=words["done"])).to_be_visible()
    assert _copies(mine, django_db_blocker) == 1


def test_by_keyboard_alone(visit, bakery, django_db_blocker):
    mine = bakery()
    page = visit("en", who=mine.owner).open(mine.path("sends/?state=unconfirmed"))

    _tab_to(page, f"[name=key][value='{mine.shop.doubtful.key}']")
    page.keyboard.press("Space")
    _tab_to(page, "#sends-chosen [value=again]")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("may get the message twice")
    _tab_to(page, "main form .button--primary")
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_contain_text("see what became of the copy")
    assert _copies(mine, django_db_blocker) == 1


def _tab_to(page: Page, selector: str) -> None:
    page.wait_for_load_state()
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


@pytest.mark.parametrize("script", [True, False])
def test_a_figure_opens_its_rows(visit, bakery, script):
    mine = bakery()
    page = visit("en", who=mine.owner, java_script_enabled=script).open(
        mine.path("sends/?period=day")
    )
    stat = page.locator(".stat", has_text="Delivered")
    number = int(stat.locator("dd").inner_text())

    stat.locator("a").click()

    asked = parse_qs(urlsplit(page.url).query)
    assert asked == {"period": ["day"], "state": ["delivered"]}
    expect(page.locator(".sends-table tbody tr")).to_have_count(number)


def test_an_hour_of_the_table_opens_its_rows(visit, bakery):
    mine = bakery()
    page = visit("en", who=mine.owner).open(mine.path("sends/?period=day"))

    page.click("text=Show as a table")
    line = page.locator(".sends-scroll tbody tr").last
    cell = line.locator("td a").first
    number = int(cell.inner_text())
    cell.click()

    expect(page.locator(".sends-table tbody tr")).to_have_count(number)
    expect(page.locator("search [name=since]")).to_be_visible()


def test_filters_stay_in_the_address_and_in_the_fields(visit, bakery):
    mine = bakery()
    page = visit("en", who=mine.owner).open(mine.path("sends/"))

    page.fill("[name=q]", "forno")
    page.select_option("[name=state]", "read")
    page.click("search button[type=submit]")

    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["q"], asked["state"]) == (["forno"], ["read"])
    expect(page.locator("search [name=q]")).to_have_value("forno")
    assert page.locator(".sends-table tbody tr").count() > 0
    page.click("text=Clear filters")
    assert not urlsplit(page.url).query


@pytest.mark.parametrize("script", [True, False])
def test_many_are_sent_again_with_a_summary(visit, bakery, django_db_blocker, script):
    """More than a piece: by itself with a script, by a button without one."""
    mine = bakery()
    with django_db_blocker.unblock():
        talk = Conversation.objects.for_workspace(mine.shop.workspace).get(
            pk=mine.shop.conversation.pk
        )
        for number in range(70):
            make.send(
                talk.channel,
                text=f"n{number}",
                thread=talk,
                at=timezone.now() - timedelta(minutes=2),
                state="failed",
                reason="connect_failed",
            )
    page = visit("en", who=mine.owner, java_script_enabled=script).open(
        mine.path("sends/?reason=connect_failed")
    )

    page.click("button:has-text('Send all that match again')")
    page.click("main form .button--primary")
    if not script:
        while page.locator("#send-progress button").count():
            page.click("#send-progress button")

    expect(page.locator("#send-progress")).to_contain_text("70 of 70", timeout=60_000)
    expect(page.locator("#send-progress")).to_contain_text("70 go out again")
    assert _copies(mine, django_db_blocker) == 70
    page.click("text=Back to the sends")
    assert re.search(r"/sends/\?reason=connect_failed", page.url)


def test_what_holds_sends_back_is_said_with_what_to_do(
    visit, bakery, django_db_blocker, screens
):
    mine = bakery()
    with django_db_blocker.unblock():
        house_sends.hold_back(mine.shop.phone)
    page = visit("en", who=mine.owner).open(mine.path("sends/"))

    expect(page.locator(".sends-holds")).to_contain_text("sending is paused")
    expect(page.locator(".sends-holds")).to_contain_text("has not answered for")
    assert checks.violations(page) == []
    page.screenshot(path=screens / "sends-held-back.png", full_page=True)
