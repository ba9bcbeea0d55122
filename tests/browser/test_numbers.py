"""Somebody looks after a number: its acts, its alert, and the chats that nobody saw."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import broadcast
from integrations import gateway
from integrations.models import Channel, Episode, Session
from integrations.providers.base.types import AccountEvent, NumberRef
from tests.browser import checks
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make_talk
from whatsapp import phones

pytestmark = pytest.mark.usefixtures("database")

SOON = 5_000

WORDS = {
    "en": {
        "end": "Disconnect",
        "ended": "The number is disconnected.",
        "again": "Connect again",
        "clean": "Start clean",
        "wrong": "This is not the number of this page.",
        "removed": "The number was removed.",
        "gone": "This number is not connected any more.",
        "well": "is well again",
        "noted": "Noted.",
        "ours": "We wrote first",
    },
    "pt-br": {
        "end": "Desconectar",
        "ended": "O número foi desconectado.",
        "again": "Reconectar",
        "clean": "Começar do zero",
        "wrong": "Este não é o número desta página.",
        "removed": "O número foi removido.",
        "gone": "Este número não está mais conectado.",
        "well": "voltou ao normal",
        "noted": "Anotado.",
        "ours": "Nós escrevemos primeiro",
    },
}


@pytest.fixture
def kept(own):
    """A shop of one's own whose simulated number has a session."""

    def open_(language):
        mine = own(language)
        make_numbers.session(mine.shop.phone, probe_at=None)
        return mine

    return open_


def path_of(own, rest=""):
    return own.path(f"integrations/whatsapp/{own.shop.phone.key}/{rest}")


def _told(own, state):
    """The provider's word about the number, as the corridor takes it in."""
    event = AccountEvent(number=NumberRef(), kind="session.status", state=state)
    news = gateway.News(words=[(own.shop.phone.pk, event, timezone.now())])
    gateway.note_news(news, workspace_id=own.shop.workspace.pk)
    assert broadcast.flush(), "Redis takes no news"


def notice(page: Page, text: str) -> None:
    expect(page.locator(".notice", has_text=text).first).to_be_visible()


@pytest.mark.parametrize("runs_script", [True, False])
@pytest.mark.parametrize("language", WORDS)
def test_a_number_is_disconnected_connected_again_and_begun_anew(
    visit, kept, language, runs_script
):
    own, words = kept(language), WORDS[language]
    visitor = visit(language, who=own.owner, java_script_enabled=runs_script)
    page = visitor.open(own.path("integrations/whatsapp/"))
    page.click("main a:has-text('Telefone de treino')")

    page.click(f".page-head a:has-text('{words['end']}')")
    page.click("main form .button--danger")
    notice(page, words["ended"])
    page.click(f".page-head button:has-text('{words['again']}')")
    expect(page.locator("#session[data-face=scan]")).to_be_visible()
    page.click("main .crumb")
    page.click(f".page-head a:has-text('{words['clean']}')")
    page.click("main form .button--danger")

    expect(page.locator("#session[data-face=scan]")).to_be_visible()
    sessions = Session.objects.for_workspace(own.shop.workspace).filter(
        channel=own.shop.phone
    )
    assert sessions.count() == 3
    assert sessions.filter(ended_at=None).count() == 1


@pytest.mark.parametrize("runs_script", [True, False])
@pytest.mark.parametrize("language", WORDS)
def test_only_the_typed_number_removes_it(visit, kept, language, runs_script):
    own, words = kept(language), WORDS[language]
    visitor = visit(language, who=own.owner, java_script_enabled=runs_script)
    page = visitor.open(path_of(own, "remove/"))

    page.fill("[name=number]", "+55 11 90000-0000")
    page.click("main form .button--danger")
    expect(page.locator(".field__errors")).to_contain_text(words["wrong"])
    assert (
        Channel.objects.for_workspace(own.shop.workspace)
        .get(pk=own.shop.phone.pk)
        .is_active
    )
    page.fill("[name=number]", phones.display(own.shop.phone.phone.lstrip("+")))
    page.click("main form .button--danger")

    notice(page, words["removed"])
    page.click("main a:has-text('Telefone de treino')")
    expect(page.locator("main")).to_contain_text(words["gone"])
    expect(page.locator(".page-head .button")).to_have_count(0)


def test_a_number_is_renamed_and_disconnected_by_keyboard_alone(visit, kept):
    own = kept("en")
    page = visit("en", who=own.owner).open(path_of(own))

    _tab_to(page, path_of(own, "name/"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/name/")
    _tab_to_element(page, "[name=name]")
    page.keyboard.press("Control+A")
    page.keyboard.type("Front desk")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Front desk")
    _tab_to(page, path_of(own, "disconnect/"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/disconnect/")
    _tab_to_element(page, "main form .button--danger")
    page.keyboard.press("Enter")

    notice(page, "The number is disconnected.")


def test_a_second_press_of_a_button_does_nothing_more(visit, kept):
    own = kept("en")
    page = visit("en", who=own.owner).open(path_of(own, "start-clean/"))

    page.evaluate(
        "async () => { const form = document.querySelector('main form');"
        " const sent = () => fetch(form.action || location.href,"
        " {method: 'POST', body: new FormData(form)});"
        " await Promise.all([sent(), sent(), sent()]); }"
    )

    sessions = Session.objects.for_workspace(own.shop.workspace)
    assert sessions.filter(channel=own.shop.phone).count() == 2


# --- alerts -------------------------------------------------------------------------
@pytest.mark.parametrize("rest", ["conversations/", "leads/"])
@pytest.mark.parametrize("language", WORDS)
def test_an_open_page_shows_an_alert_and_takes_it_away(visit, kept, language, rest):
    own, words = kept(language), WORDS[language]
    page = visit(language, who=own.owner).open(own.path(rest))
    expect(page.locator("html")).to_have_attribute("data-live", "on", timeout=10_000)
    page.evaluate("window.isStillHere = true")
    alert = page.locator("[aria-live=polite] .alert--bad")
    expect(alert).to_have_count(0)

    _told(own, "disconnected")
    expect(alert).to_contain_text("Telefone de treino", timeout=SOON)
    assert checks.violations(page) == []
    _told(own, "connected")

    expect(page.locator(".alert--good")).to_contain_text(words["well"], timeout=SOON)
    expect(alert).to_have_count(0)
    assert page.evaluate("window.isStillHere === true")
    page.reload()
    expect(page.locator(".alert")).to_have_count(0)


def test_without_a_stream_an_open_page_asks_by_the_clock(visit, kept):
    own = kept("en")
    visitor = visit("en", who=own.owner)
    visitor.context.route("**/live/**", lambda route: route.fulfill(status=204))
    visitor.context.clock.install()
    page = visitor.open(own.path("leads/"))

    make_numbers.outage(own.shop.phone)
    page.clock.run_for(31_000)

    expect(page.locator(".alert--bad")).to_contain_text("Telefone de treino")


@pytest.mark.parametrize("runs_script", [True, False])
def test_an_alert_is_put_aside_until_the_next_outage(visit, kept, runs_script):
    own = kept("en")
    outage = make_numbers.outage(own.shop.phone)
    visitor = visit("en", who=own.owner, java_script_enabled=runs_script)
    page = visitor.open(own.path("leads/"))

    page.focus(".alert__close")
    page.keyboard.press("Enter")
    page.wait_for_url("**/leads/")
    expect(page.locator(".alert")).to_have_count(0)
    page.goto(page.url.replace("/leads/", "/links/"))
    expect(page.locator(".alert")).to_have_count(0)
    Episode.objects.for_workspace(own.shop.workspace).filter(pk=outage.pk).update(
        closed_at=timezone.now(), end="recovered"
    )
    make_numbers.outage(own.shop.phone, opened_at=timezone.now())
    page.reload()

    expect(page.locator(".alert--bad")).to_be_visible()


# --- what nobody saw ----------------------------------------------------------------
@pytest.mark.parametrize("runs_script", [True, False])
@pytest.mark.parametrize("language", WORDS)
def test_a_chat_that_nobody_saw_is_looked_at_and_goes(
    visit, kept, language, runs_script
):
    own, words = kept(language), WORDS[language]
    make_talk.echo(
        own.shop.phone, "5511988887777", at=timezone.now() - timedelta(minutes=9)
    )
    visitor = visit(language, who=own.owner, java_script_enabled=runs_script)
    page = visitor.open(own.path())
    expect(page.locator(".unheard__item")).to_contain_text("+55 11 98888-7777")

    page.click(f".unheard__item button:has-text('{words['ours']}')")

    notice(page, words["noted"])
    expect(page.locator(".unheard__item")).to_have_count(0)


def test_from_an_outage_to_whom_to_call(visit, kept):
    own = kept("en")
    now = timezone.now()
    make_numbers.outage(
        own.shop.phone,
        opened_at=now - timedelta(hours=4),
        closed_at=now - timedelta(hours=2),
        end="recovered",
    )
    make_talk.receipt(own.shop.phone, "5511988887777", at=now - timedelta(hours=3))
    page = visit("en", who=own.owner).open(path_of(own))

    page.click("#outages tbody a")
    expect(page.locator("a[href^='tel:']")).to_have_text("+55 11 98888-7777")
    with page.expect_download() as download:
        page.click("a:has-text('Download as CSV')")

    assert download.value.suggested_filename.endswith(".csv")


def _tab_to(page: Page, path: str) -> None:
    """Press Tab until the link to `path` has the focus; fail when it never comes."""
    _tab_until(page, "one => one.pathname === what", path)


def _tab_to_element(page: Page, selector: str) -> None:
    _tab_until(page, "one => one.matches(what)", selector)


def _tab_until(page: Page, test: str, what: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(
            f"what => document.activeElement !== document.body"
            f" && ({test})(document.activeElement)",
            what,
        ):
            return
    raise AssertionError(f"60 presses of Tab never reach {what}")
