"""A send through the real client, to a server that misbehaves: never twice, never a lie."""

import socket
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from integrations import http
from integrations.models import ChannelLog
from integrations.providers.base.adapter import Adapter, HttpResponse
from integrations.providers.base.errors import (
    OutcomeUnknown,
    ProviderError,
    Throttled,
    Unreachable,
)
from tests.conftest import World
from tests.contract import messages
from tests.integrations.loopback import Answer, plain, serving

DEADLINE = 1.0


@dataclass
class Detour:
    """The real client, asked for the same path at the loopback address."""

    client: http.Client
    base: str

    def request(self, method: str, url: str, **asked: Any) -> HttpResponse:
        path = url.split("/", 3)[3]
        return self.client.request(method, f"{self.base}/{path}", **asked)


def _client(world: World, adapter: Adapter, credentials: dict[str, str]) -> http.Client:
    return http.Client(
        workspace_id=world.workspace.pk,
        redact_keys=adapter.redact_keys,
        secrets=[credentials[name] for name in adapter.secret_fields],
        deadline=DEADLINE,
    )


def _hang(connection: socket.socket, request: bytes) -> None:
    """Takes the message and says nothing, until the other side has had enough."""
    connection.settimeout(DEADLINE * 4)
    connection.recv(1)


def _hang_up(connection: socket.socket, request: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _half(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b'{"id":"1')
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("server_does", "expected"),
    [
        (_hang, OutcomeUnknown),
        (_hang_up, OutcomeUnknown),
        (_half, OutcomeUnknown),
        (plain(b"oh", status="500 Oh"), OutcomeUnknown),
        (plain(b"", status="302 Found", headers="Location: /x\r\n"), OutcomeUnknown),
        (plain(b"{}", status="429 Slow"), Throttled),
    ],
    ids=["hangs", "hangs up", "half an answer", "500", "redirect", "429"],
)
def test_message_is_written_once_and_its_outcome_told_as_it_is(
    server_does: Answer,
    expected: type[ProviderError],
    adapter: Adapter,
    credentials: dict[str, str],
    world: World,
    settings: Settings,
) -> None:
    with serving(server_does) as server:
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        wire = Detour(_client(world, adapter, credentials), f"http://{server.host}")
        with pytest.raises(expected):
            adapter.send(messages.text("Olá"), credentials, wire)

    assert len(server.requests) == 1
    assert "Olá".encode() in server.requests[0]


def test_refused_connection_is_a_message_that_never_left(
    adapter: Adapter, credentials: dict[str, str], world: World, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    settings.EGRESS_ALLOWED_HOSTS = [host]
    wire = Detour(_client(world, adapter, credentials), f"http://{host}")

    with pytest.raises(Unreachable):
        adapter.send(messages.text(), credentials, wire)


def test_seeded_secret_is_written_down_nowhere(
    adapter: Adapter,
    credentials: dict[str, str],
    world: World,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secrets = [credentials[name] for name in adapter.secret_fields]
    repeated = " ".join(secrets).encode()
    with serving(plain(repeated, status="400 Bad")) as server:
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        wire = Detour(_client(world, adapter, credentials), f"http://{server.host}")
        with pytest.raises(ProviderError) as caught:
            adapter.send(messages.text(), credentials, wire)

    [row] = ChannelLog.objects.for_workspace(world.workspace)
    told = [caplog.text, repr(caught.value), *map(str, vars(row).values())]
    assert [text for text in told for secret in secrets if secret in text] == []
