"""A central server with a person, an admin, a first-party client and another one."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from django.test import Client, override_settings
from django.utils import timezone

from accounts.central import clients, journal, people, signing
from accounts.central.models import Application
from accounts.models import AuditEvent, User
from tests.central import role

PASSWORD = "corredor-azul-57"
SHOP, OTHER = "https://loja.example/callback", "https://outra.example/volta"


@pytest.fixture(autouse=True)
def _in_the_central_role() -> Iterator[None]:
    with override_settings(**role.overrides()):
        signing.forget()
        yield
    signing.forget()


@dataclass
class Party:
    """A registered client, and what it knows."""

    client: OAuthClient
    secret: str | None
    redirect_uri: str
    http: Client = field(default_factory=lambda: Client(SERVER_NAME="localhost"))

    def basic(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self.client.pk}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def token(self, **told: str) -> Any:
        """At the token end point, with its own secret unless `told` says otherwise."""
        told = {"client_id": self.client.pk} | told
        if self.secret is not None and "client_secret" not in told:
            told["client_secret"] = self.secret
        return self.http.post("/oauth/token", told)

    def exchange(self, code: str, verifier: str, **told: str) -> Any:
        return self.token(
            **{
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": self.redirect_uri,
            }
            | told
        )

    def refresh(self, value: str) -> Any:
        return self.token(grant_type="refresh_token", refresh_token=value)

    def introspect(self, token: str) -> Any:
        answer = self.http.post(
            "/oauth/introspect", {"token": token}, headers=self.basic()
        )
        return answer.json() if answer.status_code == 200 else answer

    def revoke(self, token: str) -> Any:
        return self.http.post("/oauth/revoke", {"token": token}, headers=self.basic())


@dataclass
class House:
    person: User
    admin: User
    recado: Party
    shop: Party

    def browser(self, user: User | None = None) -> Client:
        browser = Client(SERVER_NAME="localhost")
        if user is not None:
            browser.force_login(user)
        return browser

    def ask(self, party: Party, **told: Any) -> tuple[dict[str, str], str]:
        """The parameters of an authorization request, and the verifier to them."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": party.client.pk,
            "redirect_uri": party.redirect_uri,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "s" * 32,
            "nonce": "n" * 32,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        } | told
        return {name: value for name, value in asked.items() if value}, verifier

    def code(
        self, party: Party, user: User, *, browser: Client | None = None, **told: Any
    ) -> tuple[str, str]:
        """Sign in as far as the code, by the consent page where there is one."""
        asked, verifier = self.ask(party, **told)
        browser = browser or self.browser(user)
        answer = browser.get("/oauth/authorize", asked)
        if answer.status_code == 200:
            answer = browser.post("/oauth/authorize", consent(answer, asked["scope"]))
        return parse_qs(urlsplit(answer["Location"]).query)["code"][0], verifier

    def tokens(self, party: Party, user: User, **told: Any) -> dict[str, Any]:
        code, verifier = self.code(party, user, **told)
        answer = party.exchange(code, verifier)
        assert answer.status_code == 200, answer.content
        return dict(json.loads(answer.content))

    def api(self, path: str, token: str) -> Any:
        return self.recado.http.get(path, headers={"Authorization": f"Bearer {token}"})


def consent(page: Any, scope: str, action: str = "grant") -> dict[str, Any]:
    return {
        "request": page.context["form"].initial["request"]
        if "request" in page.context["form"].initial
        else page.context["form"]["request"].value(),
        "scopes": scope.split(),
        "action": action,
    }


@pytest.fixture
def house(db: None) -> House:
    now = timezone.now()
    signing.ensure_key(now=now)
    person = people.create_person(
        email="bia@example.com", password=PASSWORD, name="Bia Nunes"
    )
    admin = people.create_person(email="admin@example.com", password=PASSWORD)
    admin.is_platform_admin = True
    admin.save()
    parties = []
    for name, uri in (("Recado", SHOP), ("Loja", OTHER)):
        made = clients.register(
            name=name,
            redirect_uris=[uri],
            is_public=False,
            may_call_api=True,
            now=now,
        )
        parties.append(Party(made.client, made.secret, uri))
    recado, shop = parties
    recado.client.skip_consent = True
    recado.client.save()
    Application.objects.filter(client=recado.client).update(is_first_party=True)
    return House(person, admin, recado, shop)


@pytest.fixture
def admin(house: House) -> Client:
    return house.browser(house.admin)


def actions() -> list[str]:
    entries = AuditEvent.objects.for_workspace(journal.house()).order_by("sequence")
    return [entry.action for entry in entries]
