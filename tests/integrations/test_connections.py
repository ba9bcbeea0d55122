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
from tests.factories import integrations as make

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


def connect(
    workspace,
    provider="meta_cloud",
    name="Shop",
    credentials=None,
    is_proven=False,
    **change,
):
    values = dict(META if credentials is None else credentials) | change
    return connections.add_integration(
        workspace=workspace,
        provider=provider,
        name=name,
        credentials=values,
        now=NOW,
        is_proven=is_proven,
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


def test_a_mexican_number_is_connected_as_whatsapp_names_it(world):
    told = DIALOG360 | {"phone_number": "5215512345678"}

    connected = connect(world.workspace, "dialog360", credentials=told)

    assert connected.channel.phone == "+525512345678"


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
    "change",
    [
        {"phone_number_id": "999999999"},
        {"phone_number_id": "999999999", "phone_number": "+551187654321"},
        {"phone_number": "+5511911112222"},
    ],
)
def test_a_number_live_elsewhere_is_refused_without_telling_where(world, change):
    make.claimed(connect(world.other_workspace, name="Oficina segredo").channel)

    with pytest.raises(connections.NumberTaken) as taken:
        connect(world.workspace, is_proven=True, **change)

    assert "ficina" not in str(taken.value)
    for model in (Integration, Channel, Session, WebhookToken, AuditEvent):
        assert not model.objects.for_workspace(world.workspace).exists()


def test_who_has_shown_nothing_learns_nothing_of_other_workspaces(world):
    make.claimed(connect(world.other_workspace).channel)

    connected = connect(world.workspace)

    assert connected.channel.claim is None
    assert Session.objects.for_workspace(world.workspace).get().state == "verifying"


@pytest.mark.parametrize("again", ["+5511987654321", "+551187654321"])
def test_a_live_number_of_ones_own_is_one_number_in_every_form(world, again):
    first = connect(world.workspace)

    with pytest.raises(connections.NumberTaken) as taken:
        connect(
            world.workspace, name="Two", phone_number=again, phone_number_id="222222222"
        )

    assert taken.value.channel == first.channel
    assert Channel.objects.for_workspace(world.workspace).count() == 1


def test_a_number_may_change_its_provider_while_both_are_there(world):
    first = make.claimed(connect(world.workspace).channel)

    second = connect(
        world.workspace, "dialog360", "New", credentials=DIALOG360, is_proven=True
    )

    assert second.channel != first
    assert make.claimed(second.channel).claim == first.claim


def test_another_form_of_a_number_finds_its_channel_again(world):
    first = connect(world.workspace)
    Channel.objects.for_workspace(world.workspace).update(
        is_active=False, integration=None
    )

    again = connect(world.workspace, name="Shop 2", phone_number="+551187654321")

    assert again.channel.pk == first.channel.pk
    assert again.channel.phone == "+551187654321"


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
def rotate(integration):
    return connections.rotate_webhook_token(integration, now=datetime.now(UTC))


def is_known(url):
    try:
        gateway.load_endpoint(digest_of(url))
    except gateway.EndpointNotFound:
        return False
    return True


def use(url):
    """Somebody who can prove it posts to this URL."""
    gateway.confirm_url(gateway.load_endpoint(digest_of(url)))


def ends_at(integration, url):
    return integration.webhook_tokens.get(digest=digest_of(url)).expires_at


def test_the_url_in_use_ends_a_week_after_the_new_one_is_used(world):
    connected = connect(world.workspace)
    integration = connected.integration
    use(connected.webhook_url)

    fresh = rotate(integration)

    assert ends_at(integration, connected.webhook_url) is None
    use(fresh)
    week = ends_at(integration, connected.webhook_url) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < week <= timedelta(days=7)
    assert ends_at(integration, fresh) is None
    assert is_known(connected.webhook_url)


def test_the_url_in_use_outlives_any_number_of_new_ones(world):
    connected = connect(world.workspace)
    use(connected.webhook_url)

    second = rotate(connected.integration)
    third = rotate(connected.integration)

    assert [is_known(url) for url in (connected.webhook_url, second, third)] == [
        True,
        False,
        True,
    ]


def test_of_urls_that_nobody_was_seen_to_use_the_first_goes_on(world):
    connected = connect(world.workspace)

    second = rotate(connected.integration)
    third = rotate(connected.integration)

    assert [is_known(url) for url in (connected.webhook_url, second, third)] == [
        True,
        False,
        True,
    ]


def test_a_url_that_is_used_again_ends_no_later_one(world):
    connected = connect(world.workspace)
    fresh = rotate(connected.integration)

    use(connected.webhook_url)

    assert ends_at(connected.integration, fresh) is None
    assert ends_at(connected.integration, connected.webhook_url) is None


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
    make.claimed(connect(world.other_workspace, name="Oficina segredo").channel)

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
            "is_claimed": False,
        }
    ]
    assert {fact["workspace"] for fact in every["channels"]} == {"padaria", "oficina"}
    assert words.rstrip().endswith("2 numbers")


def test_listing_an_unknown_workspace_is_refused(db):
    assert run("list_channels", "--workspace", "nada").code == 1
