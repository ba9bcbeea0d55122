import hashlib
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEvent
from integrations import gateway
from integrations.models import Channel, Integration, Session, WebhookToken
from integrations.providers.base.errors import CredentialsInvalid
from integrations.services import connections
from tests.commands import run

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
META = {
    "phone_number": "+55 11 98765-4321",
    "phone_number_id": "106540352242922",
    "waba_id": "102290129340398",
    "access_token": "EAAG-secret-access-token",
    "app_secret": "0123456789abcdef0123456789abcdef",
    "verify_token": "a-word-of-my-choice",
}
DIALOG360 = {
    "phone_number": "5511987654321",
    "api_key": "d360-secret-api-key",
    "webhook_secret": "d360-webhook-secret",
}
SANDBOX = {"phone_number": "+5511900000001", "webhook_secret": "sandbox-secret"}
SECRETS = [META[name] for name in ("access_token", "app_secret", "verify_token")]


def connect(workspace, provider="meta_cloud", name="Shop", credentials=None, **change):
    values = dict(META if credentials is None else credentials) | change
    return connections.add_integration(
        workspace=workspace, provider=provider, name=name, credentials=values, now=NOW
    )


def digest_of(url):
    token = url.removesuffix("/").rpartition("/")[2]
    assert len(token) == 43
    return hashlib.sha256(token.encode("ascii")).digest()


# --- connecting ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("provider", "credentials", "external_id", "kind", "session"),
    [
        ("meta_cloud", META, "106540352242922", "credentials", "verifying"),
        ("dialog360", DIALOG360, None, "credentials", "verifying"),
        ("sandbox", SANDBOX, "5511900000001", "qr", "created"),
    ],
)
def test_a_number_is_connected_with_all_that_belongs_to_it(
    world, provider, credentials, external_id, kind, session
):
    connected = connect(world.workspace, provider, credentials=credentials)

    row = Channel.objects.for_workspace(world.workspace).get()
    episode = Session.objects.for_workspace(world.workspace).get()
    digits = credentials["phone_number"].replace(" ", "").replace("-", "").lstrip("+")
    assert row == connected.channel
    assert (row.phone, row.external_id) == (f"+{digits}", external_id)
    assert (row.integration, row.state) == (connected.integration, "new")
    assert (episode.kind, episode.state) == (kind, session)
    assert episode.connected_at is None
    assert connected.webhook_url.startswith("http://127.0.0.1:8000/webhooks/whatsapp/")


def test_the_webhook_url_leads_to_the_credentials_and_nothing_else_shows_them(world):
    connected = connect(world.workspace)

    stored = Integration.objects.for_workspace(world.workspace).get()
    endpoint = gateway.load_endpoint(digest_of(connected.webhook_url))
    ((credentials,),) = endpoint.secrets
    assert credentials["access_token"] == META["access_token"]
    assert credentials["phone_number"] == "+5511987654321"
    for secret in SECRETS:
        assert secret not in stored.credentials
        assert secret not in repr(connected)
    assert connected.webhook_url.rsplit("/", 2)[1] not in repr(connected)


def test_it_is_audited_and_logged_by_ids_alone(world, caplog):
    caplog.set_level(logging.INFO, logger="integrations")
    connected = connect(world.workspace)

    event = AuditEvent.objects.for_workspace(world.workspace).get()
    (record,) = [r for r in caplog.records if r.getMessage() == "integration added"]
    assert (event.action, event.target) == (
        "integration.added",
        str(connected.integration.key),
    )
    assert record.channel_id == connected.channel.pk
    told = json.dumps(event.details) + str(vars(record))
    for hidden in (*SECRETS, "98765", connected.webhook_url):
        assert hidden not in told


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"phone_number": "12345678"}, "phone_number"),
        ({"phone_number": ["+5511987654321"]}, "phone_number"),
        ({"access_token": ""}, "access_token"),
        ({"phone_number_id": "abc"}, "phone_number_id"),
        ({"extra": "x"}, "extra"),
    ],
)
def test_credentials_that_cannot_be_right_connect_nothing(world, change, field):
    with pytest.raises(CredentialsInvalid) as invalid:
        connect(world.workspace, **change)

    assert list(invalid.value.problems) == [field]
    assert not Integration.objects.unscoped("test").exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "Shop"])
def test_a_name_that_cannot_be_connects_nothing(world, name):
    connect(world.workspace)

    with pytest.raises(connections.NameInvalid):
        connect(world.workspace, name=name, phone_number="+5511911112222")

    assert Integration.objects.unscoped("test").count() == 1


@pytest.mark.parametrize(
    "change", [{"phone_number_id": "999999999"}, {"phone_number": "+5511911112222"}]
)
def test_a_number_live_elsewhere_is_refused_without_telling_where(world, change):
    connect(world.other_workspace, name="Oficina segredo")

    with pytest.raises(connections.NumberTaken) as taken:
        connect(world.workspace, **change)

    assert "ficina" not in str(taken.value)
    for model in (Integration, Channel, Session, WebhookToken, AuditEvent):
        assert not model.objects.for_workspace(world.workspace).exists()


def test_a_number_that_comes_back_finds_its_channel_again(world):
    first = connect(world.workspace)
    Channel.objects.for_workspace(world.workspace).update(is_active=False)

    again = connect(world.workspace, name="Shop 2", phone_number_id="222222222")

    sessions = Session.objects.for_workspace(world.workspace)
    assert again.channel.pk == first.channel.pk
    assert again.channel.integration == again.integration
    assert (again.channel.is_active, again.channel.external_id) == (True, "222222222")
    assert sessions.filter(ended_at=None).count() == 1
    assert sessions.count() == 2


def test_a_channel_let_go_by_another_workspace_stays_with_it(world):
    connect(world.other_workspace)
    Channel.objects.for_workspace(world.other_workspace).update(is_active=False)

    connected = connect(world.workspace)

    assert connected.channel.workspace == world.workspace
    assert Channel.objects.unscoped("test").count() == 2


# --- changing the webhook URL -------------------------------------------------
def rotate(integration, *, hours):
    return connections.rotate_webhook_token(
        integration, keep_old_for=timedelta(hours=hours), now=datetime.now(UTC)
    )


def is_known(url):
    try:
        gateway.load_endpoint(digest_of(url))
    except gateway.EndpointNotFound:
        return False
    return True


def test_the_old_url_works_for_as_long_as_it_was_given(world):
    connected = connect(world.workspace)

    fresh = rotate(connected.integration, hours=1)

    assert is_known(connected.webhook_url)
    assert is_known(fresh)
    connected.integration.webhook_tokens.exclude(expires_at=None).update(
        expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    assert not is_known(connected.webhook_url)
    assert is_known(fresh)


def test_at_most_two_urls_are_ever_active(world):
    connected = connect(world.workspace)

    second = rotate(connected.integration, hours=1)
    third = rotate(connected.integration, hours=1)

    assert [is_known(url) for url in (connected.webhook_url, second, third)] == [
        False,
        True,
        True,
    ]


def test_the_old_url_can_end_at_once(world):
    connected = connect(world.workspace)

    fresh = rotate(connected.integration, hours=0)

    assert not is_known(connected.webhook_url)
    assert is_known(fresh)


# --- the commands -------------------------------------------------------------
def add(workspace="padaria", provider="meta_cloud", name="Shop", stdin=None):
    raw = json.dumps(META).encode() if stdin is None else stdin
    return run(
        "add_integration",
        *("--workspace", workspace, "--provider", provider, "--name", name),
        stdin=raw,
    )


def test_the_command_prints_one_object_with_keys_and_the_url(world):
    ran = add()

    told = json.loads(ran.out)
    channel = Channel.objects.for_workspace(world.workspace).get()
    assert (ran.code, ran.err) == (0, "")
    assert set(told) == {"integration", "channel", "webhook_url"}
    assert told["channel"] == str(channel.key)
    assert channel.integration is not None
    assert told["integration"] == str(channel.integration.key)
    assert is_known(told["webhook_url"])


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"workspace": "nada"}, "workspace"),
        ({"provider": "fax"}, "provider"),
        ({"name": ""}, "name"),
        ({"stdin": b""}, "standard input"),
        ({"stdin": b"EAAG-secret-access-token"}, "standard input"),
        ({"stdin": b'["EAAG-secret-access-token"]'}, "standard input"),
        ({"stdin": b"\xff\xfe"}, "standard input"),
        ({"stdin": b"[" * 60_000}, "standard input"),
        ({"stdin": b'{"a":"' + b"x" * 70_000 + b'"}'}, "standard input"),
        (
            {"stdin": json.dumps(META | {"phone_number_id": SECRETS[0]}).encode()},
            "phone_number_id",
        ),
        ({"stdin": json.dumps(META | {"phone_number": "1"}).encode()}, "phone_number"),
    ],
)
def test_the_command_refuses_by_field_and_repeats_no_secret(world, options, field):
    ran = add(**options)

    assert (ran.code, ran.out) == (1, "")
    assert list(json.loads(ran.err)["fields"]) == [field]
    assert len(ran.err.strip().splitlines()) == 1
    for secret in SECRETS:
        assert secret not in ran.err


def test_the_command_tells_a_taken_number_and_not_whose_it_is(world):
    connect(world.other_workspace, name="Oficina segredo")

    ran = add()

    assert ran.code == 1
    assert list(json.loads(ran.err)["fields"]) == ["phone_number"]
    assert "ficina" not in ran.err


def test_a_missing_option_is_a_mistake_of_usage(db):
    assert run("add_integration", "--provider", "meta_cloud").code == 2


def test_asking_for_json_is_no_mistake_where_it_is_the_only_answer(world):
    arguments = ("--workspace", "padaria", "--provider", "sandbox", "--name", "Shop")

    ran = run(
        "add_integration", *arguments, "--json", stdin=json.dumps(SANDBOX).encode()
    )

    assert ran.code == 0
    assert json.loads(ran.out)["webhook_url"]


def test_channels_are_listed_of_one_workspace_or_of_all(world):
    connected = connect(world.workspace)
    connect(world.other_workspace, "sandbox", credentials=SANDBOX)

    one = json.loads(run("list_channels", "--workspace", "padaria", "--json").out)
    every = json.loads(run("list_channels", "--json").out)
    words = run("list_channels").out

    assert one["channels"] == [
        {
            "channel": str(connected.channel.key),
            "workspace": "padaria",
            "integration": str(connected.integration.key),
            "provider": "meta_cloud",
            "phone": "+5511987654321",
            "name": "Shop",
            "state": "new",
            "is_active": True,
        }
    ]
    assert {fact["workspace"] for fact in every["channels"]} == {"padaria", "oficina"}
    assert words.rstrip().endswith("2 numbers")


def test_listing_an_unknown_workspace_is_refused(db):
    assert run("list_channels", "--workspace", "nada").code == 1
