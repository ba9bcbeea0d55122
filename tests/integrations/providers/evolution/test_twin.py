"""The adapter through our own HTTP client against a whole server, from first code to last."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from integrations import http
from integrations.models import ChannelLog
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    SignatureInvalid,
    Throttled,
    Unavailable,
    Unreachable,
)
from integrations.providers.base.types import (
    MessageEvent,
    RawRequest,
    SessionReport,
    SessionWish,
)
from tests.conftest import World
from tests.twins import evolution

PHONE = "5511987654321"
WISH = SessionWish(
    webhook_url="https://inbox.example/webhooks/whatsapp/t/", phone=PHONE
)
MakeClient = Callable[..., http.Client]


@pytest.fixture
def server(settings: Settings) -> Iterator[evolution.Twin]:
    with evolution.serving() as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        yield twin


@pytest.fixture
def adapter() -> Adapter:
    return registry.get("evolution")


@pytest.fixture
def keys(server: evolution.Twin, adapter: Adapter) -> dict[str, str]:
    return adapter.validate_credentials(
        {
            "phone_number": f"+{PHONE}",
            "base_url": f"http://{server.host}",
            "instance_name": "ws12",
            "api_key": evolution.GLOBAL_KEY,
            "webhook_secret": "a-webhook-secret-of-ours",
        }
    )


@pytest.fixture
def client(world: World, adapter: Adapter, keys: dict[str, str]) -> MakeClient:
    def make(deadline: float = 15.0) -> http.Client:
        return http.Client(
            workspace_id=world.workspace.pk,
            redact_keys=adapter.redact_keys,
            secrets=[keys[name] for name in adapter.secret_fields],
            deadline=deadline,
        )

    return make


@pytest.fixture
def ask(
    adapter: Adapter, keys: dict[str, str], client: MakeClient
) -> Callable[[], SessionReport]:
    return lambda: adapter.session_status("ws12", keys, client())


def proven(server: evolution.Twin) -> list[RawRequest]:
    """What the server posted, as it would arrive here."""
    return [
        RawRequest("POST", url, "", headers, body, datetime.now(UTC))
        for url, body, headers in server.posted
    ]


def test_a_number_lives_from_its_first_code_to_a_new_one(
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
    ask: Callable[[], SessionReport],
) -> None:
    created = adapter.create_session(keys, client(), WISH)
    waiting = ask()

    assert created.state == waiting.state == "awaiting_user"
    assert created.payload == waiting.payload == "2@ws12-1,pub,id,adv"
    assert created.pairing_code == "WZYEH1YY"
    assert created.expires_at is not None
    left = created.expires_at - datetime.now(UTC)
    assert timedelta(seconds=40) < left <= timedelta(seconds=45)

    server.scan("ws12", PHONE)
    connected = ask()
    again = adapter.create_session(keys, client(), WISH)

    assert connected.state == again.state == "connected"
    assert (connected.phone, connected.display_name) == (PHONE, "Loja")

    server.drop("ws12", 428)
    assert ask().state == "degraded"
    server.drop("ws12", 401)
    lost = ask()
    assert (lost.state, lost.provider_state) == ("disconnected", "close 401")

    anew = adapter.create_session(keys, client(), WISH)
    assert (anew.state, anew.payload) == ("awaiting_user", "2@ws12-2,pub,id,adv")
    server.scan("ws12", PHONE)
    adapter.close_session("ws12", keys, client())
    adapter.close_session("ws12", keys, client())
    assert ask().state == "disconnected"

    adapter.remove_session("ws12", keys, client())
    adapter.remove_session("ws12", keys, client())
    assert server.instances == {}
    assert ask().reason == "The server has no instance of this name."
    assert adapter.create_session(keys, client(), WISH).state == "awaiting_user"


def test_codes_that_nobody_scanned_end_in_words_and_begin_anew(
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
    ask: Callable[[], SessionReport],
) -> None:
    adapter.create_session(keys, client(), WISH)
    server.give_up("ws12")

    over = ask()
    anew = adapter.create_session(keys, client(), WISH)

    assert (over.state, over.payload) == ("disconnected", "")
    assert "Nobody scanned" in over.reason
    assert anew.state == "awaiting_user"


def test_another_phone_is_not_let_in_and_its_webhook_is_left_alone(
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
    ask: Callable[[], SessionReport],
) -> None:
    theirs = {"enabled": True, "url": "https://other.example/", "events": []}
    server.instances["ws12"] = evolution.Instance("ws12", "t", webhook=dict(theirs))
    server.scan("ws12", "5521999990002")

    report = adapter.create_session(keys, client(), WISH)

    assert (report.state, report.phone) == ("failed", "5521999990002")
    assert ask().state == "failed"
    assert server.instances["ws12"].webhook == theirs

    adapter.close_session("ws12", keys, client())
    adapter.remove_session("ws12", keys, client())
    assert server.instances["ws12"].state == "open"

    adapter.evict_session("ws12", keys, client())
    anew = adapter.create_session(keys, client(), WISH)
    assert anew.state == adapter.create_session(keys, client(), WISH).state
    assert anew.state == ask().state == "awaiting_user"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("+5511987654321", "551187654321"),
        ("+525512345678", "5215512345678"),
        ("+541123456789", "5491123456789"),
    ],
)
def test_the_expected_phone_is_known_in_each_of_its_notations(
    ours: str,
    theirs: str,
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
) -> None:
    keys["phone_number"] = ours
    adapter.create_session(keys, client(), WISH)
    server.scan("ws12", theirs)

    assert adapter.session_status("ws12", keys, client()).state == "connected"


def test_the_token_of_an_instance_is_enough_where_it_exists(
    server: evolution.Twin, adapter: Adapter, keys: dict[str, str], client: MakeClient
) -> None:
    adapter.create_session(keys, client(), WISH)
    with_token = keys | {"api_key": "token-of-ws12"}

    report = adapter.create_session(with_token, client(), WISH)

    assert report.state == "awaiting_user"
    with pytest.raises(CredentialsRefused):
        adapter.create_session(with_token | {"instance_name": "ws13"}, client(), WISH)
    assert list(server.instances) == ["ws12"]


def test_webhook_is_set_with_the_instance_and_by_api_and_what_it_posts_is_proven(
    server: evolution.Twin, adapter: Adapter, keys: dict[str, str], client: MakeClient
) -> None:
    adapter.create_session(keys, client(), WISH)
    assert adapter.webhook_report(keys, client()).url == WISH.webhook_url

    moved = adapter.set_webhook("https://inbox.example/new/", keys, client())
    server.scan("ws12", PHONE)
    server.write("ws12", "5511988880001", "Oi", message_id="3EB0A1")
    told = [(raw, adapter.parse(raw.body, raw.headers)) for raw in proven(server)]

    assert (moved.url, moved.missing) == ("https://inbox.example/new/", ())
    assert [raw.url for raw, _ in told] == ["https://inbox.example/new/"] * 2
    for raw, _ in told:
        adapter.authenticate_webhook(raw, [keys])
        with pytest.raises(SignatureInvalid):
            adapter.authenticate_webhook(raw, [keys | {"webhook_secret": "x" * 16}])
        stored = adapter.without_secrets(raw.body)
        assert b"token-of-ws12" not in stored
        assert b"inbox.example" not in stored
        assert adapter.parse(stored, {}) == adapter.parse(raw.body, {})
    [message] = told[-1][1]
    assert isinstance(message, MessageEvent)
    assert (message.text, message.number.phone) == ("Oi", PHONE)


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (429, Throttled),
        (500, Unavailable),
        ("html", Unavailable),
        ("half", Unavailable),
    ],
)
def test_a_server_in_trouble_makes_a_typed_error_of_every_operation(
    trouble: int | str,
    error: type[ProviderError],
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
) -> None:
    operations: list[Callable[[], object]] = [
        lambda: adapter.create_session(keys, client(), WISH),
        lambda: adapter.session_status("ws12", keys, client()),
        lambda: adapter.set_webhook(WISH.webhook_url, keys, client()),
        lambda: adapter.webhook_report(keys, client()),
        lambda: adapter.close_session("ws12", keys, client()),
        lambda: adapter.remove_session("ws12", keys, client()),
    ]
    adapter.create_session(keys, client(), WISH)
    server.scan("ws12", PHONE)
    server.trouble = trouble

    for operation in operations:
        with pytest.raises(error):
            operation()


def test_a_wrong_key_makes_nothing(
    server: evolution.Twin, adapter: Adapter, keys: dict[str, str], client: MakeClient
) -> None:
    with pytest.raises(CredentialsRefused):
        adapter.create_session(keys | {"api_key": "wrong-key"}, client(), WISH)

    assert server.instances == {}


def test_half_a_code_is_shown_once_it_is_whole(
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
    ask: Callable[[], SessionReport],
) -> None:
    server.trouble = "half_qr"
    created = adapter.create_session(keys, client(), WISH)
    half = ask()
    server.trouble = None

    assert created.state == half.state == "created"
    assert (created.payload, created.expires_at) == ("", None)
    assert ask().payload == "2@ws12-1,pub,id,adv"


def test_a_slow_server_is_waited_for_only_so_long(
    server: evolution.Twin, adapter: Adapter, keys: dict[str, str], client: MakeClient
) -> None:
    server.trouble = "slow"

    with pytest.raises(OutcomeUnknown):
        adapter.create_session(keys, client(deadline=0.3), WISH)
    server.trouble = None

    # What the slow one did after all is found and gone on with.
    assert adapter.create_session(keys, client(), WISH).state == "awaiting_user"


def test_a_server_that_is_not_there_is_unreachable(
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
    settings: Settings,
) -> None:
    settings.EGRESS_ALLOWED_HOSTS = ["127.0.0.1:1"]

    with pytest.raises(Unreachable):
        adapter.session_status(
            "ws12", keys | {"base_url": "http://127.0.0.1:1"}, client()
        )


def test_no_log_repeats_a_key_or_a_code(
    server: evolution.Twin,
    adapter: Adapter,
    keys: dict[str, str],
    client: MakeClient,
    world: World,
) -> None:
    adapter.create_session(keys, client(), WISH)
    adapter.create_session(keys, client(), WISH)
    adapter.webhook_report(keys, client())

    rows = ChannelLog.objects.for_workspace(world.workspace)
    written = "\n".join(f"{row.url}\n{row.request}\n{row.response}" for row in rows)

    assert "ws12" in written
    secrets = [keys[name] for name in adapter.secret_fields]
    hidden = [*secrets, "token-of-ws12", "2@ws12", "WZYEH1YY", "webhooks/whatsapp/t"]
    assert [text for text in hidden if text in written] == []
