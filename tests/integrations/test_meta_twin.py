"""The adapter of the Cloud API against a server that behaves like Meta's, through the real client."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from pytest_django import Settings

from integrations import http
from integrations.models import ChannelLog
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import (
    CredentialsRefused,
    NumberElsewhere,
    NumberUnknown,
    OutcomeUnknown,
    PermissionMissing,
    ProviderError,
    Refused,
    SignatureInvalid,
    Throttled,
    Unavailable,
)
from integrations.providers.base.types import MessageEvent, SessionReport
from tests.conftest import World
from tests.integrations.providers import golden
from tests.twins import server
from tests.twins.meta import Number, Twin

CREDENTIALS = golden.credentials("meta_cloud")
NUMBER, ACCOUNT = CREDENTIALS["phone_number_id"], CREDENTIALS["waba_id"]


@dataclass
class Receiver(server.Twin):
    """Our webhook, as far as the adapter makes it."""

    adapter: Adapter = field(default_factory=lambda: registry.get("meta_cloud"))

    @property
    def webhook(self) -> str:
        return f"{self.url}/webhooks/whatsapp/t/"

    def answer(self, asked: server.Asked) -> server.Answer:
        if asked.method == "POST":
            return 200, {"status": "ok"}
        raw = golden.request(query=urlencode(asked.query), method=asked.method)
        try:
            told = self.adapter.handshake(raw, [CREDENTIALS])
        except SignatureInvalid:
            return 403, ""
        return told.status, told.body.decode()


@dataclass
class Line:
    """The adapter with its credentials and client, as the gateway holds them."""

    twin: Twin
    receiver: Receiver
    world: World
    adapter: Adapter
    credentials: dict[str, str] = field(default_factory=lambda: dict(CREDENTIALS))

    def client(self, deadline: float = 10) -> http.Client:
        return http.Client(
            workspace_id=self.world.workspace.pk,
            redact_keys=self.adapter.redact_keys,
            secrets=[self.credentials[name] for name in self.adapter.secret_fields],
            deadline=deadline,
        )

    def create(self) -> SessionReport:
        return self.adapter.create_session(self.credentials, self.client(), golden.WISH)

    def status(self, deadline: float = 10) -> SessionReport:
        return self.adapter.session_status(
            NUMBER, self.credentials, self.client(deadline)
        )


@pytest.fixture
def line(world: World, settings: Settings) -> Iterator[Line]:
    with server.serving(Twin()) as twin, server.serving(Receiver()) as receiver:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        twin.tokens[CREDENTIALS["access_token"]] = {ACCOUNT}
        twin.add_number(Number(NUMBER, ACCOUNT, "551140028922"))
        known = registry.get("meta_cloud")
        adapter = type(known)({**known.settings, "api_base": twin.url})
        yield Line(twin, receiver, world, adapter)


def test_number_is_connected_and_told_with_its_limits(line: Line) -> None:
    report = line.create()

    assert (report.state, report.phone) == ("connected", "551140028922")
    assert (report.display_name, report.quality) == ("Padaria", "green")
    assert (report.limit, report.throughput) == ("TIER_2K", "standard")
    assert not report.is_on_phone
    assert line.create() == report, "asking again tells how it stands"


def test_number_that_meta_disconnects_says_so(line: Line) -> None:
    line.twin.disconnect(NUMBER)

    report = line.status()

    assert report.state == "disconnected"
    assert report.reason


def test_wrong_key_wrong_number_and_missing_permission_are_told_apart(
    line: Line,
) -> None:
    right = dict(line.credentials)

    line.credentials = right | {"access_token": "another-token-of-nobody"}
    with pytest.raises(CredentialsRefused) as wrong_key:
        line.create()
    line.credentials = right | {"phone_number_id": "106000000000099"}
    with pytest.raises(NumberUnknown) as wrong_number:
        line.create()
    line.credentials = right
    line.twin.tokens[right["access_token"]] = None
    with pytest.raises(PermissionMissing):
        line.create()
    line.twin.tokens[right["access_token"]] = {"102000000000099"}
    with pytest.raises(PermissionMissing):
        line.create()

    assert type(wrong_key.value) is CredentialsRefused
    assert type(wrong_number.value) is NumberUnknown


def test_number_of_another_account_is_told(line: Line) -> None:
    other = "102000000000055"
    line.twin.add_number(Number("106000000000055", other, "551140028922"))
    line.twin.tokens[line.credentials["access_token"]] = {ACCOUNT, other}
    line.credentials["phone_number_id"] = "106000000000055"

    with pytest.raises(NumberElsewhere):
        line.create()


def test_id_of_another_phone_number_is_told(line: Line) -> None:
    line.twin.numbers[NUMBER].phone = "5511999990000"

    report = line.create()

    assert (report.state, report.phone) == ("failed", "5511999990000")


def test_new_app_posts_to_us_once_the_webhook_is_set(line: Line) -> None:
    url = line.receiver.webhook

    report = line.adapter.set_webhook(url, line.credentials, line.client())

    assert (report.url, report.missing) == (url, ())
    assert line.twin.accounts[ACCOUNT] == {line.twin.app_id}
    assert line.twin.app_callback == url
    assert line.twin.numbers[NUMBER].callback == url
    told = line.adapter.webhook_report(line.credentials, line.client())
    assert told == report


def test_webhook_that_meta_posts_is_proven_and_read(line: Line) -> None:
    line.adapter.set_webhook(line.receiver.webhook, line.credentials, line.client())

    assert line.twin.say(NUMBER, "5511988887777", "Oi", "wamid.1") == 200

    post = line.receiver.asked[-1]
    raw = golden.request(body=post.raw, headers=dict(post.headers))
    line.adapter.authenticate_webhook(raw, [line.credentials])
    [event] = line.adapter.parse(post.raw, {})
    assert isinstance(event, MessageEvent)
    assert (event.text, event.number.external_id) == ("Oi", NUMBER)


def test_other_systems_of_the_app_and_the_account_keep_what_they_have(
    line: Line,
) -> None:
    line.twin.app_callback = "https://other.example/hook"
    line.twin.app_fields = ["messages"]
    line.twin.accounts[ACCOUNT] = {"120000000000009"}
    neighbour = line.twin.add_number(
        Number("106000000000002", ACCOUNT, "5511900000002")
    )

    url = line.receiver.webhook
    report = line.adapter.set_webhook(url, line.credentials, line.client())

    assert line.twin.app_callback == "https://other.example/hook"
    assert line.twin.accounts[ACCOUNT] == {"120000000000009", line.twin.app_id}
    assert neighbour.callback == ""
    assert report.url == url
    assert report.missing == (
        "account_update",
        "phone_number_quality_update",
        "message_template_status_update",
    )


def test_events_of_a_number_on_a_phone_are_missed_too(line: Line) -> None:
    line.twin.numbers[NUMBER].is_on_phone = True
    line.twin.accounts[ACCOUNT] = {line.twin.app_id}
    line.twin.app_callback = "https://other.example/hook"
    line.twin.app_fields = [
        *("messages", "account_update", "phone_number_quality_update"),
        *("message_template_status_update", "history"),
    ]

    report = line.adapter.webhook_report(line.credentials, line.client())

    assert line.status().is_on_phone
    assert report.missing == ("smb_message_echoes", "smb_app_state_sync")


def test_webhook_that_does_not_answer_is_not_kept(line: Line) -> None:
    line.credentials["verify_token"] = "another-verify-token"

    with pytest.raises(Refused) as caught:
        line.adapter.set_webhook(line.receiver.webhook, line.credentials, line.client())

    assert caught.value.code == "2200"
    assert line.twin.numbers[NUMBER].callback == ""


def test_wrong_app_secret_is_told_as_such(line: Line) -> None:
    line.credentials |= {"app_secret": "another-app-secret-0000"}

    with pytest.raises(CredentialsRefused) as caught:
        line.adapter.webhook_report(line.credentials, line.client())

    assert caught.value.code == "app_secret"


def test_removing_takes_the_numbers_callback_away(line: Line) -> None:
    line.adapter.set_webhook(line.receiver.webhook, line.credentials, line.client())

    line.adapter.close_session(NUMBER, line.credentials, line.client())
    assert line.twin.numbers[NUMBER].callback

    line.adapter.remove_session(NUMBER, line.credentials, line.client())
    line.adapter.remove_session(NUMBER, line.credentials, line.client())
    assert line.twin.numbers[NUMBER].callback == ""
    assert line.twin.accounts[ACCOUNT] == {line.twin.app_id}


def test_message_links_come_and_go(line: Line) -> None:
    adapter, keys = line.adapter, line.credentials

    link = adapter.create_message_link("Oi, vi no cartaz", keys, line.client())

    assert link.url.startswith("https://wa.me/message/")
    assert adapter.list_message_links(keys, line.client()) == [link]
    adapter.delete_message_link(link.external_id, keys, line.client())
    adapter.delete_message_link(link.external_id, keys, line.client())
    assert adapter.list_message_links(keys, line.client()) == []


def test_all_pages_of_message_links_are_read(line: Line) -> None:
    adapter, keys = line.adapter, line.credentials
    made = [
        adapter.create_message_link(f"Cartaz {place}", keys, line.client())
        for place in range(5)  # the twin tells two at a time
    ]

    assert adapter.list_message_links(keys, line.client()) == made


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("401", CredentialsRefused),
        ("403", PermissionMissing),
        ("404", NumberUnknown),
        ("429", Throttled),
        ("500", Unavailable),
        ("html", OutcomeUnknown),
        ("half", OutcomeUnknown),
    ],
)
def test_trouble_at_meta_is_told_by_its_kind(
    line: Line, fault: str, expected: type[ProviderError]
) -> None:
    line.twin.fault = fault
    adapter, keys = line.adapter, line.credentials

    with pytest.raises(expected):
        line.status()
    with pytest.raises(expected):
        adapter.webhook_report(keys, line.client())


def test_slow_answer_ends_at_the_deadline(line: Line) -> None:
    line.twin.fault, line.twin.delay = "slow", 2.0

    with pytest.raises(OutcomeUnknown) as caught:
        line.status(deadline=0.3)

    assert caught.value.code.endswith("_timeout")


def test_no_secret_and_no_webhook_url_is_written_down(line: Line) -> None:
    line.create()
    line.adapter.set_webhook(line.receiver.webhook, line.credentials, line.client())
    line.twin.fault = "401"
    with pytest.raises(CredentialsRefused):
        line.status()

    rows = ChannelLog.objects.for_workspace(line.world.workspace)
    written = "\n".join(f"{row.url}\n{row.request}\n{row.response}" for row in rows)

    assert rows.count() > 8
    told = [line.credentials[name] for name in line.adapter.secret_fields]
    assert [text for text in [*told, line.receiver.webhook] if text in written] == []
