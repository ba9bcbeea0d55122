"""What a message may hold at a provider, as data: a composer shows it, send() checks it.

Lengths count characters as people see them typed; a provider that counts otherwise and
says no is told like any other refusal.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.providers.base.errors import ContentRefused
from integrations.providers.base.outgoing import (
    Buttons,
    Cards,
    Content,
    Media,
    Menu,
    OutgoingFile,
    Place,
    Reaction,
    Template,
    Text,
)
from integrations.providers.base.types import MessageKind

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one kind of message; what is None has no limit that is known.

    `text` is of a body or a caption, 0 where there can be none. No `mime_types` means any.
    """

    text: int | None = None
    size: int | None = None  # bytes
    mime_types: frozenset[str] = field(default=frozenset())
    header: int | None = None
    footer: int | None = None
    buttons: int | None = None
    button_title: int | None = None
    rows: int | None = None
    row_title: int | None = None
    row_description: int | None = None
    cards: int | None = None


def check(
    content: Content, limits: Limits, *, ways: Collection[str] = frozenset()
) -> None:
    """Return when this can be sent, else raise ContentRefused with the field that cannot.

    `ways` are the fields of a file that the provider can use, none for any of them.
    """
    match content:
        case Text():
            _check_text(content.body, limits.text, "text", is_needed=True)
        case Media():
            _check_media(content, limits, ways)
        case Place():
            _check_place(content)
        case Cards():
            _check_cards(content, limits)
        case Reaction():
            _need(content.target.external_id, "target")
            _check_text(content.emoji, 16, "emoji")
        case Buttons() | Menu():
            _check_question(content, limits)
            if isinstance(content, Buttons) and content.header_media is not None:
                _check_ways(content.header_media.file, ways)
        case Template():
            _check_template(content, ways)


def _check_media(content: Media, limits: Limits, ways: Collection[str]) -> None:
    _check_ways(content.file, ways)
    check_held(content, limits)


def check_held(content: Media, limits: Limits) -> None:
    """As check(), whatever the file's way to the provider will be."""
    check_file(content.file, limits)
    _check_text(content.caption, limits.text, "caption")


def _check_ways(file: OutgoingFile, ways: Collection[str]) -> None:
    told = {name for name in ("external_id", "url", "content") if getattr(file, name)}
    if not told:
        raise ContentRefused("file_missing", field="file")
    if ways and not told & set(ways):
        raise ContentRefused("file_unreachable", field="file")


def check_file(file: OutgoingFile, limits: Limits) -> None:
    kind = base_type(file.mime_type)
    if limits.mime_types and kind not in limits.mime_types:
        raise ContentRefused("file_type", field="file")
    if limits.size is not None and file.bytes_known > limits.size:
        raise ContentRefused("file_too_large", field="file", most=limits.size)


def base_type(mime_type: str) -> str:
    """`audio/ogg; codecs=opus` is an `audio/ogg`."""
    return mime_type.partition(";")[0].strip().lower()


def _check_place(place: Place) -> None:
    if not -90 <= place.latitude <= 90:
        raise ContentRefused("place_invalid", field="latitude")
    if not -180 <= place.longitude <= 180:
        raise ContentRefused("place_invalid", field="longitude")


def _check_cards(content: Cards, limits: Limits) -> None:
    if not content.cards:
        raise ContentRefused("missing", field="cards")
    _check_count(content.cards, limits.cards, "cards")
    for card in content.cards:
        _need(card.name, "name")


def _check_question(content: Buttons | Menu, limits: Limits) -> None:
    _check_text(content.body, limits.text, "text", is_needed=True)
    _check_text(content.header, limits.header, "header")
    _check_text(content.footer, limits.footer, "footer")
    if isinstance(content, Buttons):
        ids = [button.id for button in content.buttons]
        _check_count(content.buttons, limits.buttons, "buttons")
        for button in content.buttons:
            _check_text(button.title, limits.button_title, "buttons", is_needed=True)
    else:
        ids = [row.id for row in content.rows]
        _check_text(content.button, limits.button_title, "button", is_needed=True)
        _check_count(content.rows, limits.rows, "rows")
        for row in content.rows:
            _check_text(row.title, limits.row_title, "rows", is_needed=True)
            _check_text(row.description, limits.row_description, "rows")
    where = "buttons" if isinstance(content, Buttons) else "rows"
    if not ids or not all(ids):
        raise ContentRefused("missing", field=where)
    if len(set(ids)) < len(ids):
        raise ContentRefused("ids_repeated", field=where)


def _check_template(content: Template, ways: Collection[str]) -> None:
    _need(content.name, "name")
    _need(content.language, "language")
    for component in content.components:
        for parameter in component.parameters:
            is_filled = parameter.text.strip() or parameter.media or parameter.place
            if not is_filled:
                raise ContentRefused("parameter_missing", field=component.part)
            if parameter.media is not None:
                _check_ways(parameter.media.file, ways)


def _check_text(
    text: str, most: int | None, field: str, *, is_needed: bool = False
) -> None:
    if is_needed and not text.strip():
        raise ContentRefused("text_missing", field=field)
    if most is not None and len(text) > most:
        raise ContentRefused("text_too_long", field=field, most=most)


def _check_count(found: Sequence[object], most: int | None, field: str) -> None:
    if most is not None and len(found) > most:
        raise ContentRefused("too_many", field=field, most=most)


def _need(text: str, field: str) -> None:
    if not text.strip():
        raise ContentRefused("missing", field=field)


def for_bridge(**more: Limits) -> Mapping[MessageKind, Limits]:
    """Of gateways that play a linked phone: WhatsApp's own limits, few types refused."""
    picture = frozenset({"image/jpeg", "image/png", "image/webp"})
    film = frozenset({"video/mp4", "video/3gpp", "video/quicktime"})
    every = {
        MessageKind.TEXT: Limits(text=4096),
        MessageKind.IMAGE: Limits(text=1024, size=16 * MIB, mime_types=picture),
        MessageKind.VIDEO: Limits(text=1024, size=64 * MIB, mime_types=film),
        MessageKind.AUDIO: Limits(text=0, size=16 * MIB, mime_types=SOUNDS),
        MessageKind.VOICE: Limits(text=0, size=16 * MIB, mime_types=SOUNDS),
        MessageKind.DOCUMENT: Limits(text=1024, size=100 * MIB),
        MessageKind.LOCATION: Limits(),
        MessageKind.CONTACTS: Limits(cards=20),
        MessageKind.REACTION: Limits(),
        MessageKind.INTERACTIVE: Limits(text=1024, buttons=10, rows=10),
    }
    return every | {MessageKind(name): one for name, one in more.items()}


SOUNDS: Final = frozenset(
    {"audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", "audio/webm"}
    | {"audio/wav", "audio/x-wav"}
)
