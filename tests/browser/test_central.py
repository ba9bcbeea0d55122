"""The central OAuth server as people meet it: signing in, a second factor, applications."""

import time
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.totp.internal.auth import hotp_value
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import checks
from tests.browser.central import Answers, Central, authorization, running


@pytest.fixture(scope="module")
def central(tmp_path_factory) -> Iterator[Central]:
    with running(tmp_path_factory.mktemp("central")) as one:
        yield one


@pytest.fixture
def client() -> Iterator[Answers]:
    answers = Answers()
    yield answers
    answers.shutdown()
    answers.server_close()


class Guest:
    """A profile of the browser at the central server, and what its pages did wrong."""

    def __init__(self, context: BrowserContext, central: Central) -> None:
        self.central = central
        self.page = context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message) -> None:
        is_status = "the server responded with a status of" in message.text
        if message.type in ("error", "warning") and not is_status:
            self.faults.append(message.text)

    def go(self, path: str) -> Page:
        self.page.goto(path if path.startswith("http") else self.central.url + path)
        return self.page

    def sign_in(self, email: str = "", password: str = "") -> None:
        self.page.fill("[name=login]", email or self.central.email)
        self.page.fill("[name=password]", password or self.central.password)
        with self.page.expect_navigation():
            self.page.click("main form button[type=submit]")

    def press(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def guest(browser, central) -> Iterator[Callable[..., Guest]]:
    made: list[tuple[BrowserContext, Guest]] = []

    def arrive(**options) -> Guest:
        context = browser.new_context(**{"locale": "en"} | options)
        context.set_default_timeout(15_000)
        made.append((context, Guest(context, central)))
        return made[-1][1]

    yield arrive
    for context, _ in made:
        context.close()
    assert [fault for _, one in made for fault in one.faults] == []


def register(one: Guest, name: str, callback: str) -> str:
    """Through the page, as an admin does; gives the client's id."""
    one.go("/applications/new/")
    one.page.fill("[name=name]", name)
    one.page.fill("[name=redirect_uris]", callback)
    one.press("Register")
    expect(one.page.locator("#secret")).to_be_visible()
    shown: str = one.page.locator("dd code").first.inner_text()
    return shown


def invite(one: Guest, email: str) -> str:
    one.go("/people/")
    one.page.fill("[name=email]", email)
    one.press("Make a link for this person")
    shown: str = one.page.locator("#link").inner_text()
    return shown


def join(one: Guest, link: str) -> None:
    one.go(link)
    one.page.fill("[name=name]", "Caio Reis")
    one.page.fill("[name=password]", "janela-aberta-33")
    one.page.fill("[name=again]", "janela-aberta-33")
    one.press("Make my account")


def test_another_system_signs_a_person_in_with_one_click(guest, client):
    admin = guest()
    admin.go("/")
    admin.sign_in()
    expect(admin.page.locator("h1")).to_have_text("Your account")
    client_id = register(admin, "Painel", client.callback)
    link = invite(admin, "caio@example.com")

    person = guest()
    join(person, link)
    expect(person.page.locator("h1")).to_have_text("Your account")
    person.go(authorization(person.central.url, client_id, client.callback))
    expect(person.page.locator("h1")).to_have_text("Painel asks for your consent")
    person.press("Allow")

    expect(person.page.locator("h1")).to_have_text("welcome")
    assert client.got[0]["state"] == ["s" * 32]
    assert client.got[0]["code"][0]


def test_a_stranger_is_led_through_the_sign_in_to_the_client(guest, client):
    """Browsers hold the sign-in form to its page's policy through every redirect."""
    admin = guest()
    admin.go("/")
    admin.sign_in()
    client_id = register(admin, "Agenda", client.callback)

    stranger = guest()
    stranger.go(authorization(stranger.central.url, client_id, client.callback))
    stranger.sign_in()
    stranger.press("Allow")

    expect(stranger.page.locator("h1")).to_have_text("welcome")
    assert client.got[0]["code"][0]


def test_an_app_and_a_recovery_code_as_second_factor(guest):
    admin = guest()
    admin.go("/")
    admin.sign_in()
    link = invite(admin, "dora@example.com")
    person = guest()
    join(person, link)

    person.go("/account/2fa/totp/activate/")
    secret = person.page.locator("#authenticator_secret").input_value()
    assert checks.violations(person.page) == []
    person.page.fill("[name=code]", f"{hotp_value(secret, int(time.time()) // 30):06d}")
    person.press("Activate")
    expect(person.page.locator("#recovery_codes")).to_be_visible()
    codes = person.page.locator("#recovery_codes").input_value().split()
    assert len(codes) == 10

    later = guest()
    later.go("/account/login/")
    later.sign_in("dora@example.com", "janela-aberta-33")
    assert checks.violations(later.page) == []
    later.page.fill("[name=code]", "000000")
    later.press("Sign In")
    expect(later.page.locator(".field__errors")).to_be_visible()
    later.page.fill("[name=code]", codes[0])
    later.press("Sign In")
    expect(later.page.locator("h1")).to_have_text("Your account")
    expect(later.page.locator("main")).to_contain_text("On")


def test_a_security_key_as_second_factor(guest):
    admin = guest()
    admin.go("/")
    admin.sign_in()
    link = invite(admin, "edu@example.com")
    person = guest()
    join(person, link)
    devtools = person.page.context.new_cdp_session(person.page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "usb",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )

    person.go("/account/2fa/webauthn/add/")
    assert checks.violations(person.page) == []
    with person.page.expect_navigation():
        person.page.click("#mfa_webauthn_add")
    person.go("/")
    person.press("Sign out")

    person.go("/account/login/")
    person.sign_in("edu@example.com", "janela-aberta-33")
    expect(person.page.locator("#mfa_webauthn_authenticate")).to_be_visible()
    with person.page.expect_navigation():
        person.page.click("#mfa_webauthn_authenticate")
    expect(person.page.locator("h1")).to_have_text("Your account")


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("pt-BR", "dark"), ("pt-BR", "light")]
)
def test_every_page_is_accessible_and_fits_a_phone(
    guest, client, screens, language, theme
):
    one = guest(
        locale=language,
        color_scheme=theme,
        viewport={"width": 360, "height": 800},
    )
    one.go("/account/login/")
    shots = [("login", None)]
    _look(one, screens, "login", language, theme)
    one.sign_in()
    for path in (
        *("/", "/applications/", "/applications/new/", "/people/", "/account/2fa/"),
        *("/account/sessions/", "/account/password/change/", "/oauth/authorize"),
        *("/invited/nothing", "/account/logout/"),
    ):
        one.go(path)
        _look(one, screens, path.strip("/").replace("/", "-"), language, theme)
        shots.append((path, None))
    assert len(shots) == 11


def _look(one: Guest, screens, name: str, language: str, theme: str) -> None:
    shot = f"central-{name or 'home'}-{language}-{theme}.png"
    one.page.screenshot(path=screens / shot, full_page=True)
    assert checks.violations(one.page) == [], name
    assert checks.sticking_out(one.page) == [], name
    assert one.page.locator("h1").count() == 1, name
