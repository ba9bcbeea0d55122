"""Takes the guide's pictures of the wizard, on one way from the choice to the proof.

`python -m pytest tests/browser/connecting/guide_shots.py -n 0`; see `tests/browser/guide_shots.py`.
"""

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser.connecting.conftest import WAHA_KEY
from tests.browser.guide_shots import shoot

_numbers = itertools.count(5511987650001)


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_shots(walker, street, language):
    walk, phone, name = walker(language), str(next(_numbers)), "padaria"

    def keep(picture: str, *, height: int = 760) -> None:
        shoot(walk.page, picture, language=language, height=height)

    walk.shop.shop.workspace.name = "Padaria Central"
    walk.shop.shop.workspace.save()
    walk.go("integrations/whatsapp/connect/")
    keep("wizard-provider", height=820)
    walk.choose("waha")
    for field, value in (
        ("name", "Vendas"),
        ("phone_number", f"+{phone}"),
        ("base_url", "https://waha.padaria.example"),
        ("session_name", name),
    ):
        walk.page.fill(f"main [name={field}]", value)
    keep("wizard-credentials")
    walk.enter(base_url=street.waha.url, api_key=WAHA_KEY)
    walk.sees("preparing")
    street.waha.show_code(name)
    walk.sees("scan")
    expect(walk.page.locator("[data-qr] svg path")).to_be_visible()
    keep("wizard-scan")
    street.waha.scan(name, phone)
    walk.sees("connected")
    walk.page.click("#session-next")
    expect(walk.page.locator("#set-title")).to_have_text(walk.say("Set, and read back"))
    keep("wizard-webhook", height=640)
    walk.page.click(f"a:has-text('{walk.say('Go on to the proof')}')")
    walk.sees("waiting")
    keep("wizard-proof")
    street.waha.sessions.pop(name)
