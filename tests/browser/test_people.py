"""Two people: one invites, the other joins; roles and handing over, with and without script."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Membership
from tests.browser import house as rows
from tests.browser.house import PASSWORD
from tests.factories import accounts as make_people


@pytest.fixture
def second(own, django_db_blocker):
    """A shop of one's own, and somebody who does not belong to it yet."""
    shop = own("en")
    with django_db_blocker.unblock():
        name = f"second.{shop.shop.workspace.slug}"
        person = make_people.proven(rows.make_person(name, "en", "light"))
    return shop, person


@pytest.mark.parametrize("runs_script", [True, False])
def test_a_second_person_is_invited_signs_in_and_joins(
    visit, second, database, runs_script
):
    shop, person = second
    options = {"java_script_enabled": runs_script}
    page = visit("en", who=shop.owner, **options).open(shop.path())
    page.click("nav.nav a:has-text('Settings')")
    page.click("main a:has-text('Members')")
    page.click("main a:has-text('Invite')")
    page.fill("[name=email]", person.email.upper())
    page.select_option("[name=role]", "agent")
    page.click("button:has-text('Make the link')")
    link = page.input_value("#invitation-link")
    assert re.search(r"/invitations/[\w-]{43}/$", link)

    theirs = visit("en", who="stranger", **options).open("/" + link.split("/", 3)[3])
    expect(theirs.locator("h1")).to_contain_text(f"Join {shop.shop.workspace.name}")
    theirs.click("main a:has-text('Sign in')")
    theirs.fill("[name=login]", person.email)
    theirs.fill("[name=password]", PASSWORD)
    theirs.press("[name=password]", "Enter")
    theirs.wait_for_url("**/invitations/**")
    theirs.click("button:has-text('Join')")

    theirs.wait_for_url(f"**/w/{shop.shop.workspace.slug}/")
    expect(theirs.locator(".notice--success")).to_contain_text("Welcome to")
    page.goto(page.url.split("/members/")[0] + "/members/")
    expect(page.locator("main table").first).to_contain_text(person.email)
    members = Membership.objects.for_workspace(shop.shop.workspace)
    assert members.get(user=person).role == "agent"


def test_a_member_is_removed_and_their_open_page_ends(visit, second, django_db_blocker):
    shop, person = second
    with django_db_blocker.unblock():
        make_people.membership(shop.shop.workspace, person, role="agent")
    theirs = visit("en", who=person)
    their_page = theirs.open(shop.path())
    page = visit("en", who=shop.owner).open(shop.path("settings/members/"))

    page.click(f"tr:has-text('{person.email}') a:has-text('Remove')")
    expect(page.locator("main")).to_contain_text("They lose")
    page.click("main button:has-text('Remove')")
    expect(page.locator(".notice--success")).to_contain_text("is no member any more")
    their_page.click("nav.nav a:has-text('Leads')")

    expect(their_page.locator("h1")).to_have_text("This page does not exist")


def test_the_log_is_filtered_and_checked_by_keyboard(visit, second):
    shop, _ = second
    page = visit("en", who=shop.owner).open(shop.path("settings/audit/"))

    page.focus("[name=person]")
    page.keyboard.type("rafael")
    page.keyboard.press("Enter")
    page.wait_for_url("**?person=rafael**")
    expect(page.locator(".audit__entry")).to_have_count(7)
    page.click("summary >> nth=-1")
    expect(page.locator("dl").last).to_contain_text("workspace.added")
    page.click("button:has-text('Check that it is complete')")

    expect(page.locator(".notice--success")).to_contain_text("Intact: 7 entries")
