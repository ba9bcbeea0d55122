"""A server that may reach the twins, and the twins: each provider on a port of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from integrations.models import Channel, Integration
from tests.browser import house as rows
from tests.browser import server
from tests.twins import dialog360, evolution, meta, waha
from tests.twins.server import serving

WAHA_KEY = "waha-key-of-the-tests"
PARTNER = ("PrTnRPA", "seeded-partner-key-17d3")


@dataclass(frozen=True)
class Street:
    waha: waha.Twin
    evolution: evolution.Twin
    meta: meta.Twin
    dialog360: dialog360.Twin

    @property
    def hosts(self) -> str:
        twins = (self.waha, self.evolution, self.meta, self.dialog360)
        return ",".join(f"127.0.0.1:{twin.port}" for twin in twins)


@pytest.fixture(scope="session")
def street() -> Iterator[Street]:
    with ExitStack() as stack:
        enter = stack.enter_context
        yield Street(
            enter(waha.serving(WAHA_KEY)),
            enter(evolution.serving()),
            enter(serving(meta.Twin())),
            enter(serving(dialog360.Twin())),
        )


@pytest.fixture(scope="session")
def address(
    house: rows.House, street: Street, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """In the place of the address of the other tests: this server knows the twins."""
    name = str(connection.settings_dict["NAME"])
    environment = {
        "EGRESS_ALLOWED_HOSTS": street.hosts,
        "META_API_BASE": street.meta.url,
        "BSP_API_BASE": street.dialog360.url,
        "BSP_HUB_BASE": street.dialog360.url,
        "BSP_PARTNER_API_BASE": street.dialog360.hub_api,
        "BSP_PARTNER_ID": PARTNER[0],
        "BSP_PARTNER_KEY": PARTNER[1],
    }
    home = tmp_path_factory.mktemp("connecting")
    with server.running(name, home=home, **environment) as url:
        yield url


@dataclass
class Walker:
    """Somebody of a shop of their own, in front of the wizard."""

    page: Page
    shop: Any
    language: str
    work: Callable[[], None]

    def say(self, text: str, **told: str) -> str:
        with translation.override(self.language):
            return gettext(text) % told if told else gettext(text)

    def go(self, rest: str) -> None:
        start = str(self.page.url).split("/w/")[0]
        self.page.goto(start + self.shop.path(rest))

    def choose(self, provider: str, *, way: str = "") -> None:
        """From the list of numbers to the form, as a person goes."""
        self.go("integrations/whatsapp/")
        self.page.click(f"main a:has-text('{self.say('Connect WhatsApp')}')")
        self.page.click(f".offer__link[href$='/connect/{provider}/']")
        if way:
            self.page.click(f".tabs a[href='?way={way}']")

    def enter(self, **values: str) -> None:
        for name, value in values.items():
            self.page.fill(f"main [name={name}]", value)
        with self.page.expect_navigation():
            self.page.click("main form .button--primary")

    def sees(self, face: str, *, timeout: float = 15_000) -> None:
        expect(self.page.locator("#session")).to_have_attribute(
            "data-face", face, timeout=timeout
        )

    def sets_webhook(self) -> None:
        """From the session to the webhook, and on to the proof."""
        self.page.click("#session-next")
        expect(self.page.locator("#set-title")).to_have_text(
            self.say("Set, and read back")
        )
        self.page.click(f"a:has-text('{self.say('Go on to the proof')}')")
        self.sees("waiting")

    @property
    def channel(self) -> Channel:
        found = (
            Channel.objects.unscoped("test")
            .filter(workspace=self.shop.shop.workspace)
            .order_by("-pk")
            .first()
        )
        assert found is not None
        return found

    @property
    def integrations(self) -> int:
        workspace = self.shop.shop.workspace
        rows = Integration.objects.unscoped("test").filter(workspace=workspace)
        return int(rows.count())


@pytest.fixture
def walker(
    visit: Any, own: Any, work: Callable[[], None], database: None
) -> Callable[..., Walker]:
    def arrive(language: str = "en", theme: str = "light", **options: Any) -> Walker:
        shop = own(language, theme)
        visitor = visit(language, theme, who=shop.owner, **options)
        return Walker(visitor.open(shop.path()), shop, language, work)

    return arrive
