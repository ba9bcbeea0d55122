"""The first day of an installation, over the processes that `manage.py up` starts.

Somebody signs in at the central server, invites a colleague, and lets another system of
the house sign people in with the same account.
"""

import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.party import Party
from tests.config.conftest import let_servers_enter
from tests.config.up import Up, running

PATIENCE = 60_000
COLLEAGUE = "bia@padaria.example"
PASSWORD = "janela-aberta-33"
ABOVE_THE_TITLE = """(one) => one.getBoundingClientRect().bottom
  <= document.querySelector("h1").getBoundingClientRect().top"""
PRINTED = re.compile(r"sign in as (\S+) with the password (\S+) \(shown once\)")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    place = let_servers_enter(tmp_path_factory.mktemp("first-day"))
    with running(place / "var", demo=True) as one:
        yield one
        assert one.stop(signal.SIGTERM) == 0


@pytest.fixture
def painel() -> Iterator[Party]:
    party = Party()
    yield party
    party.shutdown()
    party.server_close()
    assert party.faults == []


@dataclass
class Person:
    """Somebody's browser: where it stood, page by page, and what no page may do."""

    context: BrowserContext
    page: Page
    recado: str
    central: str
    seen: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("framenavigated", lambda frame: self.seen.append(frame.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message) -> None:
        is_status = "the server responded with a status of" in message.text
        if message.type in ("error", "warning") and not is_status:
            self.faults.append(f"{self.page.url}: {message.text}")

    def go(self, address: str) -> int:
        answer = self.page.goto(address)
        return answer.status if answer else 0

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()

    def expect_title(self, text: str) -> None:
        expect(self.page.locator("h1")).to_have_text(text)

    def pages_since(self, start: int) -> list[str]:
        """The addresses that were shown; those that only led on are not among them."""
        return [urlsplit(url)._replace(query="").geturl() for url in self.seen[start:]]


@pytest.fixture
def arrive(browser, up) -> Iterator[Callable[[], Person]]:
    """Each call is another browser."""
    arrived: list[Person] = []

    def come() -> Person:
        context = browser.new_context(locale="en")
        context.set_default_timeout(PATIENCE)
        person = Person(
            context,
            context.new_page(),
            f"http://127.0.0.1:{up.port}",
            f"http://localhost:{up.central_port}",
        )
        person.listen()
        arrived.append(person)
        return person

    expect.set_options(timeout=PATIENCE)
    yield come
    expect.set_options(timeout=5_000)
    for person in arrived:
        person.context.close()
    assert [fault for person in arrived for fault in person.faults] == []


def test_the_first_day(arrive, up, painel):
    first, second = arrive(), arrive()

    _sign_in_with_one_form(first, up)
    invitation = _invite(first)
    _join(second, invitation)
    _the_link_is_used_up(second, arrive(), invitation)
    _both_are_members(first)

    _register(first, painel)
    _one_click_after_one_question(second, painel)
    _ask_again_after_access_was_ended(second, painel)

    _sign_out_of_both_from_recado(second)
    _sign_out_at_the_central_server(first)


def _sign_in_with_one_form(first: Person, up: Up) -> None:
    [(email, password)] = PRINTED.findall(up.said)
    first.go(first.recado)
    first.press("Sign in with Recado")
    first.page.fill("[name=login]", email)
    first.page.fill("[name=password]", password)
    first.press("Sign in")

    first.page.wait_for_url(f"{first.recado}/w/demo/")
    assert first.pages_since(0) == [
        f"{first.recado}/account/login/",
        f"{first.central}/account/login/",
        f"{first.recado}/w/demo/",
    ]
    first.expect_title("Demo")


def _invite(first: Person) -> str:
    first.go(f"{first.recado}/w/demo/settings/members/")
    first.follow("Invite")
    expect(first.page.locator("main")).to_contain_text("sends no e-mail")
    first.page.fill("[name=email]", COLLEAGUE)
    first.page.select_option("[name=role]", "agent")
    first.press("Make the link")

    first.expect_title("The invitation is ready")
    link: str = first.page.locator("#invitation-link").input_value()
    first.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first.page.locator("[data-copy]").click()
    first.page.wait_for_function(
        "async (link) => (await navigator.clipboard.readText()) === link", arg=link
    )
    return link


def _join(second: Person, invitation: str) -> None:
    second.go(invitation)
    second.expect_title("Join Demo")
    second.press("I have no account yet")
    expect(second.page.locator("main")).to_contain_text(COLLEAGUE)
    second.page.fill("[name=name]", "Bia Nunes")
    second.page.fill("[name=password]", PASSWORD)
    second.page.fill("[name=again]", PASSWORD)
    second.press("Make my account")

    second.page.wait_for_url(f"{second.recado}/**")
    second.press("Sign in with Recado")
    second.expect_title("Join Demo")
    second.press("Join")
    second.page.wait_for_url(f"{second.recado}/w/demo/")


def _the_link_is_used_up(second: Person, stranger: Person, invitation: str) -> None:
    assert stranger.go(invitation) == 410
    stranger.expect_title("This invitation was used already")
    made = next(url for url in second.seen if "/invited/" in url)
    assert stranger.go(made) == 410
    stranger.expect_title("This invitation cannot be used")

    second.go(invitation)
    assert second.page.url == f"{second.recado}/w/demo/"


def _both_are_members(first: Person) -> None:
    first.go(f"{first.recado}/w/demo/settings/members/")
    rows = first.page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="Admin")).to_contain_text("Owner")
    expect(rows.filter(has_text="Bia Nunes")).to_contain_text("Agent")


def _register(first: Person, painel: Party) -> None:
    first.go(f"{first.recado}/w/demo/settings/applications/")
    first.follow("Open the sign-in server")
    first.page.wait_for_url(f"{first.central}/**")
    first.page.get_by_role("link", name="Applications", exact=True).click()
    first.follow("Register an application")
    first.page.fill("[name=name]", "Painel")
    first.page.fill("[name=redirect_uris]", painel.callback)
    first.press("Register")

    secret: str = first.page.locator("#secret").inner_text()
    client_id: str = first.page.locator("dd code").first.inner_text()
    painel.register(issuer=first.central, client_id=client_id, secret=secret)
    first.follow("I have kept it")
    first.expect_title("Painel")
    assert secret not in str(first.page.content())


def _one_click_after_one_question(second: Person, painel: Party) -> None:
    second.go(painel.url)
    second.page.click("text=Sign in")
    second.expect_title("Painel asks for your consent")
    second.press("Allow")
    second.expect_title("Hello, Bia Nunes")

    second.page.click("text=Sign out")
    second.expect_title("Nobody is signed in")
    start = len(second.seen)
    second.page.click("text=Sign in")
    second.expect_title("Hello, Bia Nunes")
    assert second.pages_since(start) == [f"{painel.url}/"]
    [email] = {person["email"] for person in painel.people.values()}
    assert email == COLLEAGUE


def _ask_again_after_access_was_ended(second: Person, painel: Party) -> None:
    second.go(second.central)
    row = second.page.locator("tr").filter(has_text="Painel")
    row.get_by_role("button").click()
    expect(row).to_have_count(0)

    second.go(painel.url)
    second.page.click("text=Sign out")
    second.page.click("text=Sign in")
    second.expect_title("Painel asks for your consent")


def _sign_out_of_both_from_recado(second: Person) -> None:
    second.go(f"{second.recado}/w/demo/")
    second.page.click(".menu--account .menu__button >> visible=true")
    second.press("Sign out")
    second.page.wait_for_url(f"{second.recado}/account/login/")

    second.go(second.central)
    assert second.page.url.startswith(f"{second.central}/account/login/")


def _sign_out_at_the_central_server(first: Person) -> None:
    first.go(first.central)
    first.press("Sign out")
    first.page.wait_for_url(f"{first.central}/account/login/**")
    notice = first.page.locator(".notice")
    expect(notice).to_contain_text("lose their access now")
    is_above: bool = notice.evaluate(ABOVE_THE_TITLE)
    assert is_above  # it covers nothing of the form
