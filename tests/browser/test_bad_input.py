"""What goes wrong at a desk: two clicks, a stale page, a sign-in that ended meanwhile."""

from playwright.sync_api import expect

from tests.browser.house import PASSWORD
from whatsapp.models import LeadNote, Touch, TrackedLink

# The filled form as two quick clicks would send it, before anything is answered.
_SEND_TWICE = """async (selector) => {
  const form = document.querySelector(selector);
  const send = () => fetch(form.action, {method: "POST", body: new FormData(form)});
  await Promise.all([send(), send()]);
}"""
SIGNED_OUT = "**/account/login/?next=**"


def test_a_note_sent_twice_is_one_note(visit, own, database):
    shop = own()
    page = visit("en", who=shop.owner).open(
        shop.path(f"leads/{shop.shop.lead.key}/notes/")
    )
    page.fill("[name=text]", "Liga na sexta.")

    page.evaluate(_SEND_TWICE, "main form")
    page.dblclick("button:has-text('Add note')")
    expect(page.locator("#notes")).to_contain_text("Liga na sexta.")

    notes = LeadNote.objects.for_workspace(shop.shop.workspace)
    assert notes.filter(text="Liga na sexta.").count() == 1


def test_a_link_made_by_two_clicks_is_one_link(visit, own, database):
    shop = own()
    slug = f"{shop.shop.workspace.slug}-dobrado"
    page = visit("en", who=shop.owner).open(shop.path("links/new/"))
    page.fill("[name=slug]", slug)

    page.evaluate(_SEND_TWICE, "#link-form")
    page.dblclick("#link-form .button--primary")
    expect(page.locator("h1")).to_have_text(slug)

    links = TrackedLink.objects.for_workspace(shop.shop.workspace)
    assert links.filter(slug=slug).count() == 1


def test_a_message_of_the_phone_sent_twice_is_one_message(visit, own, work):
    shop = own()
    page = visit("en", who=shop.owner).open(
        shop.path(f"sandbox/{shop.shop.phone.key}/")
    )
    page.fill(".phone__composer textarea", "Uma vez só")

    page.evaluate(_SEND_TWICE, ".phone__composer")
    page.dblclick(".phone__composer button")
    page.wait_for_url("**#phone")
    work()
    page.goto(page.url.partition("#")[0])

    expect(page.locator(".phone__text:has-text('Uma vez só')")).to_have_count(1)


def test_a_correction_of_a_stale_page_is_refused_and_told(visit, own, database):
    shop = own()
    visitor = visit("en", who=shop.owner)
    path = shop.path(f"leads/{shop.shop.lead.key}/origin/")
    touches = Touch.objects.for_workspace(shop.shop.workspace)
    before = touches.count()
    fresh, stale = visitor.open(path), visitor.open(path)
    for page, why in ((fresh, "First."), (stale, "Second.")):
        page.select_option("[name=origin]", "none")
        page.fill("[name=reason]", why)
        page.click("main form button[type=submit]")

    expect(stale.locator(".notice--warning")).to_contain_text("meanwhile")
    expect(stale.locator("[name=reason]")).to_have_value("Second.")
    stale.click("main form .button-group a")
    expect(stale.locator("#origin")).to_contain_text("First.")
    assert "Second." not in stale.locator("#origin").inner_text()
    assert touches.count() == before


def test_a_page_asked_for_after_the_sign_in_ended_comes_after_the_next(visit, own):
    shop = own()
    page = visit("en", who=shop.owner).open(shop.path())
    _end_the_session(page)
    page.goto(page.url + "conversations/?unread=1&tab=all")
    page.wait_for_url(SIGNED_OUT)

    _sign_in(page, shop)

    page.wait_for_url("**/conversations/?unread=1&tab=all")


def test_a_form_sent_after_the_sign_in_ended_comes_back_and_says_so(
    visit, own, database
):
    shop = own()
    path = shop.path(f"leads/{shop.shop.lead.key}/notes/")
    page = visit("en", who=shop.owner).open(path)
    _end_the_session(page)
    page.fill("[name=text]", "Escrita tarde demais.")
    page.click("button:has-text('Add note')")
    page.wait_for_url(SIGNED_OUT)
    expect(page.locator(".notice--warning")).to_contain_text("that was not done")

    _sign_in(page, shop)

    page.wait_for_url(f"**{path}")
    notes = LeadNote.objects.for_workspace(shop.shop.workspace)
    assert not notes.filter(text="Escrita tarde demais.").exists()


def test_a_button_that_only_posts_comes_back_to_its_page(visit, own):
    shop = own()
    path = shop.path(f"webhooks/{shop.shop.webhook.key}/")
    page = visit("en", who=shop.owner).open(path)
    _end_the_session(page)
    page.click("button:has-text('Show content')")
    page.wait_for_url(SIGNED_OUT)

    _sign_in(page, shop)

    page.wait_for_url(f"**{path}")
    expect(page.locator("h1")).to_contain_text("Webhook of")


def test_the_sign_in_never_appears_inside_a_page(visit, own):
    shop = own()
    page = visit("en", who=shop.owner).open(shop.path("conversations/?tab=all"))
    _end_the_session(page)

    page.locator("#q").press_sequentially("bolo")
    page.wait_for_url(SIGNED_OUT)
    expect(page.locator("h1")).to_have_text("Sign in")
    _sign_in(page, shop)

    page.wait_for_url("**/conversations/?tab=all")


def test_a_conversation_stays_unread_when_the_sign_in_has_ended(visit, own):
    shop = own()
    page = visit("en", who=shop.owner).open(shop.path("conversations/"))

    def end_first(route):
        _end_the_session(page)
        route.continue_()

    page.route("**/mark_read.*", end_first)
    page.click("a:has-text('Bruno')")

    expect(page.locator("h1")).to_have_text("Bruno Sá")
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-marks-read]")).to_be_visible()


def _end_the_session(page) -> None:
    page.context.clear_cookies(name="recado_session")


def _sign_in(page, shop) -> None:
    page.fill("[name=login]", shop.owner.email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
