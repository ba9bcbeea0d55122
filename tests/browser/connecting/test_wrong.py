"""What goes wrong on the way: each time a clear sentence, and nothing half-made."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.connecting.conftest import WAHA_KEY
from tests.browser.connecting.test_walks import _phone
from tests.factories import accounts as make_people
from tests.factories import integrations as make
from tests.twins import evolution
from tests.twins.dialog360 import Channel as HubChannel
from tests.twins.meta import Number

LANGUAGES = ("pt-br", "en")


def _error(walk, field: str):
    return walk.page.locator(f"#id_{field}_error")


@pytest.fixture
def trouble(street):
    """Whatever a test breaks is whole again after it."""
    yield street
    street.waha.fault = ""
    street.evolution.trouble = None
    street.dialog360.fault = ""


def _enter_waha(walk, street, **changes: str) -> None:
    entered = {
        "phone_number": _phone(),
        "base_url": street.waha.url,
        "session_name": "wrong",
        "api_key": WAHA_KEY,
    }
    walk.choose("waha")
    walk.enter(**(entered | changes))


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_that_open_nothing(walker, trouble, language):
    walk = walker(language)
    before = walk.integrations

    _enter_waha(walk, trouble, api_key="a-wrong-key-of-mine")
    expect(_error(walk, "api_key")).to_be_visible()
    assert "a-wrong-key-of-mine" not in walk.page.content()
    expect(walk.page.locator("[name=session_name]")).to_have_value("wrong")
    _enter_waha(walk, trouble, api_key="EAA" + "b7" * 30)
    expect(_error(walk, "api_key")).to_contain_text("Meta Cloud API")
    trouble.waha.fault = "html"
    _enter_waha(walk, trouble)
    expect(_error(walk, "base_url")).to_contain_text("WAHA")
    trouble.waha.fault = ""
    _enter_waha(
        walk, trouble, base_url=f"http://{trouble.evolution.host}", api_key="k" * 20
    )
    expect(walk.page.locator(".field__errors").first).to_be_visible()

    assert walk.integrations == before
    assert "wrong" not in trouble.waha.sessions


def _live_elsewhere(phone: str) -> None:
    other = make_people.workspace(slug=f"rival-{phone}", name=f"Rival {phone}")
    taken = make.integration(other, provider="waha", name="Conta do rival")
    make.claimed(
        make.channel(
            other,
            provider="waha",
            phone=f"+{phone}",
            external_id=None,
            integration=taken,
            display_name="Número do rival",
        )
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_that_is_live_elsewhere(walker, trouble, language):
    walk, phone = walker(language), _phone()
    _live_elsewhere(phone)
    number = trouble.meta.add_number(Number(f"1{phone}", f"2{phone}", phone))
    trouble.meta.tokens[f"EAA{phone}"] = {number.account}
    before = walk.integrations

    walk.choose("meta_cloud")
    walk.enter(
        phone_number=f"+{phone}",
        phone_number_id=number.id,
        waba_id=number.account,
        access_token=f"EAA{phone}",
        app_secret=trouble.meta.app_secret,
    )

    expect(_error(walk, "phone_number")).to_contain_text(
        re.compile("outro espaço|another workspace")
    )
    page = walk.page.content()
    assert "rival" not in page.lower().replace(f"rival-{phone}", "")
    assert walk.integrations == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_that_is_live_elsewhere_is_scanned(walker, trouble, language):
    walk, phone, name = walker(language), _phone(), f"taken-{language}"
    _live_elsewhere(phone)
    walk.choose("evolution")
    walk.enter(
        phone_number=phone,
        base_url=f"http://{trouble.evolution.host}",
        instance_name=name,
        api_key=evolution.GLOBAL_KEY,
    )
    walk.sees("scan")
    trouble.evolution.scan(name, phone)

    walk.sees("failed")
    expect(walk.page.locator("[data-session-text]")).to_contain_text(
        re.compile("outro lugar|another place")
    )
    assert "rival" not in walk.page.content().lower()
    assert trouble.evolution.instances[name].state == "close"


@pytest.mark.parametrize("language", LANGUAGES)
def test_returns_that_are_forged_replayed_or_late(walker, trouble, language):
    walk, phone = walker(language), _phone()
    hub = HubChannel(f"ch{phone}", f"cl{phone}", phone)
    trouble.dialog360.add_channel(hub)
    back = "integrations/whatsapp/connect/dialog360/return/"
    walk.go(f"{back}?client={hub.client}&channels=[{hub.id}]&state=made-up")
    expect(walk.page.locator("h1")).to_have_text(walk.say("This way back is over"))

    walk.choose("dialog360")
    walk.enter(phone_number=phone)
    walk.sees("open")
    link = walk.page.get_attribute("#session-link", "href") or ""
    state = re.search(r"state=([^&]+)", link)
    assert state
    walk.page.click("#session-again")  # a new link ends the one before
    walk.sees("open")
    honest = f"client={hub.client}&channels=[{hub.id}]"
    walk.go(f"{back}?{honest}&state={state[1]}")
    expect(walk.page.locator("h1")).to_have_text(walk.say("This way back is over"))
    assert hub.keys == []

    walk.go(f"integrations/whatsapp/{walk.channel.key}/session/")
    link = walk.page.get_attribute("#session-link", "href") or ""
    state = re.search(r"state=([^&]+)", link)
    assert state
    # Another customer's number in the place of ours: the hub knows better.
    rival = _phone()
    theirs = HubChannel(f"ch{rival}", f"cl{rival}", rival, keys=["key-of-theirs"])
    trouble.dialog360.add_channel(theirs)
    walk.go(f"{back}?client={hub.client}&channels=[{theirs.id}]&state={state[1]}")
    walk.sees("failed")
    assert (hub.keys, theirs.keys) == ([], ["key-of-theirs"])
    walk.go(f"{back}?{honest}&state={state[1]}")
    expect(walk.page.locator("h1")).to_have_text(walk.say("This way back is over"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_half_a_code_and_a_provider_that_turns_into_a_web_page(
    walker, trouble, language
):
    walk, name = walker(language), f"half-{language}"
    _enter_waha(walk, trouble, session_name=name)
    walk.sees("preparing")
    trouble.waha.fault = "half"
    trouble.waha.show_code(name)
    walk.page.wait_for_timeout(4_000)
    expect(walk.page.locator("[data-qr]")).to_have_count(0)
    trouble.waha.fault = ""
    walk.sees("scan")

    trouble.waha.fault = "503"
    expect(walk.page.locator("[data-session-text]")).to_contain_text("WAHA")
    expect(walk.page.locator("[data-qr] svg")).to_be_visible()
    trouble.waha.fault = ""
    expect(walk.page.locator("[data-session-text]")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_that_another_phone_scans(walker, trouble, language):
    walk, name = walker(language), f"foreign-{language}"
    walk.choose("evolution")
    walk.enter(
        phone_number=_phone(),
        base_url=f"http://{trouble.evolution.host}",
        instance_name=name,
        api_key=evolution.GLOBAL_KEY,
    )
    walk.sees("scan")
    trouble.evolution.scan(name, "5521900001111")

    walk.sees("failed")
    expect(walk.page.locator("[data-session-text]")).to_contain_text(
        re.compile("outro número|another number")
    )
    assert trouble.evolution.instances[name].state == "close"


def test_a_form_sent_twice_adds_one_number(walker, trouble):
    walk = walker("en")
    walk.choose("waha")
    before = walk.integrations
    for field, value in (
        ("phone_number", _phone()),
        ("base_url", trouble.waha.url),
        ("session_name", "twice"),
        ("api_key", WAHA_KEY),
    ):
        walk.page.fill(f"main [name={field}]", value)
    with walk.page.expect_navigation():
        walk.page.dblclick("main form .button--primary", no_wait_after=True)
    walk.sees("preparing")

    assert walk.integrations == before + 1


def test_a_wrong_secret_at_the_provider_is_named_at_the_proof(walker, trouble):
    walk, phone, name = walker("en"), _phone(), "secret"
    _enter_waha(walk, trouble, phone_number=phone, session_name=name)
    trouble.waha.scan(name, phone)
    walk.sees("connected")
    walk.sets_webhook()
    [webhook] = trouble.waha.sessions[name].config["webhooks"]
    webhook["hmac"]["key"] = "another secret"
    walk.work()

    assert trouble.waha.say(name, "5511955554444", "Oi", "S1") == [401]

    expect(walk.page.locator("[data-session-text]")).to_contain_text(
        "signature does not match"
    )
