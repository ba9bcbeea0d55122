"""The adapter of 360dialog against a server that behaves like it, through the real client."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from integrations import http
from integrations.models import ChannelLog
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import (
    CredentialsInvalid,
    CredentialsRefused,
    NumberElsewhere,
    NumberUnknown,
    OutcomeUnknown,
    PermissionMissing,
    ProviderError,
    Refused,
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
from tests.integrations.providers import golden
from tests.twins import server
from tests.twins.dialog360 import Channel, Twin

CREDENTIALS = golden.credentials("dialog360")
PHONE = "551140028922"


class Receiver(server.Twin):
    """Our webhook: it takes whatever comes."""

    def answer(self, asked: server.Asked) -> server.Answer:
        return 200, {"status": "ok"}


@dataclass
class Line:
    """The adapter with its credentials and client, as the gateway holds them."""

    twin: Twin
    receiver: Receiver
    world: World
    adapter: Adapter
    credentials: dict[str, str] = field(default_factory=lambda: dict(CREDENTIALS))
    session_id: str = ""

    def client(self, deadline: float = 10) -> http.Client:
        secrets = [
            self.credentials.get(name, "") for name in self.adapter.secret_fields
        ]
        return http.Client(
            workspace_id=self.world.workspace.pk,
            redact_keys=self.adapter.redact_keys,
            secrets=secrets,
            deadline=deadline,
        )

    def create(self) -> SessionReport:
        wish = SessionWish(return_url="https://inbox.example/return/", state="state-1")
        return self._taken(
            self.adapter.create_session(self.credentials, self.client(), wish)
        )

    def status(self, deadline: float = 10) -> SessionReport:
        """Asked again where the channel alone was granted: its key comes with the next."""
        report = self.ask(deadline)
        return self.ask(deadline) if set(report.granted) == {"channel_id"} else report

    def ask(self, deadline: float = 10) -> SessionReport:
        return self._taken(
            self.adapter.session_status(
                self.session_id, self.credentials, self.client(deadline)
            )
        )

    def close(self) -> None:
        self.adapter.close_session(self.session_id, self.credentials, self.client())

    def open_link(self, link: str) -> None:
        """A browser opens the link and is led back; what it brings is taken as it is."""
        status, _ = server.call("GET", link)
        assert status == 302
        query = {name: told[0] for name, told in parse_qs(urlsplit(link).query).items()}
        self.come_back(self.twin.agree(query))

    def come_back(self, url: str) -> None:
        returned = self.adapter.read_return(urlsplit(url).query)
        assert returned.state == "state-1"
        self.session_id = returned.external_id

    def _taken(self, report: SessionReport) -> SessionReport:
        """The report, with what it grants kept as the session's service does."""
        assert set(report.granted) <= set(self.adapter.credential_fields)
        self.credentials |= report.granted
        self.session_id = report.external_id or self.session_id
        return report


@pytest.fixture
def direct(world: World, settings: Settings) -> Iterator[Line]:
    """A customer of 360dialog's own, who pastes a key."""
    with server.serving(Twin()) as twin, server.serving(Receiver()) as receiver:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        channel = twin.add_channel(Channel("ChAnNeL1", "ClIeNt1", PHONE))
        channel.keys.append(CREDENTIALS["api_key"])
        known = registry.get("dialog360")
        adapter = type(known)({**known.settings, "api_base": twin.url})
        yield Line(twin, receiver, world, adapter)


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
FAULTS = [
    ("401", CredentialsRefused),
    ("403", PermissionMissing),
    ("404", Refused),
    ("429", Throttled),
    ("500", Unavailable),
    ("html", OutcomeUnknown),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_trouble_with_a_pasted_key_is_told_by_its_kind(
    direct: Line, fault: str, expected: type[ProviderError]
) -> None:
    direct.twin.fault = fault

    with pytest.raises(expected):
        direct.status()
    with pytest.raises(expected):
        direct.adapter.webhook_report(direct.credentials, direct.client())


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


def test_slow_answer_ends_at_the_deadline(direct: Line) -> None:
    direct.twin.fault, direct.twin.delay = "slow", 2.0

    with pytest.raises(OutcomeUnknown) as caught:
        direct.status(deadline=0.3)

    assert caught.value.code.endswith("_timeout")


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
