"""The newcomer's first five minutes: a link, a click, a message, a lead, and why it is one."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import expect

WHATSAPP = "https://wa.me/"
# A phone's own browser; the one of tests calls itself headless, as robots do.
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_from_a_link_to_a_corrected_origin(visit, own, work, language):
    shop = own(language)
    slug = f"vitrine-{language}"
    page = visit(language, who=shop.owner).open(shop.path("links/new/"))
    page.fill("[name=slug]", slug)
    page.select_option("[name=channel]", str(shop.shop.phone.key))
    page.fill("[name=prefilled_text]", "Oi! Quero um bolo.")
    expect(page.locator("#preview")).to_contain_text("Oi! Quero um bolo.")
    page.click("#link-form .button--primary")
    expect(page.locator("h1")).to_have_text(slug)

    written = _click(visit, language, slug, number=shop.shop.phone.phone)
    assert written.startswith("Oi! Quero um bolo.")
    token = written.split("vm_token:")[1][:10]

    query = "?number=5511955554444&name=Rita+Moura"
    page.goto(_there(page, shop.path(f"sandbox/{shop.shop.phone.key}/{query}")))
    page.fill(".phone__composer textarea", written)
    page.click(".phone__composer button[type=submit]")
    page.wait_for_url("**#phone")
    work()

    page.goto(_there(page, shop.path("conversations/")))
    page.click(".conversation-row__name:has-text('Rita Moura')")
    expect(page.locator("[role=log]")).to_contain_text("Oi! Quero um bolo.")
    expect(page.locator(".inbox__lead")).to_contain_text(slug)
    page.click(".inbox__lead .button")
    evidence = page.locator("#origin .timeline__item").first
    expect(evidence).to_contain_text(token)
    expect(evidence).to_contain_text(_say(language, "Counts now"))

    page.click(f"#origin a:has-text('{_say(language, 'Correct the origin')}')")
    page.select_option("[name=origin]", "none")
    page.fill("[name=reason]", "Ela já era cliente da loja.")
    page.click("main form button[type=submit]")
    expect(page.locator(".notice")).to_contain_text(_say(language, "Origin corrected."))
    history = page.locator("#origin > .timeline > .timeline__item")
    expect(history).to_have_count(2)
    expect(history.first).to_contain_text("Ela já era cliente da loja.")
    expect(history.first).to_contain_text(shop.owner.email)
    expect(history.first).to_contain_text(_say(language, "Counts now"))
    expect(history.last).to_contain_text(token)


def _click(visit, language: str, slug: str, *, number: str) -> str:
    """Open the link on a phone; what WhatsApp would find already written."""
    visitor = visit(language, who="stranger", user_agent=ANDROID)
    answer = visitor.context.request.get(f"{visitor.address}/r/{slug}", max_redirects=0)
    assert answer.status == 302
    sent_on_to = answer.headers["location"]
    assert sent_on_to.startswith(f"{WHATSAPP}{number.removeprefix('+')}?")
    [text] = parse_qs(urlsplit(sent_on_to).query)["text"]
    return str(text)


def _there(page, path: str) -> str:
    return str(page.url).split("/w/")[0] + path


def _say(language: str, text: str) -> str:
    with translation.override(language):
        return gettext(text)
