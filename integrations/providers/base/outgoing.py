"""What goes out: one message of ours, in our own words, whatever a provider makes of it.

Frozen, no Django, no I/O. `outgoing_json.py` writes these down and reads them back.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from integrations.providers.base.types import DeliveryStatus, MessageKind, Party

MEDIA_KINDS: Final = frozenset(
    {
        MessageKind.IMAGE,
        MessageKind.VIDEO,
        MessageKind.AUDIO,
        MessageKind.VOICE,
        MessageKind.DOCUMENT,
        MessageKind.STICKER,
    }
)


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message that is there already: replied to, reacted to, or read.

    `is_ours` tells which side wrote it; some gateways find a message by that alone.
    """

    external_id: str
    is_ours: bool = False
    second_id: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to send: an id from upload_media(), a link, or the bytes; one is enough.

    `size` is checked against the limits wherever it is known. The adapter takes what its
    provider can use: see the capabilities MEDIA_UPLOAD, MEDIA_LINK and MEDIA_INLINE.
    """

    mime_type: str
    filename: str = ""
    size: int = 0
    external_id: str = ""
    url: str = ""
    content: bytes = field(default=b"", repr=False)

    @property
    def bytes_known(self) -> int:
        return len(self.content) or self.size


@dataclass(frozen=True, slots=True)
class Text:
    body: str
    has_preview: bool = False  # of the first link in it


@dataclass(frozen=True, slots=True)
class Media:
    kind: MessageKind  # one of MEDIA_KINDS
    file: OutgoingFile
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    phones: tuple[str, ...] = ()  # E.164, or as a person writes them
    emails: tuple[str, ...] = ()
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Reaction:
    """An empty emoji takes it back."""

    target: MessageRef
    emoji: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Buttons:
    """A question with a few answers under it; above it a line of text or a picture."""

    body: str
    buttons: tuple[Button, ...]
    header: str = ""
    header_media: Media | None = None
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    rows: tuple[Row, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """A question with a list of answers behind one button."""

    body: str
    button: str
    sections: tuple[Section, ...]
    header: str = ""
    footer: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for section in self.sections for row in section.rows)


class ParameterKind(StrEnum):
    TEXT = "text"
    MEDIA = "media"
    LOCATION = "location"
    PAYLOAD = "payload"  # comes back when somebody taps a quick reply
    CODE = "code"  # of a coupon, copied by a button


@dataclass(frozen=True, slots=True)
class Parameter:
    """What fills one gap of a template. `name` is empty where gaps are numbered."""

    kind: ParameterKind = ParameterKind.TEXT
    text: str = ""
    name: str = ""
    media: Media | None = None
    place: Place | None = None


class Part(StrEnum):
    HEADER = "header"
    BODY = "body"
    BUTTON = "button"


class ButtonKind(StrEnum):
    QUICK_REPLY = "quick_reply"
    URL = "url"
    COPY_CODE = "copy_code"


@dataclass(frozen=True, slots=True)
class Component:
    """The gaps of one part of a template; of buttons, of the one at `index`."""

    part: Part
    parameters: tuple[Parameter, ...]
    index: int = 0
    button: ButtonKind | None = None


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    language: str
    components: tuple[Component, ...] = ()


Content = Text | Media | Place | Cards | Reaction | Buttons | Menu | Template


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to send.

    `callback_token` comes back in its statuses (CLIENT_MESSAGE_ID), at most 64 characters.
    `idempotency_key` goes to a provider that honours one (IDEMPOTENT_SEND): only there a
    send whose outcome is unknown may be tried again, with the same key.
    """

    recipient: Party
    content: Content
    reply_to: MessageRef | None = None
    callback_token: str = ""
    idempotency_key: str = ""

    @property
    def kind(self) -> MessageKind:
        return kind_of(self.content)


_KINDS: Final[dict[type, MessageKind]] = {
    Text: MessageKind.TEXT,
    Place: MessageKind.LOCATION,
    Cards: MessageKind.CONTACTS,
    Reaction: MessageKind.REACTION,
    Buttons: MessageKind.INTERACTIVE,
    Menu: MessageKind.INTERACTIVE,
    Template: MessageKind.TEMPLATE,
}


def kind_of(content: Content) -> MessageKind:
    return content.kind if isinstance(content, Media) else _KINDS[type(content)]


def as_numbered_text(content: Buttons | Menu) -> str:
    """The question with its answers numbered, for phones and gateways without buttons."""
    answers = (
        [(one.title, "") for one in content.buttons]
        if isinstance(content, Buttons)
        else [(row.title, row.description) for row in content.rows]
    )
    lines = [content.header, content.body, ""]
    for number, (title, detail) in enumerate(answers, 1):
        lines.append(f"{number}. {title}" + (f": {detail}" if detail else ""))
    lines += ["", content.footer]
    return "\n".join(lines).strip()


@dataclass(frozen=True, slots=True)
class SendResult:
    """The provider took it. `status` is more than `accepted` where it says so at once."""

    external_id: str
    second_id: str | None = None
    wa_id: str | None = None
    bsuid: str | None = None
    status: DeliveryStatus = DeliveryStatus.ACCEPTED


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """What fetch_media() has written: the provider's word on it, and how much it was."""

    size: int
    mime_type: str = ""
    filename: str = ""
