"""A pasted key of 360dialog against a server that behaves like it, through the real client."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from integrations.models import ChannelLog
from integrations.providers.base.errors import (
    CredentialsInvalid,
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    Refused,
)
from integrations.providers.base.types import MessageEvent
from tests.conftest import World
from tests.integrations.dialog360_line import CREDENTIALS, FAULTS, PHONE, Line, pasted
from tests.integrations.providers import golden


@pytest.fixture
def direct(world: World, settings: Settings) -> Iterator[Line]:
    """A customer of 360dialog's own, who pastes a key."""
    with pasted(world, settings) as line:
        yield line


# --- a pasted key -----------------------------------------------------------------
def test_pasted_key_connects_once_its_webhook_is_set(direct: Line) -> None:
    assert direct.adapter.session_kinds() == ("credentials",)
    assert direct.create().state == "degraded", "nobody is posted to yet"

    url = f"{direct.receiver.url}/webhooks/whatsapp/t/"
    report = direct.adapter.set_webhook(url, direct.credentials, direct.client())

    assert (report.url, report.missing) == (url, ())
    assert direct.create().state == "connected"
    assert direct.status().state == "connected"


def test_webhook_that_360dialog_posts_is_proven_and_read(direct: Line) -> None:
    url = f"{direct.receiver.url}/webhooks/whatsapp/t/"
    direct.adapter.set_webhook(url, direct.credentials, direct.client())

    assert direct.twin.say("ChAnNeL1", "5511988887777", "Oi", "wamid.1") == 200

    post = direct.receiver.asked[-1]
    raw = golden.request(body=post.raw, headers=dict(post.headers))
    direct.adapter.authenticate_webhook(raw, [direct.credentials])
    [event] = direct.adapter.parse(post.raw, {})
    assert isinstance(event, MessageEvent)
    assert (event.text, event.number.phone) == ("Oi", PHONE)


def test_webhook_of_somebody_else_misses_our_header(direct: Line) -> None:
    webhook = {"url": "https://other.example/hook", "headers": {"X-Other": "1"}}
    direct.twin.channels["ChAnNeL1"].webhook = webhook

    report = direct.adapter.webhook_report(direct.credentials, direct.client())

    assert (report.url, report.missing) == (webhook["url"], ("X-Bsp-Token",))


def test_wrong_key_and_key_of_another_number_are_told_apart(direct: Line) -> None:
    direct.twin.channels["ChAnNeL1"].phone = "5511999990000"
    assert direct.create().state == "failed"

    direct.credentials["api_key"] = "another-key-of-nobody"
    with pytest.raises(CredentialsRefused):
        direct.create()


def test_closing_a_pasted_key_leaves_it_to_its_owner(direct: Line) -> None:
    direct.close()

    assert direct.twin.channels["ChAnNeL1"].keys == [CREDENTIALS["api_key"]]
    assert direct.twin.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "https://waba-v2.360dialog.io.evil.example",
        "https://evil.example/360dialog.io",
        "https://360dialog.io@evil.example",
        "https://waba-v2.360dialog.io:8443",
        "http://waba-v2.360dialog.io",
        "https://evil360dialog.io",
        "https://waba-v2.360dialog.io\\@evil.example",
        "https://waba-v2.360dialog.io?x=https://evil.example",
    ],
)
def test_key_never_goes_to_a_stranger(direct: Line, address: str) -> None:
    with pytest.raises(CredentialsInvalid) as invalid:
        direct.adapter.validate_credentials(direct.credentials | {"address": address})
    assert list(invalid.value.problems) == ["address"]

    direct.credentials["address"] = address
    with pytest.raises(Refused) as refused:
        direct.status()
    assert refused.value.code == "foreign_address"
    assert not ChannelLog.objects.for_workspace(direct.world.workspace).exists()


def test_address_at_360dialog_is_taken(direct: Line) -> None:
    address = "https://waba-sandbox.360dialog.io"

    cleaned = direct.adapter.validate_credentials(
        direct.credentials | {"address": address}
    )

    assert cleaned["address"] == address


# --- trouble ----------------------------------------------------------------------
@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_trouble_with_a_pasted_key_is_told_by_its_kind(
    direct: Line, fault: str, expected: type[ProviderError]
) -> None:
    direct.twin.fault = fault

    with pytest.raises(expected):
        direct.status()
    with pytest.raises(expected):
        direct.adapter.webhook_report(direct.credentials, direct.client())


def test_slow_answer_ends_at_the_deadline(direct: Line) -> None:
    direct.twin.fault, direct.twin.delay = "slow", 2.0

    with pytest.raises(OutcomeUnknown) as caught:
        direct.status(deadline=0.3)

    assert caught.value.code.endswith("_timeout")
