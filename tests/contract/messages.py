"""One message of each kind, as a composer would make it, for whichever provider is asked."""

from dataclasses import replace

from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.outgoing import (
    Button,
    Buttons,
    Card,
    Cards,
    Component,
    Content,
    Media,
    Menu,
    MessageRef,
    OutgoingFile,
    OutgoingMessage,
    Parameter,
    Part,
    Place,
    Reaction,
    Row,
    Section,
    Template,
    Text,
)
from integrations.providers.base.types import MessageKind, Party

PERSON = Party(wa_id="5511988880001", bsuid="BR.13491208655302741918")
TARGET = MessageRef("wamid.IN1", second_id="false_5511988880001@c.us_wamid.IN1")
TOKEN = "token-0123456789abcdef"
_TYPES = {
    MessageKind.IMAGE: "image/png",
    MessageKind.VIDEO: "video/mp4",
    MessageKind.AUDIO: "audio/mpeg",
    MessageKind.VOICE: "audio/ogg",
    MessageKind.DOCUMENT: "application/pdf",
    MessageKind.STICKER: "image/webp",
}
BUTTONS = Buttons("OK?", (Button("1", "Sim"), Button("2", "Não")))
MENU = Menu("Qual?", "Opções", (Section((Row("1", "Um", "o primeiro"),), "A"),))
SAMPLES: dict[MessageKind, Content] = {
    MessageKind.TEXT: Text("Olá, Ação ✓"),
    MessageKind.LOCATION: Place(-23.55, -46.63, "Loja", "Rua A, 1"),
    MessageKind.CONTACTS: Cards((Card("Ada Lima", ("+5511988880001",)),)),
    MessageKind.REACTION: Reaction(TARGET, "👍"),
    MessageKind.INTERACTIVE: BUTTONS,
    MessageKind.TEMPLATE: Template(
        "pedido", "pt_BR", (Component(Part.BODY, (Parameter(text="Ada"),)),)
    ),
}
KINDS = [*SAMPLES, *_TYPES]


def file_for(adapter: Adapter, kind: MessageKind) -> OutgoingFile:
    """A small file, by a way that the provider takes."""
    file = OutgoingFile(_TYPES[kind], filename="arquivo", size=9)
    if Capability.MEDIA_INLINE in adapter.capabilities:
        return replace(file, content=b"file-here")
    return replace(file, external_id="media-1")


def content_of(adapter: Adapter, kind: MessageKind) -> Content:
    if kind in SAMPLES:
        return SAMPLES[kind]
    return Media(kind, file_for(adapter, kind))


def message_of(
    adapter: Adapter, kind: MessageKind, *, key: str = "", token: str = ""
) -> OutgoingMessage:
    return OutgoingMessage(
        PERSON,
        content_of(adapter, kind),
        callback_token=token,
        idempotency_key=key,
    )


def text(body: str = "Oi") -> OutgoingMessage:
    return OutgoingMessage(PERSON, Text(body))
