"""An identity server, the settings that name it, and a browser that walks between the two."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import SignInEvent
from accounts.vault import store
from tests.accounts.sso import hostile

CALLBACK = "/account/sso/callback/"
PERSON = {
    "sub": "person-1",
    "name": "Rita Moura",
    "email": "rita@example.com",
    "email_verified": True,
}


@pytest.fixture
def idp(db: None, settings: Any) -> Iterator[hostile.Idp]:
    """By discovery."""
    with hostile.serving() as server:
        server.person = dict(PERSON)
        settings.OAUTH = by_discovery(server)
        cache.clear()
        store.forget()  # keys of tests that ran what follows a commit, and were undone
        yield server
        cache.clear()


@pytest.fixture
def passport(idp: hostile.Idp, settings: Any) -> hostile.Idp:
    """Without discovery, as Laravel Passport answers."""
    settings.OAUTH = by_endpoints(idp)
    idp.person = {
        "id": 17,
        "sub": "unused",
        "name": "Rita Moura",
        "email": "rita@example.com",
        "email_verified_at": "2026-01-05T12:00:00Z",
    }
    return idp


def by_discovery(server: Any, **changes: Any) -> dict[str, Any]:
    return {
        "issuer": server.issuer,
        "is_discovered": True,
        "name": "Central",
        "redirect_path": CALLBACK.strip("/") + "/",
        "scope": "openid profile email",
        "auth_params": {},
        "endpoint_hosts": [],
        "link_by_email": False,
        "client_id": hostile.CLIENT_ID,
        "client_secret": hostile.CLIENT_SECRET,
        "token_auth": "auto",
        "uid_field": "sub",
        "userinfo_root": "",
        "name_claim": "name",
        "email_claim": "email",
        "email_verified_claim": "email_verified",
    } | changes


def by_endpoints(server: hostile.Idp, **changes: Any) -> dict[str, Any]:
    return by_discovery(
        server,
        is_discovered=False,
        scope="read write",
        token_auth="client_secret_post",
        uid_field="id",
        email_verified_claim="email_verified_at",
        authorization_endpoint=f"{server.issuer}/oauth/authorize",
        token_endpoint=f"{server.issuer}/oauth/token",
        userinfo_endpoint=f"{server.issuer}/api/user",
        **changes,
    )


@dataclass
class Walker:
    """A browser: begins a sign-in, and brings back what the server's page would give it."""

    idp: hostile.Idp
    client: Client = field(default_factory=Client)

    def begin(self, **form: str) -> Any:
        return self.client.post("/account/sso/start/", form)

    def query(self, answer: Any) -> dict[str, str]:
        found = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: values[0] for name, values in found.items()}

    def return_with(self, **query: str) -> Any:
        return self.client.get(f"{CALLBACK}?{urlencode(query)}")

    def sign_in(self, **form: str) -> Any:
        """The whole walk; the answer of the callback."""
        sent = self.begin(**form)
        if sent.status_code != 302:
            return sent
        code = self.idp.consent(sent.headers["Location"])
        return self.return_with(code=code, state=self.query(sent)["state"])

    def is_signed_in(self) -> bool:
        return self.client.get("/account/sessions/").status_code == 200


@pytest.fixture
def walker(idp: hostile.Idp) -> Walker:
    return Walker(idp)


def last_event() -> SignInEvent:
    return SignInEvent.objects.latest("pk")
