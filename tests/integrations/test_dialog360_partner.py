"""The link of a partner of 360dialog against a server that behaves like it."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from integrations.models import ChannelLog
from integrations.providers.base.errors import (
    CredentialsRefused,
    NumberElsewhere,
    NumberUnknown,
    OutcomeUnknown,
    PermissionMissing,
    ProviderError,
    Refused,
)
from integrations.providers.base.types import AccountEvent
from tests.conftest import World
from tests.integrations.dialog360_line import CREDENTIALS, FAULTS, PHONE, Line, pasted
from tests.twins.dialog360 import Channel


@pytest.fixture
def direct(world: World, settings: Settings) -> Iterator[Line]:
    """A customer of 360dialog's own, who pastes a key."""
    with pasted(world, settings) as line:
        yield line


@pytest.fixture
def partner(direct: Line) -> Line:
    """A customer of an installation that is a partner, who has no key."""
    twin = direct.twin
    twin.channels["ChAnNeL1"].keys.clear()
    direct.adapter = type(direct.adapter)(
        {
            **direct.adapter.settings,
            "partner_id": twin.partner_id,
            "partner_key": twin.partner_key,
            "partner_api_base": twin.hub_api,
            "hub_base": twin.url,
        }
    )
    direct.credentials = direct.adapter.validate_credentials(
        {"phone_number": f"+{PHONE}"}
    )
    return direct


# --- a partner's link -------------------------------------------------------------
def test_link_leads_to_a_connected_number(partner: Line) -> None:
    kind = partner.adapter.session_kind_of(partner.credentials)
    assert partner.adapter.session_kinds() == ("external_link", "credentials")
    assert kind == "external_link"
    assert [one.name for one in partner.adapter.fields_of(kind)] == ["phone_number"]

    opened = partner.create()
    assert opened.state == "awaiting_user"
    assert partner.create() == opened, "asking again shows the same link"
    assert partner.status().state == "awaiting_user"

    partner.open_link(opened.payload)
    granted = partner.status()

    assert granted.state == "connected"
    assert granted.display_name == "Padaria"
    assert (granted.quality, granted.limit) == ("green", "TIER_1K")
    channel = partner.twin.channels["ChAnNeL1"]
    assert granted.granted == {
        "api_key": channel.keys[0],
        "address": partner.twin.url,
        "channel_id": "ClIeNt1/ChAnNeL1",
    }

    assert partner.status().state == "degraded", "nobody is posted to yet"
    url = f"{partner.receiver.url}/webhooks/whatsapp/t/"
    partner.adapter.set_webhook(url, partner.credentials, partner.client())
    assert partner.status().state == "connected"
    assert partner.create().state == "connected"
    assert len(channel.keys) == 1
    assert partner.twin.made == 1, "no poll makes another key"


def test_number_that_is_not_ready_is_polled_until_it_is(partner: Line) -> None:
    channel = partner.twin.channels["ChAnNeL1"]
    channel.status = "consents_signed"
    partner.open_link(partner.create().payload)

    assert partner.status().state == "verifying"
    assert not channel.keys

    channel.status = "ready"
    assert partner.status().state == "connected"
    assert len(channel.keys) == 1


def test_forged_return_with_a_strangers_channel_gets_no_key(partner: Line) -> None:
    stranger = partner.twin.add_channel(Channel("ChAnNeL9", "ClIeNt9", PHONE))
    partner.come_back("/?client=ClIeNt1&channels=[ChAnNeL9]&state=state-1")

    with pytest.raises(NumberElsewhere):
        partner.status()

    partner.come_back("/?client=ClIeNt1&channels=[ChAnNeL8]&state=state-1")
    with pytest.raises(NumberUnknown):
        partner.status()
    assert stranger.keys == []
    assert partner.twin.made == 0


def test_number_in_use_elsewhere_is_not_taken_over(partner: Line) -> None:
    channel = partner.twin.channels["ChAnNeL1"]
    channel.keys = ["key-of-another-workspace"]
    partner.come_back("/?client=ClIeNt1&channels=[ChAnNeL1]&state=state-1")

    with pytest.raises(Refused) as caught:
        partner.status()

    assert caught.value.code == "key_in_use"
    assert channel.keys == ["key-of-another-workspace"]


def test_another_number_or_none_at_all_is_no_connection(partner: Line) -> None:
    partner.twin.channels["ChAnNeL1"].phone = "5511999990000"
    partner.come_back("/?client=ClIeNt1&channels=[ChAnNeL1]&state=state-1")
    assert partner.status().state == "failed"

    partner.come_back("/?client=ClIeNt1&channels=[]&revoked=[ChAnNeL1]&state=state-1")
    assert partner.status().state == "failed"
    assert partner.twin.made == 0


def test_one_of_several_shared_numbers_is_found(partner: Line) -> None:
    partner.twin.add_channel(Channel("ChAnNeL2", "ClIeNt1", "5511999990000"))
    partner.come_back("/?client=ClIeNt1&channels=[ChAnNeL2,ChAnNeL1]&state=state-1")

    report = partner.status()

    assert report.external_id == "ClIeNt1/ChAnNeL1"
    assert partner.twin.channels["ChAnNeL2"].keys == []


def test_channel_without_a_phone_is_nobodys_until_it_has_one(partner: Line) -> None:
    channel = partner.twin.channels["ChAnNeL1"]
    channel.phone = ""
    partner.come_back("/?client=ClIeNt1&channels=[ChAnNeL1]&state=state-1")

    report = partner.status()

    assert (report.state, report.granted) == ("verifying", {})
    assert partner.twin.made == 0
    channel.phone = PHONE
    assert partner.status().state == "connected"
    assert len(channel.keys) == 1


def test_key_for_a_strange_address_is_not_kept(partner: Line) -> None:
    partner.twin.strange_address = "https://evil.example"
    partner.open_link(partner.create().payload)

    with pytest.raises(Refused) as caught:
        partner.status()

    assert caught.value.code == "foreign_address"
    assert "api_key" not in partner.credentials
    partner.twin.strange_address = ""
    assert partner.status().state == "connected", "the key that was lost is no obstacle"


def test_a_key_that_got_lost_on_its_way_is_made_again(partner: Line) -> None:
    """What was noted before it was made tells it from a stranger's."""
    channel = partner.twin.channels["ChAnNeL1"]
    partner.open_link(partner.create().payload)
    first = partner.ask()
    assert (first.state, set(first.granted)) == ("verifying", {"channel_id"})
    assert partner.twin.made == 0
    lost = partner.adapter.session_status(
        partner.session_id, partner.credentials, partner.client()
    )
    assert channel.keys == [lost.granted["api_key"]]

    assert partner.status().state == "connected"

    assert channel.keys == [partner.credentials["api_key"]]


def test_a_number_about_to_be_granted_may_be_shared_by_another_link(
    partner: Line,
) -> None:
    partner.open_link(partner.create().payload)
    partner.ask()

    assert partner.create().payload

    other = partner.twin.add_channel(Channel("ChAnNeL2", "ClIeNt2", PHONE))
    partner.come_back("/?client=ClIeNt2&channels=[ChAnNeL2]&state=state-1")
    assert partner.status().state == "connected"
    assert other.keys == [partner.credentials["api_key"]]


def test_a_dead_key_that_was_granted_is_found_when_it_is_checked(
    partner: Line,
) -> None:
    partner.open_link(partner.create().payload)
    partner.status()
    partner.twin.channels["ChAnNeL1"].keys = ["somebody-made-another"]

    with pytest.raises(CredentialsRefused):
        partner.adapter.check_credentials(partner.credentials, partner.client())


def test_keys_that_are_not_shared_are_a_missing_permission(partner: Line) -> None:
    partner.twin.channels["ChAnNeL1"].is_shared = False
    partner.open_link(partner.create().payload)

    with pytest.raises(PermissionMissing):
        partner.status()


def test_disconnecting_ends_the_key_and_connecting_makes_a_new_one(
    partner: Line,
) -> None:
    channel = partner.twin.channels["ChAnNeL1"]
    partner.open_link(partner.create().payload)
    partner.status()
    first = partner.credentials["api_key"]

    partner.close()
    partner.close()
    assert channel.keys == []
    with pytest.raises(CredentialsRefused):
        partner.status()

    assert partner.create().state == "connected"
    assert partner.credentials["api_key"] != first
    assert channel.keys == [partner.credentials["api_key"]]


def test_partner_is_told_that_a_channel_was_created(partner: Line) -> None:
    partner.twin.partner_webhook = f"{partner.receiver.url}/webhooks/whatsapp/"

    assert partner.twin.move("ChAnNeL1", "created") == 200

    [event] = partner.adapter.parse(partner.receiver.asked[-1].raw, {})
    assert isinstance(event, AccountEvent)
    assert (event.kind, event.number.phone) == ("channel_created", PHONE)


def test_partners_customer_may_paste_a_key_all_the_same(partner: Line) -> None:
    partner.twin.channels["ChAnNeL1"].keys = [CREDENTIALS["api_key"]]
    partner.credentials = partner.adapter.validate_credentials(CREDENTIALS)

    assert partner.adapter.session_kind_of(partner.credentials) == "credentials"
    assert partner.create().state == "degraded"


# --- trouble ----------------------------------------------------------------------
@pytest.mark.parametrize(("fault", "expected"), [*FAULTS, ("half", OutcomeUnknown)])
def test_trouble_at_the_hub_is_told_by_its_kind(
    partner: Line, fault: str, expected: type[ProviderError]
) -> None:
    partner.open_link(partner.create().payload)
    partner.twin.fault = fault

    with pytest.raises(expected):
        partner.status()

    partner.twin.fault = ""
    assert partner.status().state == "connected", "nothing half-made is left behind"


def test_no_key_and_no_webhook_url_is_written_down(partner: Line) -> None:
    partner.open_link(partner.create().payload)
    partner.status()
    url = f"{partner.receiver.url}/webhooks/whatsapp/t/"
    partner.adapter.set_webhook(url, partner.credentials, partner.client())
    partner.twin.fault = "401"
    with pytest.raises(CredentialsRefused):
        partner.status()

    rows = ChannelLog.objects.for_workspace(partner.world.workspace)
    written = "\n".join(f"{row.url}\n{row.request}\n{row.response}" for row in rows)

    assert rows.count() >= 6
    secrets = [
        url,
        partner.twin.partner_key,
        partner.credentials["api_key"],
        partner.credentials["webhook_secret"],
    ]
    assert [text for text in secrets if text in written] == []
