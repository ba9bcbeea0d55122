"""Signing in at a server that is not of our making: there, back, renewed, and out again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import BrowserSession, OAuthGrant, User
from tests.browser import checks, server

PEOPLE: tuple[dict[str, Any], ...] = (
    {
        "sub": "rita",
        "name": "Rita Moura",
        "email": "rita@id.example",
        "email_verified": True,
    },
    *(
        {"sub": sub, "email": f"{sub}@id.example", "email_verified": True}
        for sub in ("bruno", "carla")
    ),
    {"sub": "no-mail", "name": "Sem E-mail", "email_verified": True},
)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `oidc-provider-mock`, in a process of its own."""
    port = server.free_port()
    told = [f"--user-claims={json.dumps(person)}" for person in PEOPLE]
    nonce = "--require-nonce=true"
    log = tmp_path_factory.mktemp("identity") / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "oidc_provider_mock",
                f"--port={port}",
                nonce,
                *told,
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            server.wait(f"http://127.0.0.1:{port}/jwks", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture(scope="module")
def door(
    house: Any, identity: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Recado with that server as its own."""
    name = str(connection.settings_dict["NAME"])
    with server.running(
        name,
        home=tmp_path_factory.mktemp("sign-in"),
        OIDC_ISSUER=identity,
        OAUTH_CLIENT_ID="recado",
        OAUTH_CLIENT_SECRET="secret",
        OAUTH_NAME="Padaria ID",
    ) as address:
        yield address


@pytest.fixture
def page(browser: Any, database: None) -> Iterator[Page]:
    """A stranger's browser; what breaks our policy fails the test."""
    context = browser.new_context(locale="pt-BR")
    context.set_default_timeout(10_000)
    page = context.new_page()
    faults: list[str] = []
    page.on(
        "console",
        lambda told: faults.append(told.text) if "Content Security" in told.text else 0,
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def _sign_in(page: Page, door: str, who: str, *, start: str = "/") -> None:
    page.goto(door + start)
    page.get_by_role("button", name="Entrar com Padaria ID").click()
    page.locator(f"button:has-text('{who}')").first.click()


def test_there_and_back_renewed_and_out_again(page, door, identity):
    _sign_in(page, door, "rita", start="/account/sessions/?x=1")

    expect(page).to_have_url(f"{door}/account/sessions/?x=1")
    expect(page.locator("h1")).to_have_text("Onde você está conectado")
    expect(page.locator(".session")).to_contain_text("Este navegador")
    assert checks.violations(page) == []
    user = User.objects.get(email="rita@id.example")
    assert (user.oauth_issuer, user.oauth_id) == (identity, "rita")

    grant = OAuthGrant.objects.get(session__user=user)
    OAuthGrant.objects.filter(pk=grant.pk).update(
        expires_at=timezone.now() - timedelta(minutes=1)
    )
    page.reload()
    expect(page.locator(".session")).to_have_count(1)
    renewed = OAuthGrant.objects.get(pk=grant.pk)
    assert renewed.refreshed_at > grant.refreshed_at
    assert renewed.expires_at is not None
    assert renewed.expires_at > timezone.now()

    page.goto(door)
    expect(page.locator("h1")).to_have_text("Você ainda não participa de nenhum espaço")
    page.get_by_role("button", name="Sair").click()
    page.wait_for_url(f"{identity}/oauth2/end_session**")
    page.locator("button[type=submit]").first.click()
    expect(page).to_have_url(f"{door}/account/login/")
    assert BrowserSession.objects.get(user=user).end == "signed_out"
    page.goto(f"{door}/account/sessions/")
    expect(page.locator("h1")).to_have_text("Entrar")


def test_a_session_that_the_server_ended_comes_back_to_its_page(page, door, identity):
    _sign_in(page, door, "bruno")
    expect(page.locator("h1")).to_contain_text("nenhum espaço")
    page.request.post(f"{identity}/users/bruno/revoke-tokens")
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    page.goto(f"{door}/account/sessions/")

    expect(page.locator(".notice")).to_contain_text("encerrou a sua sessão")
    page.get_by_role("button", name="Entrar com Padaria ID").click()
    page.locator("button:has-text('bruno')").first.click()
    expect(page).to_have_url(f"{door}/account/sessions/")


def test_cancelled_consent_is_told_and_can_be_tried_again(page, door):
    page.goto(f"{door}/account/login/")
    page.get_by_role("button", name="Entrar com Padaria ID").click()
    page.locator("button[value=deny]").click()

    expect(page.locator("h1")).to_have_text("Você cancelou a entrada")
    assert checks.violations(page) == []
    page.get_by_role("button", name="Entrar com Padaria ID").click()
    page.locator("button:has-text('carla')").first.click()
    expect(page.locator("h1")).to_contain_text("nenhum espaço")


def test_a_missing_email_is_told_and_makes_nobody(page, door):
    _sign_in(page, door, "no-mail")

    expect(page.locator("h1")).to_have_text("Falta o seu e-mail")
    assert not User.objects.filter(oauth_id="no-mail").exists()


@pytest.mark.parametrize("width", [1360, 390])
def test_the_door_shows_well(page, door, screens, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{door}/account/login/?next=/account/sessions/")
    page.screenshot(path=screens / f"sign-in-server-{width}.png", caret="initial")

    page.locator("summary").click()

    assert page.get_by_role("button", name="Entrar", exact=True).is_visible()
    assert checks.violations(page) == []
    assert checks.sideways(page) <= 0
