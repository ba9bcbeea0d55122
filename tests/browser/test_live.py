"""What happens on a page while it is open: messages that arrive, and notices."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import checks
from tests.factories import whatsapp as make
from whatsapp.services import announcing


@pytest.fixture
def talk(house, django_db_blocker):
    """A conversation of its own, long enough to scroll."""
    shop = house.shop
    at = timezone.now() - timedelta(hours=1)
    with django_db_blocker.unblock():
        lead = make.lead(shop.workspace, name="Rita Prado", created_at=at)
        make.identity(lead, value=f"55119{lead.pk:08}")
        talk = make.conversation(
            lead, shop.conversation.channel, last_message_at=at, last_inbound_at=at
        )
        for number in range(40):
            _says(talk, f"Mensagem {number}", minutes=60 - number)
        return talk


def _says(talk, text, *, minutes=0.0, **fields):
    at = timezone.now() - timedelta(minutes=minutes)
    times = {"provider_at": at, "received_at": at, "stored_at": at}
    said = make.message(talk, text=text, **times | fields)
    announcing.conversations(talk.workspace_id, [talk.pk])
    return said


@pytest.mark.parametrize("width", [390, 1360])
def test_messages_are_added_to_an_open_thread_without_a_jump(
    visit, house, talk, django_db_blocker, width
):
    page = visit("pt-br", "light").open(
        f"/w/padaria/conversations/{talk.key}/#latest", width=width
    )
    log = page.locator("[role=log]")
    jump = page.locator("[data-thread-jump]")
    with django_db_blocker.unblock():
        sent = _says(talk, "Já vai", direction="outbound", status="sent")
    expect(log).to_contain_text("Já vai", timeout=15_000)
    expect(page.locator(f"#message-{sent.pk}")).to_be_in_viewport()
    expect(jump).to_be_hidden()

    held = log.locator("article", has_text="Mensagem 12")
    held.scroll_into_view_if_needed()
    before = held.bounding_box()["y"]
    with django_db_blocker.unblock():
        _says(talk, "Obrigada!")
        sent.status = "read"
        sent.save()
        announcing.deliveries([sent.pk])
    expect(jump).to_have_text(
        re.compile("^1 (mensagem nova|new message)$"), timeout=15_000
    )
    assert abs(held.bounding_box()["y"] - before) < 2
    expect(page.locator(f"#message-{sent.pk} .status-tick--read")).to_have_count(1)
    assert checks.violations(page) == []
    jump.click()
    expect(log.locator("article", has_text="Obrigada!")).to_be_in_viewport()
    expect(jump).to_be_hidden()
    assert log.locator("article").count() == 42


def test_notices_are_toasts_that_a_keyboard_closes(visit, house, talk):
    page = visit("en", "dark").open(f"/w/padaria/conversations/{talk.key}/")
    page.click("button:has-text('Assign to me')")
    toast = page.locator("[data-notices] .notice--success")

    expect(toast.locator("[role=status]")).to_have_text("The conversation is yours.")
    assert checks.violations(page) == []
    toast.locator("button").focus()
    page.keyboard.press("Escape")
    expect(toast).to_have_count(0)
    assert page.url.endswith(f"/{talk.key}/")  # Escape closed the toast, not the page
    assert page.evaluate("document.activeElement.id") == "content"


def test_notices_are_banners_without_javascript(visit, house, talk):
    page = visit("en", "light", java_script_enabled=False).open(
        f"/w/padaria/conversations/{talk.key}/"
    )
    page.click("button:has-text('Close conversation')")

    banner = page.locator("[data-notices] .notice--success")
    expect(banner).to_contain_text("Conversation closed.")
    expect(banner.locator("button")).to_be_hidden()


@pytest.mark.parametrize("place", ["conversations", "leads"])
def test_a_filter_is_saved_and_opened_by_one_click(visit, screens, place):
    query = {"conversations": "unread=1", "leads": "rule=anonymous"}[place]
    page = visit("pt-br", "dark").open(f"/w/padaria/{place}/?{query}")
    page.click(".saved__new summary")
    page.fill("#saved-name", f"O que espera por nós em {place}, todos os dias")
    page.press("#saved-name", "Enter")
    chip = page.locator(".saved__link[aria-current]")
    expect(chip).to_contain_text("O que espera")
    page.goto(page.url.split("?")[0])
    for width in (390, 1360):
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=screens / f"saved-{place}-{width}.png", caret="initial")
        assert checks.sideways(page) <= 0, checks.sticking_out(page)
        assert checks.violations(page) == []
    page.click(".saved__link")
    page.wait_for_url(f"**/{place}/?{query}")
    page.click(".saved__manage")
    assert checks.violations(page) == []
    page.screenshot(path=screens / f"saved-{place}-manage.png", caret="initial")
