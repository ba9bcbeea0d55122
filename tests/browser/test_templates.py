"""A newcomer and templates: written, approved, sent when the window is closed, on the phone.

Everything is done on pages; the worker alone is stood in for, by the calls that it makes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from integrations.providers import registry
from integrations.providers.sandbox import review
from tests.browser import hands
from tests.browser.hands import Hand
from tests.walls import as_app
from webhooks import processing
from whatsapp.services import sending, template_sync

BODY = "Oi, {{1}}! Seu bolo {{2}} fica pronto hoje à tarde."


@dataclass
class Desk:
    page: Page
    shop: Any
    language: str
    work: Callable[[], None]
    hand: Hand

    def say(self, text: str, context: str = "") -> str:
        with translation.override(self.language):
            if context:
                return translation.pgettext(context, text)
            return gettext(text)

    def go(self, rest: str) -> None:
        start = self.page.url.split("/w/")[0]
        self.page.goto(start + self.shop.path(rest))

    def moves(self, selector: str) -> None:
        with self.page.expect_navigation():
            self.hand(self.page, selector)

    def writes(self, selector: str, text: str) -> None:
        hands.write(self.page, selector, text, hand=self.hand)

    # --- the steps ------------------------------------------------------------
    def syncs(self) -> None:
        """The list is read, and the page shows it by itself."""
        self.go("templates/")
        self.moves("main form[action$='/sync/'] button")
        expect(self.page.locator(".template-sync")).to_contain_text(
            self.say("Reading the list …")
        )
        self.work()
        expect(
            self.page.locator(".template-row a:has-text('retomar_conversa')").first
        ).to_be_visible(timeout=10_000)

    def submits(self) -> None:
        self.moves(".page-head a[href$='/templates/new/']")
        self.page.select_option("[name=number]", str(self.shop.shop.phone.key))
        self.writes("[name=name]", "bolo_pronto")
        self.writes("[name=body]", BODY)
        # The fields for the examples come with the gaps.
        expect(self.page.locator("[name=sample-body-2]")).to_be_visible(timeout=10_000)
        self.writes("[name=sample-body-1]", "Ana")
        self.writes("[name=sample-body-2]", "de fubá")
        expect(self.page.locator("#preview .template-phone__body")).to_have_text(
            "Oi, Ana! Seu bolo de fubá fica pronto hoje à tarde.", timeout=10_000
        )
        self.moves("#template-form .button--primary")
        expect(self.page.locator(".template-detail .badge")).to_have_text(
            self.say("In review", "template")
        )

    def sees_it_approved(self) -> None:
        """The review takes seconds, and its outcome comes by webhook."""
        self.page.wait_for_timeout(review.SECONDS * 1000 + 1_500)
        self.work()
        self.page.reload()
        expect(self.page.locator(".template-detail .badge")).to_have_text(
            self.say("Approved", "template")
        )

    def sends(self) -> None:
        talk = self.shop.shop.closed
        self.go(f"conversations/{talk.key}/")
        self.moves(f"a[href$='/{talk.key}/template/']")
        self.moves(".template-choice a:has-text('bolo_pronto')")
        expect(self.page.locator("[name=body-1]")).to_have_value("João")
        self.moves("main form .button--primary")  # one field is still empty
        expect(self.page.locator("#id_body-2_error")).to_be_visible()
        self.writes("[name=body-2]", "de milho")
        expect(self.page.locator("#preview .template-phone__body")).to_have_text(
            "Oi, João! Seu bolo de milho fica pronto hoje à tarde."
        )
        self.moves("main form .button--primary")
        expect(self.page.locator(".message--outbound").last).to_contain_text(
            "Seu bolo de milho fica pronto"
        )
        self.work()

    def finds_it_on_the_phone(self) -> None:
        phone = self.shop.shop.phone
        self.go(f"sandbox/{phone.key}/")
        bubble = self.page.locator(".phone__bubble").last
        expect(bubble).to_contain_text(
            "Oi, João! Seu bolo de milho fica pronto hoje à tarde."
        )
        expect(bubble.locator(".phone__kind")).to_have_text(self.say("Template"))


@pytest.fixture
def worker(address, django_db_blocker, monkeypatch):
    """What the worker does: lists read, messages sent, webhooks processed."""
    known = registry.get("sandbox")
    monkeypatch.setitem(known.settings, "api_base", address)
    host = address.removeprefix("http://")
    monkeypatch.setattr(settings, "EGRESS_ALLOWED_HOSTS", [host])

    def work() -> None:
        with django_db_blocker.unblock(), as_app():
            template_sync.run()
            sending.drain(budget_seconds=10)
            processing.drain(budget_seconds=10)

    return work


@pytest.fixture
def desk(visit, own, worker):
    def arrive(language: str, hand: Hand = hands.click) -> Desk:
        shop = own(language)
        page = visit(language, who=shop.owner).open(shop.path())
        return Desk(page, shop, language, worker, hand)

    return arrive


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_template_is_written_approved_and_sent(desk, language):
    new = desk(language)

    new.syncs()
    new.submits()
    new.sees_it_approved()
    new.sends()
    new.finds_it_on_the_phone()


def test_template_that_is_rejected_says_why(desk):
    new = desk("en")
    new.go("templates/new/")
    page = new.page
    page.select_option("[name=number]", str(new.shop.shop.phone.key))
    page.fill("[name=name]", "so_hoje")
    page.fill("[name=body]", "Só hoje: tudo pela metade do preço! #reject")

    new.moves("#template-form .button--primary")
    page.wait_for_timeout(review.SECONDS * 1000 + 1_500)
    new.work()
    page.reload()

    section = page.locator(".template-detail")
    expect(section.locator(".badge")).to_have_text("Rejected")
    expect(section).to_contain_text("The text does not fit its language or category")
    expect(section).to_contain_text("Change what the reason says and submit it again.")


def test_template_is_filled_in_and_sent_without_javascript(visit, own, worker):
    shop = own("en")
    talk, template = shop.shop.closed, shop.shop.template
    page = visit("en", who=shop.owner, java_script_enabled=False).open(
        shop.path(f"conversations/{talk.key}/template/")
    )
    with page.expect_navigation():
        page.click(f".template-choice a[href$='{template.key}']")
    page.fill("[name=body-2]", "1042")
    page.fill("[name=button-0-1]", "p1042")
    with page.expect_navigation():
        page.click("main form button[name=preview]")
    expect(page.locator(".template-phone__body")).to_contain_text("pedido 1042 saiu")

    with page.expect_navigation():
        page.click("main form .button--primary")

    expect(page.locator(".message--outbound").last).to_contain_text("pedido 1042 saiu")


def test_template_is_sent_by_keyboard_alone(desk):
    new = desk("en", hands.press)
    talk, template = new.shop.shop.closed, new.shop.shop.template
    new.go(f"conversations/{talk.key}/")

    new.moves(f"a[href$='/{talk.key}/template/']")
    new.moves(f".template-choice a[href$='{template.key}']")
    new.writes("[name=body-2]", "1042")
    new.writes("[name=button-0-1]", "p1042")
    new.moves("main form .button--primary")

    expect(new.page.locator(".message--outbound").last).to_contain_text("pedido 1042")
