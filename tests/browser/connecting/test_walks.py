"""Whole ways through the wizard, from choosing a provider to a message that came in."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser.connecting.conftest import WAHA_KEY
from tests.twins import evolution
from tests.twins.dialog360 import Channel as HubChannel
from tests.twins.meta import Number

LANGUAGES = ("pt-br", "en")
_numbers = itertools.count(5511960000001)
ADA = "5511955554444"


def _phone() -> str:
    """Another one each time: a number is live once in an installation."""
    return str(next(_numbers))


@pytest.mark.parametrize("language", LANGUAGES)
def test_waha_from_a_code_to_a_message(walker, street, language):
    walk, phone, name = walker(language), _phone(), f"waha-{language}"
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
    walk.sees("scan")
    expect(walk.page.locator("[data-qr] svg path")).to_be_visible()
    expect(walk.page.locator(".countdown__time")).to_be_visible()
    before = walk.page.locator("[data-qr]").inner_html()
    street.waha.show_code(name)  # the code before ran out
    walk.page.wait_for_function(
        "before => document.querySelector('[data-qr]').innerHTML !== before", arg=before
    )
    street.waha.scan(name, phone)
    walk.sees("connected")
    expect(walk.page.locator("[data-session-told]")).to_contain_text(
        walk.say("Connected")
    )
    assert walk.page.get_attribute("#session", "hx-trigger") is None
    walk.sets_webhook()
    assert street.waha.say(name, ADA, "Oi, vocês entregam?", "A1") == [200]
    walk.work()
    walk.sees("proven")
    expect(walk.page.locator(".proof__message")).to_contain_text("Oi, vocês entregam?")


@pytest.mark.parametrize("language", LANGUAGES)
def test_evolution_by_a_code_that_is_typed(walker, street, language):
    walk, phone, name = walker(language, "dark"), _phone(), f"evo-{language}"
    walk.choose("evolution")
    walk.enter(
        phone_number=phone,
        base_url=f"http://{street.evolution.host}",
        instance_name=name,
        api_key=evolution.GLOBAL_KEY,
    )
    walk.sees("scan")
    walk.page.click("#session-switch")
    walk.sees("type")
    expect(walk.page.locator(".scan__type code")).to_have_text("WZYEH1YY")
    walk.page.wait_for_timeout(7_000)  # two polls later it is still there
    expect(walk.page.locator(".scan__type code")).to_have_text("WZYEH1YY")
    street.evolution.scan(name, phone)
    walk.sees("connected")
    walk.sets_webhook()
    street.evolution.write(name, ADA, "Boa tarde!", message_id="E1")
    walk.work()
    walk.sees("proven")


@pytest.mark.parametrize("language", LANGUAGES)
def test_meta_with_the_keys_of_ones_own_app(walker, street, language):
    walk, phone = walker(language), _phone()
    number = Number(f"1{phone}", f"2{phone}", phone)
    street.meta.add_number(number)
    street.meta.tokens[f"EAA{phone}"] = {number.account}
    walk.choose("meta_cloud")
    walk.enter(
        phone_number=f"+{phone}",
        phone_number_id=number.id,
        waba_id=number.account,
        access_token=f"EAA{phone}",
        app_secret=street.meta.app_secret,
    )
    walk.sees("connected")
    walk.page.click("#session-next")
    expect(walk.page.locator("#set-title")).to_be_visible()
    assert number.callback.endswith("/")
    walk.page.click(f"main a:has-text('{walk.say('Go on to the proof')}')")
    walk.sees("waiting")
    assert street.meta.say(number.id, ADA, "Olá!", f"wamid.{phone}") == 200
    walk.work()
    walk.sees("proven")


@pytest.mark.parametrize("language", LANGUAGES)
def test_dialog360_with_a_key_that_is_pasted(walker, street, language):
    walk, phone = walker(language), _phone()
    hub = HubChannel(f"ch{phone}", f"cl{phone}", phone, keys=[f"pasted-key-{phone}"])
    street.dialog360.add_channel(hub)
    walk.choose("dialog360", way="credentials")
    walk.enter(phone_number=phone, api_key=f"pasted-key-{phone}")
    walk.sees("unsteady")  # it has no webhook yet
    walk.sets_webhook()
    assert street.dialog360.say(hub.id, ADA, "Oi", f"wamid.{phone}") == 200
    walk.work()
    walk.sees("proven")


@pytest.mark.parametrize("language", LANGUAGES)
def test_dialog360_by_a_partners_link(walker, street, language):
    walk, phone = walker(language), _phone()
    hub = HubChannel(f"ch{phone}", f"cl{phone}", phone)
    street.dialog360.add_channel(hub)
    walk.choose("dialog360")
    walk.enter(phone_number=phone)
    walk.sees("open")
    expect(walk.page.locator("[data-qr] svg")).to_be_visible()
    with walk.page.context.expect_page() as opened:
        # The code itself is a link as well.
        walk.page.click("#session-link" if language == "en" else "a[data-qr]")
    expect(opened.value.locator("#session-title")).to_be_visible()
    # The first tab has noticed it too: connected, or unsteady until it has a webhook.
    expect(walk.page.locator("#session-next")).to_be_visible()
    assert hub.keys == [f"made-key-{street.dialog360.made:06}-of-{hub.id}"]
    walk.sets_webhook()
    assert street.dialog360.say(hub.id, ADA, "Oi", f"wamid.{phone}") == 200
    walk.work()
    walk.sees("proven")
