"""The wizard without a script, and the wizard without a mouse."""

import re

from playwright.sync_api import expect

from tests.browser.connecting.conftest import WAHA_KEY
from tests.browser.connecting.test_walks import ADA, _phone
from tests.browser.hands import tab_to


def test_waha_without_javascript(walker, street):
    walk, phone, name = walker("en", java_script_enabled=False), _phone(), "waha-plain"
    walk.choose("waha")
    walk.enter(
        name="Vendas",
        phone_number=f"+{phone}",
        base_url=street.waha.url,
        session_name=name,
        api_key=WAHA_KEY,
    )
    walk.sees("preparing")
    street.waha.show_code(name)
    walk.page.wait_for_timeout(2_100)  # asked just now is asked once
    walk.page.click("#session-fresh")
    walk.sees("scan")
    expect(walk.page.locator("[data-qr] svg")).to_be_visible()
    expect(walk.page.locator(".countdown__time")).to_have_text(re.compile(r"\d+ s"))
    walk.page.click("#session-switch")
    walk.sees("type")
    expect(walk.page.locator(".scan__type code")).to_have_text("ABCD-1234")
    walk.page.click("#session-switch")
    walk.sees("scan")
    street.waha.scan(name, phone)
    walk.page.wait_for_timeout(2_100)
    walk.page.click("#session-fresh")
    walk.sees("connected")
    walk.sets_webhook()
    street.waha.say(name, ADA, "Sem script", "P1")
    walk.work()
    walk.page.click("#session-fresh")
    walk.sees("proven")
    walk.page.click(".session-panel a.button--primary")

    expect(walk.page.locator("main")).to_contain_text("Vendas")


def test_a_connection_is_ended_without_javascript(walker, street):
    walk, phone, name = walker("en", java_script_enabled=False), _phone(), "waha-ended"
    walk.choose("waha")
    walk.enter(
        phone_number=f"+{phone}",
        base_url=street.waha.url,
        session_name=name,
        api_key=WAHA_KEY,
    )
    street.waha.scan(name, phone)
    walk.page.wait_for_timeout(2_100)
    walk.page.click("#session-fresh")
    walk.sees("connected")
    walk.page.click("#session-end")
    expect(walk.page.locator("h1")).to_have_text("Disconnect the number?")
    walk.page.click("main form button")
    walk.sees("ended")

    assert street.waha.sessions[name].status == "STOPPED"
    assert street.waha.sessions[name].me is None


def test_waha_by_keyboard_alone(walker, street):
    """From the list to the connection; what has the focus is replaced and it goes on."""
    walk, phone, name = walker("en"), _phone(), "waha-keys"
    keys = walk.page.keyboard
    walk.go("integrations/whatsapp/")
    tab_to(walk.page, "a[href$='/connect/']")
    keys.press("Enter")
    walk.page.wait_for_url("**/connect/")
    tab_to(walk.page, "a[href$='/connect/waha/']")
    keys.press("Enter")
    walk.page.wait_for_url("**/connect/waha/")
    for field, value in (
        ("phone_number", phone),
        ("base_url", street.waha.url),
        ("session_name", name),
        ("api_key", WAHA_KEY),
    ):
        tab_to(walk.page, f"[name={field}]")
        keys.type(value)
    keys.press("Enter")
    walk.sees("preparing")
    street.waha.show_code(name)
    walk.sees("scan")
    tab_to(walk.page, "#session-switch")
    keys.press("Enter")
    walk.page.wait_for_url("**?show=code")
    walk.sees("type")
    tab_to(walk.page, "#session-fresh")
    street.waha.scan(name, phone)
    walk.sees("connected")
    # The link that had the focus is gone: reading goes on at the heading.
    expect(walk.page.locator("#session-title")).to_be_focused()
    expect(walk.page.locator("[data-session-told]")).to_contain_text("Connected")
    keys.press("Tab")
    expect(walk.page.locator("#session-next")).to_be_focused()
    keys.press("Enter")

    expect(walk.page.locator("#set-title")).to_have_text("Set, and read back")


def test_motion_stands_still_for_whom_it_disturbs(walker, street):
    walk, name = walker("en", reduced_motion="reduce"), "waha-still"
    walk.choose("waha")
    walk.enter(
        phone_number=_phone(),
        base_url=street.waha.url,
        session_name=name,
        api_key=WAHA_KEY,
    )
    walk.sees("preparing")

    moving = walk.page.evaluate(
        "document.getAnimations().filter((one) => one.playState === 'running').length"
    )
    assert moving == 0
