"""Settings → Events as an admin works it: a system that tells, and one that is told."""

import hashlib
import hmac
import http.client
import json
import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser import hands
from tests.walls import as_app
from tickets.models import Ticket
from tickets.services import delivering

PHONE = 390


def post(address, path, secret, told):
    """As the command on the page does, without a shell."""
    body = json.dumps(told).encode()
    proof = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    try:
        headers = {
            "Content-Type": "application/json",
            "X-Signature": f"sha256={proof}",
        }
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def shown(page, pattern):
    found = re.search(pattern, page.locator("main").inner_text())
    assert found is not None
    return found[1]


def test_a_system_is_added_tells_and_is_heard(visit, own, address, database):
    shop = own("en")
    page = visit("en", who=shop.owner).open(shop.path("settings/events/"), width=PHONE)
    page.click("a:has-text('Add a system that tells')")
    page.fill("[name=name]", "Help desk")
    page.click("main form .button--primary")
    secret = shown(page, r"(whsec_[A-Za-z0-9+/=]{44})")
    path = shown(page, r"(/webhooks/ticket-events/[0-9a-f-]{36})")
    told = {
        "id": "evt-1",
        "type": "ticket.created",
        "data": {"ticket_id": "T-7", "title": "Caixa amassada"},
    }

    assert post(address, path, "whsec_wrong", told) == (
        403,
        {"error": "Invalid signature"},
    )
    status, answer = post(address, path, secret, told)
    assert (status, answer["success"]) == (200, True)
    assert post(address, path, secret, told)[1]["repeated"] is True

    page.click("a:has-text('I have kept it')")
    expect(page.locator("main")).to_contain_text("was not proven")
    expect(page.locator("main")).not_to_contain_text(secret)
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Applied")
    row.locator("a").click()
    expect(page.locator("h1")).to_contain_text("Caixa amassada")
    ticket = Ticket.objects.for_workspace(shop.shop.workspace).get(external_id="T-7")
    assert ticket.ticket_number == answer["ticket_number"]


def test_a_system_is_told_by_the_keyboard_alone_and_the_log_says_how_it_went(
    visit, own, address, settings, database
):
    """The receiver is a page of ours that takes no post: 403."""
    shop = own("en")
    settings.EGRESS_ALLOWED_HOSTS = [urlsplit(address).netloc]
    page = visit("en", who=shop.owner).open(shop.path("settings/events/"))
    hands.press(page, "a[href$='/subscriptions/new/']")
    expect(page.locator("h1")).to_contain_text("Add a system to be told")
    hands.write(page, "[name=name]", "Own CRM", hand=hands.press)
    hands.write(page, "[name=url]", f"{address}/healthz", hand=hands.press)
    hands.press(page, "main form .button--primary")
    expect(page.locator("h1")).to_contain_text("Recado tells this system now")
    hands.press(page, "main .button-group a.button--primary")
    expect(page.locator("main")).to_contain_text("Nothing was sent yet")

    hands.press(page, "form[action$='/test/'] button")
    expect(page.locator("#delivery")).to_contain_text("It goes out in a moment")
    with as_app():
        delivering.drain(budget_seconds=5)
    expect(page.locator("#delivery")).to_contain_text("Answered 403")  # by itself
    page.click("#delivery summary")
    expect(page.locator("#delivery pre").first).to_contain_text("webhook-id: evt_")

    page.click("nav.settings-nav a[aria-current]")
    page.click("a:has-text('Own CRM')")
    page.click("button:has-text('Switch off')")
    expect(page.locator(".notice--success")).to_contain_text("Switched off")
    expect(page.locator("tbody tr").first).to_contain_text("was switched off")
    page.click("button:has-text('Switch on')")
    page.check("[name=delivery]")
    page.click("button:has-text('Send the chosen ones again')")
    expect(page.locator(".notice--success")).to_contain_text("1 event is sent again")


def test_removing_wants_the_name(visit, own, database):
    shop = own("en")
    source = shop.shop.source
    page = visit("en", who=shop.owner).open(
        shop.path(f"settings/events/sources/{source.key}/delete/"), width=PHONE
    )
    page.fill("[name=name]", "another")
    page.click("button:has-text('Remove the system')")
    expect(page.locator(".field__errors")).to_contain_text("not the name")
    page.fill("[name=name]", source.name)
    page.click("button:has-text('Remove the system')")
    expect(page.locator(".notice--success")).to_contain_text("The system was removed")
