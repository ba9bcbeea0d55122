"""An admin sets up a number's hours; who writes then is answered, once."""

import pytest
from playwright.sync_api import expect

from tests.browser import hands
from whatsapp.models import Responder

WORDS = {
    "en": {
        "link": "Hours and automatic answers",
        "wrong": "Write it like 9:00-12:00",
        "saved": "Saved.",
        "open": "Nothing: you are open",
        "closed": "Closed",
        "text": "Hello, {name}! Back {opening}.",
        "read": "Hello, Ana! Back today at 1:00 PM.",
        "automatic": "Answered automatically",
        "language": "en",
    },
    "pt-br": {
        "link": "Horário e respostas automáticas",
        "wrong": "Escreva como 9:00-12:00",
        "saved": "Salvo.",
        "open": "Nada: vocês estão abertos",
        "closed": "Fechado",
        "text": "Olá, {nome}! Voltamos {abertura}.",
        "read": "Olá, Ana! Voltamos hoje às 13:00.",
        "automatic": "Resposta automática",
        "language": "pt-br",
    },
}
MONDAY_NOON = "2026-11-30T12:30"
SAVE = "#hours-form button[type=submit]:not([name])"
PREVIEW = "#hours-form button[name=preview]"


def path_of(own, rest: str = "") -> str:
    return str(own.path(f"integrations/whatsapp/{own.shop.phone.key}/{rest}"))


@pytest.fixture
def kept(own, database):
    """A shop whose workspace speaks the language of its admin."""

    def open_(language: str):
        shop = own(language)
        shop.shop.workspace.language = language
        shop.shop.workspace.save()
        return shop

    return open_


@pytest.mark.parametrize(
    ("runs_script", "hand"),
    [(True, hands.click), (False, hands.click), (True, hands.press)],
    ids=["mouse", "no-script", "keyboard"],
)
@pytest.mark.parametrize("language", WORDS)
def test_hours_are_set_mended_previewed_and_saved(
    visit, kept, language, runs_script, hand
):
    own, words = kept(language), WORDS[language]
    visitor = visit(language, who=own.owner, java_script_enabled=runs_script)
    page = visitor.open(path_of(own), width=390)
    hand(page, "main a[href$='/hours/']")
    expect(page.locator("h1")).to_have_text(words["link"])

    if hand is hands.press:
        hands.tab_to(page, "[name=answers_closed]")
        page.keyboard.press("Space")
    else:
        page.check("[name=answers_closed]")
    hands.write(page, "[name=day_0]", "nine to five", hand=hand)
    hands.write(page, "[name=day_1]", "22:00-2", hand=hand)
    name = f"closed_{words['language']}"
    hands.write(page, f"[name='{name}']", words["text"], hand=hand)
    hand(page, SAVE)
    expect(page.locator(".field__errors")).to_contain_text(words["wrong"])
    assert page.input_value("[name=day_0]") == "nine to five"

    hands.write(page, "[name=day_0]", "9-12, 13-18", hand=hand)
    page.fill("[name=at]", MONDAY_NOON)
    hand(page, PREVIEW)
    shown = page.locator("#preview")
    expect(shown.locator(".message__text")).to_have_text(words["read"])
    expect(shown.locator(".hours-week tr").nth(2)).to_contain_text(words["closed"])
    hand(page, SAVE)

    expect(page.locator(".notice").first).to_contain_text(words["saved"])
    row = Responder.objects.for_workspace(own.shop.workspace).get()
    assert row.answers_closed
    assert row.week["0"] == [[540, 720], [780, 1080]]
    assert row.week["1"] == [[1320, 1560]]


def test_the_preview_follows_what_is_typed(visit, kept):
    own = kept("en")
    page = visit("en", who=own.owner).open(path_of(own, "hours/"))
    page.check("[name=answers_closed]")
    page.fill("[name=day_0]", "9-18")
    page.fill("[name=at]", MONDAY_NOON)

    expect(page.locator("#preview")).to_contain_text(WORDS["en"]["open"])
    page.fill("[name=day_0]", "9-12")
    expect(page.locator("#preview .message__text")).to_be_visible()
    assert not Responder.objects.for_workspace(own.shop.workspace).exists()


@pytest.mark.parametrize("language", WORDS)
def test_who_writes_when_it_is_closed_is_answered_in_the_thread(
    visit, kept, work, language
):
    own, words = kept(language), WORDS[language]
    page = visit(language, who=own.owner).open(path_of(own, "hours/"))
    page.check("[name=answers_closed]")
    page.fill("[name=day_0]", "3:00-3:01")
    page.fill(f"[name='closed_{words['language']}']", words["text"])
    page.click(SAVE)

    query = "?number=5511955554444&name=Rita+Moura"
    page.goto(_there(page, own.path(f"sandbox/{own.shop.phone.key}/{query}")))
    page.fill(".phone__composer textarea", "Oi, tem bolo?")
    page.click(".phone__composer button[type=submit]")
    page.wait_for_url("**#phone")
    work()

    page.goto(_there(page, own.path("conversations/")))
    page.click(".conversation-row__name:has-text('Rita Moura')")
    thread = page.locator("[role=log]")
    # A text for the language of Brazil is there only where that is the workspace's.
    expect(thread.locator(".message--outbound .message__foot").first).to_contain_text(
        words["automatic"]
    )
    expect(thread).to_contain_text("Rita")


def _there(page, path: str) -> str:
    return str(page.url).split("/w/")[0] + path
