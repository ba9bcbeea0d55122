"""A newcomer and a simulated number: connected, proven, lost, and connected again.

Everything is done on pages, from the list of numbers to the phone of the business; the
worker alone is stood in for, by the call that its loop makes.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from tests.browser import hands
from tests.browser.hands import Hand

WITHIN = 3.0  # seconds from the phone's yes to the word on the session's page
JUST_ASKED_MS = 2_100  # who asked a moment ago is not asked again
_numbers = itertools.count(5511970000001)


@dataclass
class Round:
    """The newcomer's desk, with the page of Recado, and the phones beside it."""

    desk: Page
    shop: Any
    language: str
    work: Callable[[], None]
    hand: Hand = hands.click
    digits: str = ""

    def say(self, text: str) -> str:
        with translation.override(self.language):
            return gettext(text)

    def go(self, rest: str) -> None:
        parts = urlsplit(self.desk.url)
        self.desk.goto(f"{parts.scheme}://{parts.netloc}{self.shop.path(rest)}")

    def press(self, selector: str, *, page: Page | None = None) -> None:
        self.hand(page or self.desk, selector)

    def moves(self, selector: str, *, page: Page | None = None) -> None:
        """Press what leads to another page, and be there."""
        page = page or self.desk
        with page.expect_navigation():
            self.hand(page, selector)

    def takes(self, selector: str) -> Page:
        """Press what opens a tab of its own."""
        with self.desk.context.expect_page() as opened:
            self.press(selector)
        return opened.value

    def sees(self, face: str, *, timeout: float = 10_000) -> None:
        panel = self.desk.locator("#session")
        expect(panel).to_have_attribute("data-face", face, timeout=timeout)

    # --- the steps ------------------------------------------------------------
    def connects(self) -> None:
        """From the list of numbers to the code."""
        self.digits = str(next(_numbers))
        self.go("integrations/whatsapp/")
        self.moves("main a[href$='/whatsapp/connect/']")
        self.moves(".offer__link[href$='/connect/sandbox/']")
        self.enters("name", "Treino novo")
        self.enters("phone_number", f"+{self.digits}")
        self.moves("main form .button--primary")
        self.sees("scan")
        expect(self.desk.locator("[data-qr] svg path")).to_be_visible()

    def enters(self, name: str, value: str) -> None:
        hands.write(self.desk, f"main [name={name}]", value, hand=self.hand)

    def links(self) -> Page:
        """The phone of the business is opened by the code's link, and says yes."""
        phone = self.takes("#session-link")
        expect(phone.locator("#ask-title")).to_have_text(self.say("Link Recado?"))
        self.moves("#confirm-link", page=phone)
        expect(phone.locator("#unlink")).to_be_visible()
        return phone

    def proves(self) -> None:
        """To the webhook, to the proof, and a customer writes."""
        self.moves("#session-next")
        expect(self.desk.locator("#set-title")).to_have_text(
            self.say("Set, and read back")
        )
        self.moves("main a.button--primary[href$='/proof/']")
        self.sees("waiting")
        customers = self.desk.context.new_page()
        start = str(self.desk.url).split("/w/")[0]
        link = self.desk.get_attribute("main a[href*='/sandbox/']", "href")
        customers.goto(f"{start}{link}")
        written = ".phone__composer textarea"
        hands.write(customers, written, "Vocês abrem hoje?", hand=self.hand)
        self.moves(".phone__composer button[type=submit]", page=customers)
        self.work()
        customers.close()

    def unlinks(self, phone: Page) -> None:
        self.press("#unlink summary", page=phone)
        self.moves("#confirm-unlink", page=phone)
        expect(phone.locator("#scan")).to_be_visible()
        self.work()

    def sees_the_alert(self) -> None:
        """On a page that has nothing to do with numbers, and goes where it leads."""
        self.go("leads/")
        alert = self.desk.locator(".alert--bad")
        expect(alert).to_contain_text("Treino novo")
        expect(alert).to_contain_text(
            self.say("Connect again, with the phone at hand.")
        )
        self.moves(".alert--bad .alert__acts a")
        expect(self.desk.locator(".page-head .badge--bad")).to_be_visible()


@pytest.fixture
def newcomer(visit, own, work):
    def arrive(language: str, **options: Any) -> Round:
        hand = options.pop("hand", hands.click)
        shop = own(language)
        page = visit(language, who=shop.owner, **options).open(shop.path())
        return Round(page, shop, language, work, hand)

    return arrive


@pytest.mark.parametrize(
    ("language", "hand"),
    [("pt-br", hands.click), ("en", hands.click), ("en", hands.press)],
    ids=["pt-br", "en", "keyboard"],
)
def test_a_number_goes_the_whole_round(newcomer, language, hand):
    new = newcomer(language, hand=hand)
    new.connects()

    phone, took = _links_and_times(new)
    assert took <= WITHIN
    new.proves()
    new.sees("proven")
    expect(new.desk.locator("#session-title")).to_have_text(new.say("It works"))
    expect(new.desk.locator(".proof__message")).to_have_text("Vocês abrem hoje?")
    expect(new.desk.locator("#proof-conversation")).to_be_visible()
    new.moves("#proof-number")
    expect(new.desk.locator(".page-head .badge--good")).to_be_visible()
    expect(new.desk.locator("h1")).to_have_text("Treino novo")

    new.unlinks(phone)
    phone.close()
    new.sees_the_alert()
    new.moves(".page-head form .button--primary")
    new.sees("scan")
    _, took = _links_and_times(new)
    assert took <= WITHIN

    new.work()
    new.moves("main .crumb")
    expect(new.desk.locator(".page-head .badge--good")).to_be_visible()
    expect(new.desk.locator(".alert--bad")).to_have_count(0)


def test_a_number_goes_the_round_without_javascript(newcomer):
    new = newcomer("pt-br", java_script_enabled=False)
    new.connects()

    phone = new.links()
    _looks_again(new)
    new.sees("connected")
    new.proves()
    new.moves("#session-fresh")
    new.sees("proven")
    new.moves("#proof-number")

    new.unlinks(phone)
    new.sees_the_alert()
    new.moves(".page-head form .button--primary")
    new.sees("scan")
    new.links()
    _looks_again(new)
    new.sees("connected")


def _looks_again(new: Round) -> None:
    new.desk.wait_for_timeout(JUST_ASKED_MS)
    new.moves("#session-fresh")


def _links_and_times(new: Round) -> tuple[Page, float]:
    """The phone, and the seconds from its yes until the session's page says connected."""
    phone = new.takes("#session-link")
    expect(phone.locator("#ask-title")).to_have_text(new.say("Link Recado?"))
    if new.hand is hands.press:
        hands.tab_to(phone, "#confirm-link")
        began = time.monotonic()
        phone.keyboard.press("Enter")
    else:
        began = time.monotonic()
        phone.click("#confirm-link")
    new.sees("connected")
    took = time.monotonic() - began
    expect(phone.locator("#unlink")).to_be_visible()
    return phone, took
