"""Two people at once: what one does, the other's open page shows within two seconds.

Without a stream a page would ask five seconds later at the earliest, so only news can do it.
"""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts import broadcast
from accounts.models import Role
from tests.browser import checks
from tests.browser.house import make_person
from tests.factories import accounts as make_people
from tickets.services import client_links, tickets
from tickets.services.tickets import By
from whatsapp.services import handling

SOON = 2_000


@pytest.fixture
def pair(visit, own, database):
    """A shop, and two members of it, each with a browser."""
    shop = own("en")
    colleague = make_person(f"{shop.shop.workspace.slug}-caio", "en", "dark")
    make_people.membership(shop.shop.workspace, colleague, role=Role.AGENT)
    return shop, visit("en", who=shop.owner), visit("en", "dark", who=colleague)


def _is_live(page):
    expect(page.locator("html")).to_have_attribute("data-live", "on", timeout=10_000)
    page.wait_for_timeout(500)  # what came while the page was made has been asked for


def test_a_ticket_that_one_changes_is_another_on_the_others_page(pair, screens):
    shop, mine, theirs = pair
    address = shop.path(f"tickets/{shop.shop.ticket.key}/")
    watching = theirs.open(address)
    _is_live(watching)
    watching.fill("#comment [name=text]", "Ainda escrevo")
    watching.evaluate("window.isStillHere = true")
    working = mine.open(address)
    working.select_option("#state [name=status]", "resolved")
    working.click("#state .form button")

    head = watching.locator("#ticket-head")
    expect(head).to_contain_text("Resolved", timeout=SOON)
    expect(watching.locator("#ticket-history")).to_contain_text("Resolved")
    expect(watching.locator("[data-live-told]")).to_contain_text(
        "Something has happened"
    )
    assert watching.input_value("#comment [name=text]") == "Ainda escrevo"
    assert watching.evaluate("window.isStillHere === true")
    assert checks.violations(watching) == []
    watching.screenshot(path=screens / "live-ticket.png")


@pytest.mark.parametrize("width", [390, 1360])
def test_rows_change_where_they_are_and_new_ones_are_said(pair, screens, width):
    shop, _, theirs = pair
    watching = theirs.open(shop.path("tickets/"), width=width)
    _is_live(watching)
    row = watching.locator(f"#ticket-{shop.shop.ticket.key}")
    watching.locator("[name=ticket]").first.check()
    order = (
        "[...document.querySelectorAll('#ticket-rows tr')].map((one) => one.id).join()"
    )
    before = watching.evaluate(order)
    now = timezone.now()
    tickets.change(
        shop.shop.ticket,
        {"status": "waiting", "priority": "low"},
        by=By(shop.owner),
        now=now,
    )
    expect(row).to_contain_text("Low", timeout=SOON)
    assert watching.evaluate(order) == before
    assert watching.locator("[name=ticket]:checked").count() == 1

    where = row.bounding_box()
    tickets.open_ticket(
        shop.shop.workspace, title="Pão de mel", by=By(shop.owner), now=now
    )
    link = watching.locator("[data-live-moved] a")
    expect(link).to_have_text("1 new. Show it", timeout=2 * SOON)
    assert row.bounding_box() == where
    assert watching.evaluate(order) == before
    assert checks.violations(watching) == []
    assert checks.sideways(watching) <= 0
    watching.screenshot(path=screens / f"live-tickets-{width}.png")
    link.click()
    expect(watching.locator("#ticket-rows tr").first).to_contain_text("Pão de mel")


def test_a_conversation_that_one_takes_is_theirs_on_the_others_list(pair, screens):
    shop, mine, theirs = pair
    talk = shop.shop.conversation
    watching = theirs.open(shop.path("conversations/?tab=all"))
    _is_live(watching)
    working = mine.open(shop.path(f"conversations/{talk.key}/"))
    working.click("button:has-text('Assign to me')")

    row = watching.locator(f"#talk-{talk.key}")
    expect(row.locator(".conversation-row__tags")).to_contain_text(
        shop.owner.name or shop.owner.email, timeout=SOON
    )
    assert checks.violations(watching) == []


def test_an_open_thread_is_told_that_somebody_has_taken_it(pair):
    shop, _, theirs = pair
    talk = shop.shop.conversation
    watching = theirs.open(shop.path(f"conversations/{talk.key}/"))
    _is_live(watching)
    handling.assign(talk, assignee_id=shop.owner.pk, actor=shop.owner)

    expect(watching.locator("[data-thread-moved]")).to_be_visible(timeout=SOON)


def test_a_client_sees_the_answer_to_their_ticket(pair, visit, screens):
    shop, *_ = pair
    link = client_links.make(shop.shop.ticket)
    page = visit("en", who="stranger").open("/t/" + link.split("/t/")[1], width=390)
    _is_live(page)
    page.fill("[name=text]", "Uma pergunta")
    by = By(shop.owner)
    for text, is_public in (("Só para nós", False), ("Separamos outro pão", True)):
        tickets.comment(
            shop.shop.ticket, text=text, is_public=is_public, by=by, now=timezone.now()
        )

    expect(page.locator(".timeline")).to_contain_text("Separamos outro", timeout=SOON)
    expect(page.locator("main")).not_to_contain_text("Só para nós")
    assert page.input_value("[name=text]") == "Uma pergunta"
    assert checks.violations(page) == []
    page.screenshot(path=screens / "live-client.png")


def test_a_hidden_page_lets_go_and_catches_up_when_it_is_seen(pair):
    """As a tab in the background: the browser says that it is hidden."""
    shop, _, theirs = pair
    page = theirs.open(shop.path(f"tickets/{shop.shop.ticket.key}/"))
    _is_live(page)
    _hide(page, "hidden")
    expect(page.locator("html")).to_have_attribute("data-live", "off", timeout=15_000)
    tickets.comment(
        shop.shop.ticket,
        text="Enquanto isso",
        is_public=True,
        by=By(shop.owner),
        now=timezone.now(),
    )
    assert broadcast.flush()
    expect(page.locator(".timeline")).not_to_contain_text("Enquanto isso")
    _hide(page, "visible")

    expect(page.locator(".timeline")).to_contain_text("Enquanto isso", timeout=SOON)


def _hide(page, state):
    page.evaluate(
        """(state) => {
          Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )
