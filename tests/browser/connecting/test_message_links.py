"""Message links of a number at Meta: made, seen with their codes, printed, deleted."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser import checks
from tests.browser.hands import tab_to
from tests.factories import integrations as make
from tests.twins.meta import Number

TEXT = "Olá! Vi o cartaz na vitrine e queria encomendar um bolo."
_numbers = itertools.count(5511970000001)


@pytest.fixture
def at_meta(walker, street):
    """Somebody on the page of the message links of a number of their own."""

    def arrive(language="en", theme="light", **options):
        walk, phone = walker(language, theme, **options), str(next(_numbers))
        number = Number(f"1{phone}", f"2{phone}", phone)
        street.meta.add_number(number)
        street.meta.tokens[f"EAA{phone}"] = {number.account}
        channel = make.meta_number(
            walk.shop.shop.workspace,
            phone=f"+{phone}",
            external_id=number.id,
            display_name="Vendas",
            credentials=make.META_CREDENTIALS
            | {
                "phone_number": f"+{phone}",
                "phone_number_id": number.id,
                "waba_id": number.account,
                "access_token": f"EAA{phone}",
            },
        )
        walk.go(f"integrations/whatsapp/{channel.key}/")
        walk.page.click("a[href$='/message-links/']")
        return walk, number

    return arrive


@pytest.mark.parametrize(
    ("language", "theme", "runs_script"),
    [("en", "light", True), ("pt-br", "dark", True), ("en", "dark", False)],
)
def test_one_is_made_seen_printed_and_deleted(
    at_meta, screens, language, theme, runs_script
):
    walk, number = at_meta(language, theme, java_script_enabled=runs_script)
    page, shot = walk.page, f"message-links-{language}-{theme}"
    expect(page.locator(".empty-state h2")).to_have_text(
        walk.say("No message link yet")
    )
    _look(page, screens / f"{shot}-none", runs_script=runs_script)

    page.click(f"main a:has-text('{walk.say('New message link')}')")
    page.fill("[name=text]", TEXT)
    _look(page, screens / f"{shot}-new", runs_script=runs_script)
    page.click("main form .button--primary")
    card = page.locator(".message-link")
    expect(card).to_contain_text(TEXT)
    expect(card.locator("[role=img] svg path")).to_be_visible()
    [code] = number.links
    address = f"https://wa.me/message/{code}"
    expect(card.locator(f"a[href='{address}']")).to_have_text(address)
    number.links["OUTRO"] = "Oi"
    page.reload()
    _look(page, screens / shot, runs_script=runs_script)
    with page.expect_download() as download:
        page.click(f"a[download='{code}.svg']")
    assert download.value.suggested_filename == f"{code}.svg"

    page.click(f"a[href$='/{code}/delete/']")
    expect(page.locator("main form")).to_contain_text(TEXT)
    page.click("main form .button--danger")
    expect(page.locator("main")).to_contain_text(
        walk.say("The message link was deleted.")
    )
    assert list(number.links) == ["OUTRO"]


def test_one_is_made_and_deleted_by_keyboard_alone(at_meta):
    walk, number = at_meta()
    page = walk.page

    tab_to(page, "main a[href$='/message-links/new/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/new/")
    tab_to(page, "[name=text]")
    page.keyboard.type("Oi")
    tab_to(page, "main form .button--primary")
    page.keyboard.press("Enter")
    expect(page.locator(".message-link")).to_contain_text("Oi")
    tab_to(page, ".message-link a[href$='/delete/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/delete/")
    tab_to(page, "main form .button--danger")
    page.keyboard.press("Enter")

    expect(page.locator(".empty-state")).to_be_visible()
    assert number.links == {}


def _look(page, name, *, runs_script):
    for width in (390, 1360):
        page.set_viewport_size({"width": width, "height": 900})
        assert checks.sideways(page) <= 0
        page.screenshot(path=f"{name}-{width}.png", full_page=True)
    if runs_script:
        assert checks.violations(page) == []
