"""The adapter of WAHA against a server that behaves like one, through the real client."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from integrations import http
from integrations.models import ChannelLog
from integrations.providers import registry
from integrations.providers.base.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    Throttled,
    Unavailable,
)
from integrations.providers.base.types import (
    AccountEvent,
    MessageEvent,
    SessionReport,
    SessionWish,
)
from tests.conftest import World
from tests.integrations.loopback import plain
from tests.integrations.loopback import serving as listening
from tests.integrations.providers import golden
from tests.twins.waha import Twin, serving

PHONE = "5511987654321"
NAME = "loja"


class Line:
    """The adapter with its credentials and client, as the gateway holds them."""

    def __init__(self, twin: Twin, world: World) -> None:
        self.twin = twin
        self.adapter = registry.get("waha")
        self.world = world
        self.credentials = golden.credentials("waha") | {"base_url": twin.url}
        self.webhook_url = "https://inbox.example/webhooks/whatsapp/t/"

    def client(self, deadline: float = 10) -> http.Client:
        return http.Client(
            workspace_id=self.world.workspace.pk,
            redact_keys=self.adapter.redact_keys,
            secrets=[self.credentials[name] for name in self.adapter.secret_fields],
            deadline=deadline,
        )

    def create(self, phone: str = "") -> SessionReport:
        wish = SessionWish(webhook_url=self.webhook_url, phone=phone)
        return self.adapter.create_session(self.credentials, self.client(), wish)

    def status(self, deadline: float = 10) -> SessionReport:
        client = self.client(deadline)
        return self.adapter.session_status(NAME, self.credentials, client)

    def close(self) -> None:
        self.adapter.close_session(NAME, self.credentials, self.client())

    def remove(self) -> None:
        self.adapter.remove_session(NAME, self.credentials, self.client())


@pytest.fixture
def line(world: World, settings: Settings) -> Iterator[Line]:
    with serving(golden.credentials("waha")["api_key"]) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{twin.port}"]
        line = Line(twin, world)
        line.webhook_url = ""  # nobody listens unless a test says so
        yield line


def test_number_is_connected_lost_and_connected_again(line: Line) -> None:
    assert line.create().state == "created"

    line.twin.show_code(NAME)
    shown = line.status()
    assert (shown.state, shown.payload) == (
        "awaiting_user",
        line.twin.sessions[NAME].code,
    )
    assert shown.expires_at is not None
    assert timedelta(0) < shown.expires_at - datetime.now(UTC) < timedelta(seconds=21)

    line.twin.scan(NAME, "551187654321")  # as WhatsApp knows older numbers
    connected = line.status()
    assert (connected.state, connected.phone) == ("connected", "551187654321")
    assert line.create().state == "connected", "asking again tells how it stands"

    line.twin.unlink(NAME)
    assert line.status().state == "failed"

    assert line.create().state == "created"
    line.twin.show_code(NAME)
    assert line.status().state == "awaiting_user"
    line.twin.scan(NAME, PHONE)
    assert line.status().state == "connected"


def test_dead_link_is_dropped_when_restarting_does_not_help(line: Line) -> None:
    line.create()
    line.twin.scan(NAME, PHONE)
    line.twin.unlink(NAME)
    line.twin.requests.clear()

    line.create()

    steps = [path.rpartition("/")[2] for method, path in line.twin.requests]
    assert steps == ["sessions", NAME, "restart", NAME, "logout", "start", NAME]
    assert line.twin.sessions[NAME].me is None


def test_each_code_differs_and_after_six_the_session_has_failed(line: Line) -> None:
    line.create()
    codes = set()
    for _ in range(6):
        line.twin.show_code(NAME)
        codes.add(line.status().payload)

    line.twin.show_code(NAME)
    failed = line.status()

    assert len(codes) == 6
    assert (failed.state, failed.payload) == ("failed", "")
    assert "no code was scanned in time" in failed.reason
    assert line.create().state == "created"


def test_pairing_code_is_asked_for_when_a_phone_is_wished(line: Line) -> None:
    line.create()
    line.twin.show_code(NAME)

    report = line.create(phone=PHONE)

    assert report.pairing_code == "ABCD-1234"
    assert report.payload


def test_another_phone_is_not_let_in(line: Line) -> None:
    line.create()
    line.twin.scan(NAME, "5521911110000")

    report = line.status()

    assert (report.state, report.phone) == ("failed", "5521911110000")


@pytest.mark.parametrize("word", ["PASSKEY_REQUIRED", "PASSKEY_CONFIRMATION_REQUIRED"])
def test_passkey_is_finished_in_the_dashboard(line: Line, word: str) -> None:
    line.create()
    line.twin.move(NAME, word)

    report = line.status()

    assert (report.state, report.provider_state) == ("awaiting_user", word)
    assert "WAHA dashboard" in report.reason
    assert report.payload == ""


def test_number_is_disconnected_once_and_for_all(line: Line) -> None:
    line.create()
    line.twin.scan(NAME, PHONE)

    line.close()
    line.close()

    assert line.status().state == "disconnected"
    line.remove()
    line.remove()
    assert line.twin.sessions == {}
    assert line.status().provider_state == "MISSING"


def test_webhook_is_set_beside_those_of_others(line: Line) -> None:
    line.create()
    others = {"url": "https://crm.example/hook", "events": ["message"]}
    line.twin.sessions[NAME].config = {"webhooks": [others], "debug": True}
    urls = [f"https://inbox.example/webhooks/whatsapp/{one}/" for one in ("a", "b")]

    for url in urls:
        report = line.adapter.set_webhook(url, line.credentials, line.client())
        assert (report.url, report.missing) == (url, ())

    config = line.twin.sessions[NAME].config
    assert [one["url"] for one in config["webhooks"]] == [others["url"], urls[1]]
    assert config["debug"] is True
    told = line.adapter.webhook_report(line.credentials, line.client())
    assert (told.url, told.missing) == (urls[1], ())


def test_what_it_posts_is_proven_and_read(line: Line) -> None:
    with listening(plain()) as receiver:
        line.webhook_url = receiver.url("/webhooks/whatsapp/t/")
        line.create()
        line.twin.scan(NAME, PHONE)
        line.twin.say(NAME, "5511988880001", "Olá", "3EB0A1")

    events = [_heard(line, request) for request in receiver.requests]

    state, message = events
    assert isinstance(state, AccountEvent)
    assert (state.kind, state.code) == ("session.status", "WORKING")
    assert isinstance(message, MessageEvent)
    assert (message.external_id, message.text) == ("3EB0A1", "Olá")
    assert message.peer.wa_id == "5511988880001"
    assert message.number.phone == PHONE


def _heard(line: Line, request: bytes) -> Any:
    head, _, body = request.partition(b"\r\n\r\n")
    pairs = (each.split(": ", 1) for each in head.decode().split("\r\n")[1:])
    headers = {name.lower(): value for name, value in pairs}
    raw = golden.request(body=body, headers=headers)
    line.adapter.authenticate_webhook(raw, [line.credentials])
    [event] = line.adapter.parse(body, headers)
    return event


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("401", CredentialsRefused),
        ("403", CredentialsRefused),
        ("429", Throttled),
        ("500", Unavailable),
        ("html", Unavailable),
    ],
)
def test_trouble_is_told_apart_and_leaves_nothing_behind(
    line: Line, fault: str, expected: type[ProviderError]
) -> None:
    line.twin.fault = fault

    with pytest.raises(expected):
        line.create()

    line.twin.fault = ""
    assert line.create().state == "created"


def test_wrong_key_is_refused(line: Line) -> None:
    line.credentials["api_key"] = "a-key-of-another-server"

    with pytest.raises(CredentialsRefused):
        line.create()

    assert line.twin.sessions == {}


def test_half_a_code_is_not_shown_and_the_next_one_is(line: Line) -> None:
    line.create()
    line.twin.show_code(NAME)
    line.twin.fault = "half"

    cut = line.status()

    assert (cut.state, cut.payload, cut.expires_at) == ("awaiting_user", "", None)
    line.twin.fault = ""
    assert line.status().payload == line.twin.sessions[NAME].code


def test_slow_server_costs_no_more_than_the_deadline(line: Line) -> None:
    line.create()
    line.twin.fault, line.twin.delay = "slow", 2.0
    asked_at = datetime.now(UTC)

    with pytest.raises(OutcomeUnknown):
        line.status(deadline=0.3)

    assert datetime.now(UTC) - asked_at < timedelta(seconds=1.5)


def test_log_shows_neither_key_nor_code_nor_address_of_ours(line: Line) -> None:
    with listening(plain()) as receiver:
        line.webhook_url = receiver.url("/webhooks/whatsapp/the-token/")
        line.create()
        line.twin.show_code(NAME)
        report = line.create(phone=PHONE)

    logs = ChannelLog.objects.for_workspace(line.world.workspace)
    written = "\n".join(f"{log.url}\n{log.request}\n{log.response}" for log in logs)
    kept_back = (
        line.credentials["api_key"],
        line.credentials["webhook_secret"],
        report.payload,
        report.pairing_code,
        "the-token",
    )

    assert "SCAN_QR_CODE" in written
    assert [one for one in kept_back if one in written] == []
