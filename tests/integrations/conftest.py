"""What tests of room 1 ask for."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from tests.integrations import loopback, pairing
from tests.twins.numbers import Twin


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Twin]:
    """The gateway that pairs phones, on the loopback address."""
    with pairing.offered(monkeypatch, django_settings.EGRESS_ALLOWED_HOSTS) as found:
        yield found


@pytest.fixture
def allow(settings: Settings) -> Callable[..., None]:
    """Let the given servers through although they are on the loopback address."""

    def let_through(*servers: loopback.Server) -> None:
        settings.EGRESS_ALLOWED_HOSTS = [server.host for server in servers]

    return let_through


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The name server of this test: it gives each look-up the next of `answers`."""

    class Resolver:
        answers: list[list[str]] = []
        asked: list[str] = []

        def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
            self.asked.append(host)
            addresses = self.answers[min(len(self.asked), len(self.answers)) - 1]
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    6,
                    "",
                    (address, port),
                )
                for address in addresses
            ]

    found = Resolver()
    found.answers, found.asked = [], []
    monkeypatch.setattr(socket, "getaddrinfo", found)
    return found
