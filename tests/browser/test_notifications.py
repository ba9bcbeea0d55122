"""A newcomer's first notifications: the texts in use, a client, a ticket, the phone that gets
the text, the answer that lands in the ticket; and the table by keyboard, without script."""

import pytest
from playwright.sync_api import expect

from tests.browser import checks
from tickets.models import Notification, NotificationRule

LIVE = 20_000  # until the worker and the poll of the phone have had their turn
NUMBER = "5511988887777"


@pytest.mark.usefixtures("worker", "database")
@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_the_phone_gets_the_text_and_its_answer_lands_in_the_ticket(
    visit, own, language
):
    shop = own(language)
    NotificationRule.objects.for_workspace(shop.shop.workspace).delete()
    sandbox = shop.path(f"sandbox/{shop.shop.phone.key}/?number={NUMBER}&name=Célia")
    phone = visit(language, who=shop.owner).open(sandbox)
    phone.fill(".phone__composer textarea", "Oi, meu panetone veio sem fruta")
    phone.click(".phone__composer button[type=submit]")

    desk = visit(language, who=shop.owner).open(shop.path("notifications/rules/"))
    desk.click("main form .button--primary")
    expect(desk.locator(".notification-table").first).to_be_visible()
    start = desk.url.split("/w/")[0]
    desk.goto(start + shop.path("clients/new/"))
    desk.fill("[name=name]", "Célia Prado")
    desk.fill("[name=phone]", f"+{NUMBER}")
    desk.click("main form .button--primary")
    desk.click("a[href*='tickets/new/?client=']")
    desk.fill("[name=title]", "Panetone sem fruta")
    desk.click("main form .button--primary")
    expect(desk.locator("h1")).to_contain_text("Panetone sem fruta")
    expect(phone.locator("#phone-thread")).to_contain_text(
        "Panetone sem fruta", timeout=LIVE
    )
    desk.select_option("#state [name=status]", "resolved")
    desk.click("#state .form button")
    expect(desk.locator("#told")).to_be_visible()
    expect(phone.locator("#phone-thread")).to_contain_text(
        "foi resolvido", timeout=LIVE
    )
    phone.fill(".phone__composer textarea", "Ainda não chegou o outro")
    phone.click(".phone__composer button[type=submit]")

    answered = desk.locator(".ticket-entry--client")
    for _ in range(20):
        desk.reload()
        if answered.count():
            break
        desk.wait_for_timeout(500)
    expect(answered).to_contain_text("Ainda não chegou o outro")
    assert checks.violations(desk) == []
    told = Notification.objects.for_workspace(shop.shop.workspace).filter(
        recipient__name="Célia Prado"
    )
    assert [one.path for one in told.order_by("pk")] == ["free_text", "free_text"]


@pytest.mark.usefixtures("database")
def test_a_line_is_written_without_script(visit, own):
    shop = own("en")
    page = visit("en", who=shop.owner, java_script_enabled=False).open(
        shop.path("notifications/rules/new/?event=reopened"), width=390
    )
    page.fill("[name=text]", "We are at it again: {titel}")
    page.click("button[value=save]")
    expect(page.locator("main")).to_contain_text("There is no variable {titel}")
    assert page.input_value("[name=text]") == "We are at it again: {titel}"
    page.fill("[name=text]", "We are at it again: {title}")
    page.click("button[value=look]")
    expect(page.locator("#plan")).to_contain_text("Reaches")
    expect(page.locator(".template-phone").first).to_contain_text("We are at it again")
    page.click("button[value=save]")

    rules = NotificationRule.objects.for_workspace(shop.shop.workspace)
    assert rules.get(event="reopened").text == "We are at it again: {title}"
