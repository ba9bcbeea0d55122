"""One server and one browser for the session, a fresh profile for every test.

A page that logs an error, breaks its Content-Security-Policy, opens a dialog or asks
another host fails its test, whatever else the test looks at.
"""

import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.models import User
from integrations.providers import registry
from tests import walls
from tests.browser import attack, server
from tests.browser import house as rows
from tests.factories import accounts as make_people
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make_talk
from tests.walls import as_app
from webhooks import processing
from whatsapp.models import Conversation
from whatsapp.services import announcing, sending

# Playwright keeps an event loop in this thread; the database is used outside of it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
_shops = itertools.count(1)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def house(
    django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[rows.House]:
    """In a test database whose rows are committed, because another process reads them.

    Each worker of xdist has its own.
    """
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        walls.prepare()
        yield rows.build()
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its files."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def address(house: rows.House, home: Path) -> Iterator[str]:
    name = str(connection.settings_dict["NAME"])
    with server.running(name, home=home) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    assert program, "no Chromium on PATH; `make browser` says how to install it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A profile of the browser, and what its pages did that no page of ours may do."""

    context: BrowserContext
    address: str
    faults: list[str] = field(default_factory=list)
    status: int = 0  # of the page opened last

    def open(self, path: str = "/", *, width: int = 1360) -> Page:
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 844})
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", self._asked)
        page.on("request", self._requested)
        answer = page.goto(self.address + path)
        self.status = answer.status if answer else 0
        return page

    def _heard(self, message: Any) -> None:
        # The browser also logs the 404 of a page that shall be one.
        is_status = "the server responded with a status of" in message.text
        if message.type in ("error", "warning") and not is_status:
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.faults.append(f"another host: {request.url}")


@pytest.fixture
def visit(
    browser: Browser, house: rows.House, address: str, django_db_blocker: Any
) -> Iterator[Callable[..., Visitor]]:
    """`visit(language, theme)` is a member of the shop; `who` may be somebody else."""
    visitors: list[Visitor] = []

    def arrive(
        language: str,
        theme: str = "light",
        *,
        who: str | User = "owner",
        **options: Any,
    ) -> Visitor:
        context = browser.new_context(
            **{"locale": language, "color_scheme": theme} | options
        )
        context.set_default_timeout(10_000)
        if who != "stranger":
            user = who if isinstance(who, User) else house.people[who, language, theme]
            with django_db_blocker.unblock():
                key = rows.session_of(user)
            context.add_cookies(
                [{"name": "recado_session", "value": key, "url": address}]
            )
        visitors.append(Visitor(context, address))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


@pytest.fixture(scope="session")
def hostile(house: rows.House, django_db_blocker: Any) -> rows.Shop:
    """Built for those who ask: 500 strings take their time."""
    with django_db_blocker.unblock():
        shop = attack.build()
        for (role, *_), person in house.people.items():
            if role == "owner":
                make_people.membership(shop.workspace, person, role="owner")
    return shop


@dataclass
class Own:
    """A shop that one test may change, and its owner."""

    shop: rows.Shop
    owner: User
    receive: Callable[[], None]  # one more webhook, processed
    say: Callable[[Conversation, str], None]  # the person of a conversation writes

    def path(self, rest: str = "") -> str:
        return f"/w/{self.shop.workspace.slug}/{rest}"


@pytest.fixture
def own(house: rows.House, django_db_blocker: Any) -> Callable[..., Own]:
    def open_(language: str = "en", theme: str = "light") -> Own:
        slug = f"loja-{next(_shops)}"
        with django_db_blocker.unblock():
            shop = rows.open_shop(slug, f"Loja {slug}")
            owner = rows.make_person(slug, language, theme)
            rows.take_over(shop.workspace, owner)

        def receive() -> None:
            with django_db_blocker.unblock():
                make_webhooks.raw_webhook(shop.workspace, state="done", attempts=1)

        def say(talk: Conversation, text: str) -> None:
            now = timezone.now()
            with django_db_blocker.unblock():
                make_talk.message(
                    talk, text=text, provider_at=now, received_at=now, stored_at=now
                )
                announcing.conversations(talk.workspace_id, [talk.pk])

        return Own(shop, owner, receive, say)

    return open_


@pytest.fixture
def worker(
    browser: Browser,  # before the house: its event loop decides whose connection is whose
    address: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: Any,
) -> Iterator[None]:
    """The worker at work meanwhile: it sends what is due, and hears what the phone tells."""
    monkeypatch.setitem(
        cast("dict[str, str]", registry.get("sandbox").settings), "api_base", address
    )
    settings.EGRESS_ALLOWED_HOSTS = [urlsplit(address).netloc]
    ends = threading.Event()

    def run() -> None:
        with as_app():
            while not ends.wait(0.1):
                sending.drain(budget_seconds=5)
                processing.drain(budget_seconds=5)
        connections.close_all()

    with django_db_blocker.unblock():
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield
        ends.set()
        thread.join(15)


@pytest.fixture
def work(django_db_blocker: Any) -> Callable[[], None]:
    """What the worker does when a webhook came in."""

    def drain() -> None:
        with django_db_blocker.unblock(), as_app():
            processing.drain(budget_seconds=30)

    return drain


@pytest.fixture
def database(django_db_blocker: Any) -> Iterator[None]:
    """For tests that look at rows beside the page."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def screens() -> Path:
    folder = server.ROOT / "var" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
