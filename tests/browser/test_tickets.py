"""A newcomer's day with tickets: client, ticket, comment, link, answer; by mouse, by keys, on a
phone, and without script."""

import re

import pytest
from playwright.sync_api import expect

from tickets.models import Ticket, TicketEvent

PHONE = 390


def _path(shop, rest):
    return shop.path(rest)


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_a_client_and_a_ticket_are_made_and_the_client_answers(
    visit, own, database, language
):
    shop = own(language)
    words = {
        "pt-br": ("Enviar resposta", "Sua resposta foi recebida", "Só a equipe"),
        "en": ("Send answer", "Your answer was received", "Only the team"),
    }[language]
    page = visit(language, who=shop.owner).open(shop.path("clients/new/"))
    page.fill("[name=name]", "Célia Prado")
    page.fill("[name=phone]", "(21) 99876-5432")
    page.click("main form .button--primary")
    page.click("a[href*='tickets/new/?client=']")
    expect(page.locator("#client input:checked + label")).to_contain_text("Célia")
    page.fill("[name=title]", "Panetone sem fruta")
    page.click("main form .button--primary")
    expect(page.locator("h1")).to_contain_text("Panetone sem fruta")

    page.get_by_label(words[2]).check()
    page.fill("#comment [name=text]", "Ver com o forno")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".ticket-entry--team")).to_contain_text("Ver com o forno")
    page.click("form:has([value=link]) button")
    link = page.input_value("#client-link")

    theirs = visit(language, who="stranger").open(
        "/" + link.split("/", 3)[3], width=PHONE
    )
    expect(theirs.locator("main")).not_to_contain_text("Ver com o forno")
    theirs.fill("[name=text]", "Pode ser outro sabor")
    theirs.click(f"button:has-text('{words[0]}')")
    expect(theirs.locator(".notice[role=status]")).to_contain_text(words[1])

    page.reload()
    expect(page.locator(".ticket-entry--client")).to_contain_text("outro sabor")


def test_a_selection_is_made_by_keyboard_and_changed(visit, own, database):
    shop = own("en")
    page = visit("en", who=shop.owner).open(shop.path("tickets/"))
    page.keyboard.press("j")
    expect(page.locator("[data-shortcut-row]").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("[name=q]")).to_be_focused()
    page.keyboard.press("Escape")

    page.focus("[data-check-all]")
    page.keyboard.press("Space")
    page.select_option(".ticket-bulk [name=status]", "closed")
    page.focus("button[form=bulk]")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(re.compile("Change 3 tickets"))
    page.focus("main form .button--primary")
    page.keyboard.press("Enter")

    expect(page.locator(".notice--success")).to_contain_text("3 tickets changed")
    expect(page.locator("main")).to_contain_text("Nothing left to do")
    rows = Ticket.objects.for_workspace(shop.shop.workspace)
    assert set(rows.values_list("status", flat=True)) == {"resolved", "closed"}


def test_without_script_everything_works(visit, own, database):
    shop = own("en")
    page = visit("en", who=shop.owner, java_script_enabled=False).open(
        shop.path(f"conversations/{shop.shop.conversation.key}/"), width=PHONE
    )
    page.click("a:has-text('Make a ticket')")
    expect(page.locator("#client input:checked + label")).to_contain_text("Ana Lima")
    page.fill("[name=title]", "Troca")
    page.fill("[name=who]", "bruno")
    page.click("button[name=find]")
    assert page.input_value("[name=title]") == "Troca"
    expect(page.locator("#client input:checked + label")).to_contain_text("Bruno")
    page.click("main form .button--primary")
    page.select_option("#state [name=status]", "waiting")
    page.click("#state .form button")
    expect(page.locator(".timeline")).to_contain_text("Waiting for the client")

    ticket = Ticket.objects.for_workspace(shop.shop.workspace).get(title="Troca")
    assert ticket.conversation == shop.shop.conversation
    assert (
        TicketEvent.objects.for_workspace(shop.shop.workspace)
        .filter(ticket=ticket)
        .count()
        == 2
    )


def test_two_people_change_one_ticket_and_the_later_one_is_told(visit, own):
    shop = own("en")
    address = shop.path(f"tickets/{shop.shop.ticket.key}/")
    first = visit("en", who=shop.owner).open(address)
    second = visit("en", who=shop.owner).open(address)

    first.select_option("#state [name=priority]", "low")
    first.click("#state .form button")
    expect(first.locator(".notice--success")).to_contain_text("Ticket saved")
    second.select_option("#state [name=priority]", "normal")
    second.click("#state .form button")

    expect(second.locator("#state")).to_contain_text("Now it is “Low”")
    assert second.input_value("#state [name=priority]") == "normal"
    second.click("#state .form button")
    expect(second.locator(".notice--success")).to_contain_text("Ticket saved")
