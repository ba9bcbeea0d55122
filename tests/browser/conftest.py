"""One server and one browser for the session, a fresh profile for every test.

A page that logs an error, breaks its Content-Security-Policy, opens a dialog or asks
another host fails its test, whatever else the test looks at.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import house as rows
from tests.browser import server

# Playwright keeps an event loop in this thread; the database is used outside of it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def house(django_db_blocker: Any) -> Iterator[rows.House]:
    """In a test database whose rows are committed, because another process reads them."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        yield rows.build()
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def address(
    house: rows.House, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    name = str(connection.settings_dict["NAME"])
    with server.running(name, home=tmp_path_factory.mktemp("server")) as url:
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

    def open(self, path: str = "/", *, width: int = 1360) -> Page:
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 844})
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", self._asked)
        page.on("request", self._requested)
        page.goto(self.address + path)
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
    """`visit(language, theme)` is signed in; `visit()` is a stranger."""
    visitors: list[Visitor] = []

    def arrive(language: str = "", theme: str = "light", **options: Any) -> Visitor:
        context = browser.new_context(**{"locale": language or "pt-BR"} | options)
        context.set_default_timeout(10_000)
        if language:
            with django_db_blocker.unblock():
                key = rows.session_of(house.members[language, theme])
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
def screens() -> Path:
    folder = server.ROOT / "var" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
