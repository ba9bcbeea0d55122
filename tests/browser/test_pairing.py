"""A sandbox number from its code to its alarm: on the phone of the business, over real HTTP.

The session is opened and looked at by the services, as the session's page does; everything
else is done on the phone's own page.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import expect

from integrations.models import Channel, Episode, Session
from integrations.providers import registry
from integrations.services import sessions
from tests.integrations.pairing import time_passes
from tests.walls import as_app

ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Mobile Safari/537.36"
)


@dataclass
class Desk:
    """Recado's side of a number, asked of the server that also serves the pages."""

    channel: Channel
    unblock: Callable[[], AbstractContextManager[None]]

    def open(self, *, wants_pairing_code: bool = False) -> Session:
        with self.unblock(), as_app():
            return sessions.open_session(
                self.channel, wants_pairing_code=wants_pairing_code
            )

    def look(self) -> Session:
        """The next poll of the session's page, three seconds later."""
        with self.unblock():
            session = sessions.find_session(self.channel)
            assert session is not None
            time_passes(session, seconds=3)
            with as_app():
                return sessions.refresh(session)

    def outages(self) -> list[Episode]:
        with self.unblock():
            rows = Episode.objects.unscoped("test").filter(channel=self.channel)
            return list(rows.order_by("pk"))


@pytest.fixture
def desk(address, monkeypatch, django_db_blocker) -> Iterator[Callable[..., Desk]]:
    host = urlsplit(address).netloc
    monkeypatch.setattr(registry.get("sandbox"), "settings", {"api_base": address})
    settings.EGRESS_ALLOWED_HOSTS.append(host)
    yield lambda channel: Desk(channel, django_db_blocker.unblock)
    settings.EGRESS_ALLOWED_HOSTS.remove(host)


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_a_number_is_paired_dropped_and_paired_anew(visit, own, work, desk, language):
    shop = own(language)
    number = desk(shop.shop.quiet)
    phone = visit(language, who=shop.owner, user_agent=ANDROID)

    shown = number.open()
    assert (shown.kind, shown.state) == ("qr", "awaiting_user")
    page = phone.open(_path(shown.payload), width=390)
    expect(page.locator("#ask-title")).to_have_text(_say(language, "Link Recado?"))
    page.click("#confirm-link")
    expect(page.locator(".device")).to_contain_text("Recado")
    expect(page.locator("#unlink")).to_be_visible()

    assert number.look().state == "connected"
    work()

    page.click("#unlink summary")
    page.click("#confirm-unlink")
    expect(page.locator("#scan")).to_be_visible()
    work()

    [outage] = number.outages()
    assert outage.closed_at is None
    assert (outage.state, outage.signal) == ("disconnected", "provider")
    assert number.look().state == "disconnected"

    page.goto(_there(page, shop.path(f"sandbox/{shop.shop.quiet.key}/")))
    page.fill(".phone__composer textarea", "Oi!")
    page.click(".phone__composer button[type=submit]")
    expect(page.locator(".notice--error")).to_contain_text(
        _say(
            language,
            "Not passed on: Recado is not linked to the phone of the business.",
        )
    )

    again = number.open()
    assert again.pk == shown.pk
    assert again.payload not in ("", shown.payload)
    page.goto(again.payload)
    page.click("#confirm-link")
    expect(page.locator("#unlink")).to_be_visible()
    work()

    assert number.look().state == "connected"
    [outage] = number.outages()
    assert outage.closed_at is not None


def test_the_phone_sees_by_itself_that_recado_waits_and_links_by_keyboard(
    visit, own, desk
):
    shop = own("en")
    number = desk(shop.shop.quiet)
    page = visit("en", who=shop.owner).open(_business(shop))
    expect(page.locator(".device")).to_contain_text("No device is linked.")

    number.open()
    expect(page.locator(".device")).to_contain_text("Recado shows a code")
    page.focus("#scan")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-link")
    page.focus("#confirm-link")
    page.keyboard.press("Enter")

    expect(page.locator("#unlink")).to_be_visible()
    assert number.look().state == "connected"


def test_a_pairing_code_is_typed_as_people_type_it_without_javascript(visit, own, desk):
    shop = own("en")
    number = desk(shop.shop.quiet)
    shown = number.open(wants_pairing_code=True)
    assert len(shown.pairing_code) == 8
    page = visit("en", who=shop.owner, java_script_enabled=False).open(_business(shop))

    page.click("#pair summary")
    page.fill("#pair_code", "ABCD-2345")
    page.press("#pair_code", "Enter")
    expect(page.locator("#pair_code_error")).to_contain_text("no longer good")
    typed = shown.pairing_code.lower()
    page.fill("#pair_code", f" {typed[:4]}-{typed[4:]} ")
    page.press("#pair_code", "Enter")

    expect(page.locator("#unlink")).to_be_visible()
    assert number.look().state == "connected"


def test_another_phone_is_refused_and_left_unlinked(visit, own, desk):
    shop = own("en")
    number = desk(shop.shop.quiet)
    page = visit("en", who=shop.owner).open(_business(shop))
    _let(page, "other_phone")
    shown = number.open()

    page.goto(shown.payload)
    page.click("#confirm-link")
    expect(page.locator("#unlink")).to_be_visible()

    refused = number.look()
    assert (refused.state, refused.problem) == ("failed", "number_wrong")
    page.goto(_there(page, _business(shop)))
    expect(page.locator(".device")).to_contain_text("Recado signed out")


@pytest.mark.parametrize(
    ("mishap", "problem"),
    [("html", "unreadable"), ("down", "unavailable"), ("key_refused", "key_wrong")],
)
def test_a_gateway_that_misbehaves_is_told_by_what_it_does(
    visit, own, desk, mishap, problem
):
    shop = own("en")
    number = desk(shop.shop.quiet)
    number.open()
    page = visit("en", who=shop.owner).open(_business(shop))

    _let(page, mishap)

    assert number.look().problem == problem
    _let(page, "")
    if mishap != "key_refused":  # that one ends a session that was never connected
        after = number.look()
        assert (after.state, after.problem) == ("awaiting_user", "")


def test_who_is_signed_out_signs_in_first_and_comes_back_to_the_code(visit, own, desk):
    shop = own("en")
    shown = desk(shop.shop.quiet).open()
    code = urlsplit(shown.payload).query

    page = visit("en", who="stranger").open(_path(shown.payload))
    assert "/account/login/" in page.url
    assert code.removeprefix("code=") in page.url

    other = visit("en").open(_path(shown.payload))  # of another workspace
    expect(other.locator("h1")).to_have_text("This phone is not yours to hold")


def _let(page, mishap: str) -> None:
    page.select_option("#mishap_mishap", mishap)
    with page.expect_navigation():
        page.click("section[aria-labelledby=mishap-title] button")


def _business(shop) -> str:
    return str(shop.path(f"sandbox/{shop.shop.quiet.key}/business/"))


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _there(page, path: str) -> str:
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _say(language: str, text: str) -> str:
    with translation.override(language):
        return gettext(text)
