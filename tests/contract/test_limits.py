"""What a composer is told of limits is what send() keeps: nothing leaves that is over one."""

from dataclasses import replace

import pytest

from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import ContentRefused
from integrations.providers.base.outgoing import (
    Button,
    Buttons,
    Component,
    Content,
    Media,
    OutgoingFile,
    OutgoingMessage,
    Parameter,
    ParameterKind,
    Part,
    Row,
    Section,
    Template,
    Text,
)
from integrations.providers.base.types import MessageKind
from tests.contract import messages
from tests.contract.messages import MENU, PERSON
from tests.integrations.providers.wire import Wire, answer

MEDIA = [kind for kind in messages.KINDS if kind not in messages.SAMPLES]


def _refused(
    adapter: Adapter, credentials: dict[str, str], content: Content
) -> ContentRefused:
    wire = Wire(answer(500))
    with pytest.raises(ContentRefused) as caught:
        adapter.send(OutgoingMessage(PERSON, content), credentials, wire)
    assert wire.requests == [], "nothing may leave"
    return caught.value


def test_text_may_be_as_long_as_told_and_not_a_character_longer(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    limits = adapter.limits_of(MessageKind.TEXT)
    assert limits is not None
    assert limits.text is not None

    adapter.check(Text("é" * limits.text))
    refused = _refused(adapter, credentials, Text("é" * (limits.text + 1)))

    assert (refused.code, refused.field) == ("text_too_long", "text")
    assert refused.most == limits.text


@pytest.mark.parametrize("body", ["", " \n\t "])
def test_empty_text_is_refused(
    body: str, adapter: Adapter, credentials: dict[str, str]
) -> None:
    assert _refused(adapter, credentials, Text(body)).code == "text_missing"


@pytest.mark.parametrize("kind", MEDIA)
def test_file_of_wrong_type_size_or_caption_is_refused(
    kind: MessageKind, adapter: Adapter, credentials: dict[str, str]
) -> None:
    limits = adapter.limits_of(kind)
    if limits is None:
        return
    right = messages.content_of(adapter, kind)
    assert isinstance(right, Media)
    adapter.check(right)

    if limits.mime_types:
        file = replace(right.file, mime_type="application/x-msdownload")
        refused = _refused(adapter, credentials, replace(right, file=file))
        assert (refused.code, refused.field) == ("file_type", "file")
    assert limits.size is not None
    if not right.file.content:
        file = replace(right.file, size=limits.size + 1)
        refused = _refused(adapter, credentials, replace(right, file=file))
        assert (refused.code, refused.most) == ("file_too_large", limits.size)
    assert limits.text is not None
    told = replace(right, caption="x" * (limits.text + 1))
    assert _refused(adapter, credentials, told).field == "caption"


def test_file_without_anything_of_it_is_refused(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    nothing = Media(MessageKind.IMAGE, OutgoingFile("image/png"))

    assert _refused(adapter, credentials, nothing).code == "file_missing"


@pytest.mark.parametrize(
    ("capability", "file"),
    [
        (Capability.MEDIA_UPLOAD, OutgoingFile("image/png", external_id="m-1")),
        (Capability.MEDIA_LINK, OutgoingFile("image/png", url="https://a.test/1.png")),
        (Capability.MEDIA_INLINE, OutgoingFile("image/png", content=b"bytes")),
    ],
)
def test_file_goes_by_the_ways_that_are_declared_and_no_other(
    capability: Capability,
    file: OutgoingFile,
    adapter: Adapter,
    credentials: dict[str, str],
) -> None:
    content = Media(MessageKind.IMAGE, file)

    if capability in adapter.capabilities:
        adapter.check(content)
    else:
        assert _refused(adapter, credentials, content).code == "file_unreachable"


def test_file_above_buttons_or_within_a_template_must_be_there_too(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    nothing = Media(MessageKind.IMAGE, OutgoingFile("image/png"))
    question = replace(messages.BUTTONS, header_media=nothing)
    assert _refused(adapter, credentials, question).code == "file_missing"

    if adapter.limits_of(MessageKind.TEMPLATE) is not None:
        header = Component(
            Part.HEADER, (Parameter(ParameterKind.MEDIA, media=nothing),)
        )
        template = Template("novidade", "pt_BR", (header,))
        assert _refused(adapter, credentials, template).code == "file_missing"
        empty = Template("pedido", "pt_BR", (Component(Part.BODY, (Parameter(),)),))
        assert _refused(adapter, credentials, empty).code == "parameter_missing"


def test_answers_are_counted_and_told_apart(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    limits = adapter.limits_of(MessageKind.INTERACTIVE)
    assert limits is not None
    assert limits.buttons is not None
    assert limits.rows is not None
    many = tuple(Button(str(at), f"B{at}") for at in range(limits.buttons + 1))
    rows = tuple(Row(str(at), f"R{at}") for at in range(limits.rows + 1))

    adapter.check(Buttons("?", many[:-1]))
    assert _refused(adapter, credentials, Buttons("?", many)).field == "buttons"
    assert _refused(adapter, credentials, Buttons("?", ())).code == "missing"
    twice = (Button("1", "Sim"), Button("1", "Não"))
    assert _refused(adapter, credentials, Buttons("?", twice)).code == "ids_repeated"
    menu = replace(MENU, sections=(Section(rows),))
    assert _refused(adapter, credentials, menu).field == "rows"


def test_upload_is_refused_before_its_bytes_leave(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    if Capability.MEDIA_UPLOAD not in adapter.capabilities:
        return
    limits = adapter.limits_of(MessageKind.IMAGE)
    assert limits is not None
    assert limits.size is not None
    wire = Wire(answer(500))
    for file in (
        OutgoingFile("image/png"),
        OutgoingFile("image/gif", content=b"GIF89a"),
        OutgoingFile("image/png", content=b"x" * (limits.size + 1)),
    ):
        with pytest.raises(ContentRefused):
            adapter.upload_media(Media(MessageKind.IMAGE, file), credentials, wire)
    assert wire.requests == []
