"""A newcomer answers a lead of the sandbox, sees it read, and understands what failed.

Everything is done on pages; the worker alone is stood in for, by the calls of its loop.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from playwright.sync_api import Locator, Page, expect

from tests.browser import checks, hands
from tests.browser.hands import Hand
from tests.factories import whatsapp as make
from whatsapp.models import Conversation, Message

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
LIVE = 20_000  # within which the phone has read a message, and the page says so
FIELD = "#composer-text"


@dataclass
class Desk:
    """A member at the conversation with Marina, who wrote to the simulated number."""

    visitor: Any
    page: Page
    shop: Any
    talk: Conversation
    language: str
    hand: Hand = hands.click

    def say(self, text: str, **values: str) -> str:
        with translation.override(self.language):
            return gettext(text) % values if values else gettext(text)

    @property
    def sent(self) -> str:
        with translation.override(self.language):
            return pgettext("delivery status", "Sent")

    def open(self, query: str = "") -> None:
        parts = urlsplit(self.page.url)
        path = self.shop.path(f"conversations/{self.talk.key}/{query}")
        self.page.goto(f"{parts.scheme}://{parts.netloc}{path}")

    def write(self, text: str) -> None:
        hands.write(self.page, FIELD, text, hand=self.hand)

    def send(self, text: str) -> Locator:
        """Write it and send it, as this hand does; its bubble."""
        self.write(text)
        if self.hand is hands.press:
            self.page.keyboard.press("Enter")
        else:
            self.page.click(".composer__send")
        return self.bubble(text)

    def bubble(self, text: str) -> Locator:
        return self.page.locator("article.message", has_text=text).last

    def messages(self, **conditions: Any) -> list[Message]:
        rows = Message.objects.for_workspace(self.shop.shop.workspace)
        return list(rows.filter(conversation=self.talk, **conditions).order_by("pk"))


@pytest.fixture
def desk(visit, own, django_db_blocker) -> Callable[..., Desk]:
    def sit(language: str = "en", **options: Any) -> Desk:
        hand = options.pop("hand", hands.click)
        heard = options.pop("heard", timedelta(minutes=5))
        shop = own(language)
        with django_db_blocker.unblock():
            lead = make.lead(shop.shop.workspace, name="Marina Alves")
            make.identity(lead, kind="wa_id", value="5511955554444")
            at = timezone.now() - heard
            talk = make.conversation(
                lead, shop.shop.phone, last_message_at=at, last_inbound_at=at
            )
            make.message(
                talk,
                text="Vocês abrem hoje?",
                external_id=f"in-{talk.pk}",
                peer_key="p:5511955554444",
                provider_at=at,
            )
        visitor = visit(language, who=shop.owner, **options)
        page = visitor.open(
            shop.path(f"conversations/{talk.key}/"),
            width=options.get("viewport", {}).get("width", 1360),
        )
        return Desk(visitor, page, shop, talk, language, hand)

    return sit


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("language", "options"),
    [
        ("pt-br", {}),
        ("en", {}),
        ("en", {"hand": hands.press}),
        ("pt-br", PHONE),
    ],
    ids=["pt-br", "en", "keyboard", "phone"],
)
def test_a_newcomer_answers_and_understands_what_failed(desk, language, options):
    at = desk(language, **options)

    answer = at.send("Abrimos até as 19h 🙂")
    expect(answer).to_contain_text(at.say("Read"), timeout=LIVE)
    expect(at.page.locator(FIELD)).to_have_value("")
    expect(at.page.locator(FIELD)).to_be_focused()

    failed = at.send("Segue o endereço #131026")
    expect(failed).to_contain_text(at.say("Failed"), timeout=LIVE)
    expect(failed).to_contain_text(
        at.say(
            "The message cannot be delivered: the person is not on WhatsApp, uses an old "
            "version, or has not accepted its new terms."
        )
    )
    at.send("Outra coisa")
    expect(at.page.locator("#composer-problem")).to_contain_text(
        at.say(
            "The message cannot be delivered: the person is not on WhatsApp, uses an old "
            "version, or has not accepted its new terms."
        )
    )
    expect(at.page.locator(FIELD)).to_have_value("Outra coisa")
    assert checks.violations(at.page) == []
    assert checks.sideways(at.page) == 0


@pytest.mark.usefixtures("worker")
def test_an_unconfirmed_message_warns_before_it_is_sent_again(desk):
    at = desk("en")
    lost = at.send("Perdida #502")
    expect(lost).to_contain_text("Unconfirmed", timeout=LIVE)
    expect(lost).to_contain_text("may have been sent")

    lost.locator(".message__sure summary").click()
    expect(lost).to_contain_text("the person gets it twice")
    with at.page.expect_navigation():
        lost.get_by_role("button", name="Send it all the same").click()

    expect(at.page.locator("article.message", has_text="Perdida #502")).to_have_count(2)
    first = at.page.locator("article.message", has_text="Perdida #502").first
    expect(first).to_contain_text("It was sent again.")


@pytest.mark.usefixtures("worker")
def test_everything_works_without_javascript(desk):
    at = desk("pt-br", java_script_enabled=False)
    page = at.page
    with page.expect_navigation():
        page.locator("article.message").get_by_role("button", name="Responder").click()
    expect(page.locator(".composer__quoted")).to_contain_text("Vocês abrem hoje?")

    page.fill(FIELD, "Sim!")
    with page.expect_navigation():
        page.click(".composer__send")

    assert page.url.endswith("#latest")
    expect(at.bubble("Sim!").locator(".message__quote")).to_contain_text(
        "Vocês abrem hoje?"
    )
    page.fill(FIELD, "  ")
    with page.expect_navigation():
        page.click(".composer__send")
    expect(page.locator("#composer-problem")).to_have_text(
        "Não há nada para enviar. Escreva uma mensagem primeiro."
    )
    with page.expect_navigation():
        page.locator("article.message").first.get_by_role(
            "button", name="Reagir"
        ).click()
    with page.expect_navigation():
        page.locator(".composer__reactions button").first.click()
    expect(page.locator(".message__reaction").first).to_contain_text("👍")


def test_a_bubble_is_quoted_and_reacted_to_by_keyboard(desk):
    at = desk("en", hand=hands.press)
    page = at.page
    page.fill(FIELD, "half written")

    hands.press(page, "[name=reply]")
    expect(page.locator(".composer__quoted")).to_contain_text("Vocês abrem hoje?")
    expect(page.locator(FIELD)).to_be_focused()
    expect(page.locator(FIELD)).to_have_value("half written")
    page.keyboard.press("Enter")
    expect(at.bubble("half written").locator(".message__quote")).to_contain_text(
        "Vocês abrem hoje?"
    )

    hands.press(page, "[name=react]")
    expect(page.locator("[data-composer-focus] button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".message__reaction")).to_contain_text("👍")
    hands.press(page, "[name=react]")
    take_back = page.get_by_role("button", name="Take it back")
    expect(take_back).to_be_visible()
    take_back.press("Enter")
    expect(page.locator(".message__reaction")).to_have_count(0)


def test_a_draft_survives_a_reload_until_it_is_sent(desk):
    at = desk("en")
    at.page.fill(FIELD, "Ainda não\nterminei")

    at.page.reload()
    expect(at.page.locator(FIELD)).to_have_value("Ainda não\nterminei")
    at.page.click(".composer__send")
    expect(at.bubble("terminei")).to_be_visible()
    at.page.reload()

    expect(at.bubble("terminei")).to_be_visible()
    expect(at.page.locator(FIELD)).to_have_value("")


def test_shift_enter_is_a_new_line_and_enter_sends_once(desk):
    at = desk("en")
    page = at.page
    page.focus(FIELD)
    page.keyboard.type("uma")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("duas")
    before = page.locator(FIELD).bounding_box()["height"]
    assert page.locator(FIELD).input_value() == "uma\nduas"

    page.evaluate(
        "() => { const f = document.querySelector('#composer-text').form;"
        " f.requestSubmit(); f.requestSubmit(); }"
    )

    expect(at.bubble("duas")).to_be_visible()
    assert len(at.messages(direction="outbound")) == 1
    assert page.locator(FIELD).bounding_box()["height"] < before


def test_enter_on_a_phone_is_a_new_line(desk):
    at = desk("en", **PHONE)
    at.page.tap(FIELD)
    at.page.keyboard.type("uma")
    at.page.keyboard.press("Enter")
    at.page.keyboard.type("duas")

    expect(at.page.locator(FIELD)).to_have_value("uma\nduas")
    assert at.messages(direction="outbound") == []


def test_the_form_changes_by_itself_when_the_window_closes(desk, django_db_blocker):
    at = desk("en", heard=timedelta(hours=23, minutes=59, seconds=54))
    page = at.page
    expect(page.locator("[data-window-left]")).to_have_text(re.compile(r"^\d s$"))
    page.fill(FIELD, "tarde demais")

    expect(page.locator(".composer__closed")).to_contain_text(
        "send a template", timeout=15_000
    )
    expect(page.locator(FIELD)).to_have_count(0)
    with django_db_blocker.unblock():
        Conversation.objects.for_workspace(at.shop.shop.workspace).filter(
            pk=at.talk.pk
        ).update(last_inbound_at=timezone.now())
    at.shop.say(at.talk, "Voltei!")

    expect(page.locator(FIELD)).to_have_value("tarde demais", timeout=15_000)
    expect(page.locator("[data-window-left]")).to_have_text("23 h 59 min")


def test_canned_replies_are_written_found_and_filled_in(desk):
    at = desk("en", hand=hands.press)
    page = at.page
    page.click("[data-canned]")
    page.get_by_role("link", name="Write the first one").click()
    page.fill("[name=name]", "price")
    page.fill("[name=text]", "Hello {first_name}, it is R$ 45.")
    page.click("main form .button--primary")
    page.locator(".crumb").click()

    page.focus(FIELD)
    page.keyboard.type("/pri")
    option = page.locator("[data-canned-list] [role=option]")
    expect(option).to_contain_text("Hello Marina, it is R$ 45.")
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_have_value("Hello Marina, it is R$ 45.")
    assert at.messages(direction="outbound") == []
    page.keyboard.press("Enter")

    expect(at.bubble("Hello Marina")).to_be_visible()


def test_what_was_typed_stays_when_the_server_is_away(desk):
    at = desk("en")
    at.page.route("**/reply/", lambda route: route.abort())
    at.page.fill(FIELD, "Oi?")
    at.page.click(".composer__send")

    expect(at.page.locator("#composer-problem")).to_contain_text("try again")
    expect(at.page.locator(FIELD)).to_have_value("Oi?")
    at.page.unroute("**/reply/")
    at.page.click(".composer__send")

    expect(at.bubble("Oi?")).to_be_visible()
    [fault] = at.visitor.faults
    assert "ERR_FAILED" in fault
    at.visitor.faults.clear()
