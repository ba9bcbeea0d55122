"""Sending through the real client to servers that behave like the providers, ledger in hand."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from integrations import http
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import (
    MediaGone,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from integrations.providers.base.outgoing import (
    Media,
    MessageRef,
    OutgoingFile,
    OutgoingMessage,
    Text,
)
from integrations.providers.base.templates import TemplateDraft, TemplateStatus
from integrations.providers.base.types import MediaRef, MessageKind, Party, StatusEvent
from tests.conftest import World
from tests.integrations.providers import golden
from tests.twins import dialog360, evolution, meta, server, waha
from tests.twins.ledger import Ledger

ADA = Party(wa_id="5511988880001")
PICTURE = b"\x89PNG\r\n\x1a\n-- a picture --\r\n\0"


@dataclass
class Stage:
    """One adapter, its credentials and client, and the server that plays its provider."""

    slug: str
    adapter: Adapter
    credentials: dict[str, str]
    client: http.Client
    twin: Any
    ledger: Ledger

    def send(self, text: str = "Oi", token: str = "") -> Any:
        message = OutgoingMessage(ADA, Text(text), callback_token=token)
        return self.adapter.send(message, self.credentials, self.client)

    def fetch(self, media: MediaRef, most: int = 10_000) -> tuple[bytes, Any]:
        into = io.BytesIO()
        told = self.adapter.fetch_media(
            media, self.credentials, self.client, into=into, most=most
        )
        return into.getvalue(), told


def _client(world: World, adapter: Adapter, credentials: dict[str, str]) -> http.Client:
    return http.Client(
        workspace_id=world.workspace.pk,
        redact_keys=adapter.redact_keys,
        secrets=[credentials.get(name, "") for name in adapter.secret_fields],
        deadline=5,
    )


@pytest.fixture
def of_meta(world: World, settings: Settings) -> Iterator[Stage]:
    keys = golden.credentials("meta_cloud")
    with server.serving(meta.Twin()) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        twin.tokens[keys["access_token"]] = {keys["waba_id"]}
        number = meta.Number(keys["phone_number_id"], keys["waba_id"], "551140028922")
        twin.add_number(number)
        twin.accounts[number.account].add(twin.app_id)
        known = registry.get("meta_cloud")
        adapter = type(known)({**known.settings, "api_base": twin.url})
        client = _client(world, adapter, keys)
        yield Stage("meta_cloud", adapter, keys, client, twin, twin.desk.ledger)


@pytest.fixture
def of_dialog360(world: World, settings: Settings) -> Iterator[Stage]:
    keys = golden.credentials("dialog360")
    with server.serving(dialog360.Twin()) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        channel = dialog360.Channel("ch-1", "cl-1", "551140028922")
        channel.keys = [keys["api_key"]]
        twin.add_channel(channel)
        known = registry.get("dialog360")
        adapter = type(known)({**known.settings, "api_base": twin.url})
        client = _client(world, adapter, keys)
        yield Stage("dialog360", adapter, keys, client, twin, twin.desk.ledger)


@pytest.fixture
def of_evolution(world: World, settings: Settings) -> Iterator[Stage]:
    keys = golden.credentials("evolution") | {"api_key": evolution.GLOBAL_KEY}
    with evolution.serving() as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        keys["base_url"] = f"http://{twin.host}"
        name = keys["instance_name"]
        twin.instances[name] = evolution.Instance(name, "token", state="open")
        adapter = registry.get("evolution")
        client = _client(world, adapter, keys)
        yield Stage("evolution", adapter, keys, client, twin, twin.ledger)


@pytest.fixture
def of_waha(world: World, settings: Settings) -> Iterator[Stage]:
    keys = golden.credentials("waha")
    with waha.serving(keys["api_key"]) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{twin.port}"]
        keys["base_url"] = twin.url
        name = keys["session_name"]
        twin.sessions[name] = waha.Session(name, {}, status="WORKING")
        adapter = registry.get("waha")
        client = _client(world, adapter, keys)
        yield Stage("waha", adapter, keys, client, twin, twin.ledger)


STAGES = ("of_meta", "of_dialog360", "of_evolution", "of_waha")
CLOUD = STAGES[:2]


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.getfixturevalue(request.param)
    return found


def on(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stage", names, indirect=True)


@on(*STAGES)
def test_message_is_taken_once_and_known_by_its_id(stage: Stage) -> None:
    result = stage.send("Olá", token="tok-1")

    [taken] = stage.ledger.sent
    assert result.external_id.removeprefix("wamid.") == taken.id
    assert taken.to.startswith("5511988880001")


@on(*STAGES)
def test_person_is_shown_that_we_read_and_write(stage: Stage) -> None:
    asked = (MessageRef("3EB0IN"), ADA, stage.credentials, stage.client)

    stage.adapter.mark_read(*asked)
    stage.adapter.show_typing(*asked)

    desk = getattr(stage.twin, "desk", stage.twin)
    assert "3EB0IN" in str(desk.read)
    assert len(desk.typing) == 1
    assert stage.ledger.sent == []


@pytest.mark.parametrize("fault", ["500", "502", "html", "half", "reset"])
@on(*CLOUD)
def test_message_that_was_taken_before_the_trouble_is_told_as_uncertain(
    stage: Stage, fault: str
) -> None:
    stage.twin.late_fault = fault

    with pytest.raises(OutcomeUnknown):
        stage.send(token="tok-1")

    assert [one.token for one in stage.ledger.sent] == ["tok-1"]


@on(*CLOUD)
def test_refused_person_is_a_definite_no(stage: Stage) -> None:
    stage.twin.desk.refuses["5511988880001"] = 131026

    with pytest.raises(Refused) as caught:
        stage.send()

    assert caught.value.code == "131026"
    assert stage.ledger.sent == []


@on(*CLOUD)
def test_our_token_comes_back_in_a_status(stage: Stage) -> None:
    result = stage.send(token="tok-1")
    [taken] = stage.ledger.sent
    value = {"metadata": {"phone_number_id": "1"}} | stage.twin.desk.status(
        taken, "delivered"
    )
    change = {"field": "messages", "value": value}
    body = {"object": meta.OBJECT, "entry": [{"id": "1", "changes": [change]}]}

    [event] = stage.adapter.parse(server.written(body), {})

    assert isinstance(event, StatusEvent)
    assert (event.external_id, event.callback_token) == (result.external_id, "tok-1")


@on(*CLOUD)
def test_file_is_brought_and_fetched_back_byte_by_byte(stage: Stage) -> None:
    file = OutgoingFile("image/png", "ação.png", content=PICTURE)
    media_id = stage.adapter.upload_media(
        Media(MessageKind.IMAGE, file), stage.credentials, stage.client
    )

    content, told = stage.fetch(MediaRef(MessageKind.IMAGE, external_id=media_id))

    assert content == PICTURE
    assert (told.size, told.mime_type) == (len(PICTURE), "image/png")
    with pytest.raises(OutcomeUnknown, match="answer_too_large"):
        stage.fetch(MediaRef(MessageKind.IMAGE, external_id=media_id), most=5)


@on("of_evolution", "of_waha")
def test_file_of_a_bridge_is_fetched(stage: Stage) -> None:
    stage.twin.files |= {"3EB0IN": ("image/png", PICTURE), "1.png": ("", PICTURE)}
    media = MediaRef(
        MessageKind.IMAGE,
        external_id="3EB0IN",
        url="http://waha:3000/api/files/1.png",
        mime_type="image/png",
    )

    content, told = stage.fetch(media)

    assert content == PICTURE
    assert (told.size, told.mime_type) == (len(PICTURE), "image/png")
    with pytest.raises(OutcomeUnknown, match="answer_too_large"):
        stage.fetch(media, most=5)


@on(*STAGES)
def test_file_that_is_no_longer_there_is_gone(stage: Stage) -> None:
    media = MediaRef(
        MessageKind.IMAGE, external_id="404", url="http://waha:3000/api/files/404"
    )

    with pytest.raises(MediaGone):
        stage.fetch(media)
    with pytest.raises(MediaGone):
        stage.fetch(MediaRef(MessageKind.IMAGE))


def test_file_said_to_be_elsewhere_is_not_fetched_with_our_token(
    of_meta: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_meta.twin.desk.files["77"] = ("image/png", PICTURE)
    monkeypatch.setattr(type(of_meta.twin), "_files", "https://files.example")

    with pytest.raises(Refused) as caught:
        of_meta.fetch(MediaRef(MessageKind.IMAGE, external_id="77"))

    assert caught.value.code == "foreign_address"


@on(*CLOUD)
def test_templates_are_made_listed_on_all_pages_and_deleted(stage: Stage) -> None:
    keys = (stage.credentials, stage.client)
    body = {"type": "BODY", "text": "Oi, {{1}}"}
    for number in range(5):
        draft = TemplateDraft(f"t{number}", "pt_BR", "utility", [body])
        made = stage.adapter.create_template(draft, *keys)
        assert made.status is TemplateStatus.PENDING
        assert [gap.name for gap in made.gaps] == ["1"]
    stage.twin.desk.templates[0]["status"] = "approved"

    listed = stage.adapter.list_templates(*keys)
    stage.adapter.delete_template("t1", *keys)

    assert [one.name for one in listed] == ["t0", "t1", "t2", "t3", "t4"]
    assert listed[0].status is TemplateStatus.APPROVED
    assert len(stage.adapter.list_templates(*keys)) == 4


def test_number_is_found_by_the_address_that_it_has_on_whatsapp(
    of_evolution: Stage, of_waha: Stage, settings: Settings
) -> None:
    settings.EGRESS_ALLOWED_HOSTS = [
        of_evolution.twin.host,
        f"127.0.0.1:{of_waha.twin.port}",
    ]
    of_waha.twin.contact = {"numberExists": True, "chatId": "551188880001@c.us"}

    for stage in (of_evolution, of_waha):
        person = stage.adapter.find_person(
            "5511988880001", stage.credentials, stage.client
        )
        assert person == Party(wa_id="551188880001")


def test_number_that_nobody_has_is_nobodys(
    of_evolution: Stage, of_waha: Stage, settings: Settings
) -> None:
    settings.EGRESS_ALLOWED_HOSTS = [
        of_evolution.twin.host,
        f"127.0.0.1:{of_waha.twin.port}",
    ]
    of_evolution.twin.strangers.add("5511988880001")

    for stage in (of_evolution, of_waha):
        asked = ("5511988880001", stage.credentials, stage.client)
        assert stage.adapter.find_person(*asked) is None


def test_number_without_whatsapp_and_server_without_phone_are_told_apart(
    of_evolution: Stage,
) -> None:
    of_evolution.twin.strangers.add("5511988880001")
    with pytest.raises(Refused) as caught:
        of_evolution.send()
    assert caught.value.code == "not_on_whatsapp"

    [instance] = of_evolution.twin.instances.values()
    instance.state = "close"
    with pytest.raises(OutcomeUnknown) as unknown:
        of_evolution.send()
    assert unknown.value.code == "connection_lost"


def test_session_that_is_not_working_has_sent_nothing(of_waha: Stage) -> None:
    [session] = of_waha.twin.sessions.values()
    session.status = "STOPPED"

    with pytest.raises(Unavailable) as caught:
        of_waha.send()

    assert caught.value.code == "session_not_ready"
    assert of_waha.ledger.sent == []
