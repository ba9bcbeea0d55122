"""What a message of WAHA holds. It names no kind: the kind follows from what is there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Json, MediaRef, MessageKind
from integrations.providers.waha.engine import Engine

_MEDIA_WORDS: Final = {
    "imageMessage": MessageKind.IMAGE,
    "videoMessage": MessageKind.VIDEO,
    "ptvMessage": MessageKind.VIDEO,
    "audioMessage": MessageKind.AUDIO,
    "documentMessage": MessageKind.DOCUMENT,
    "stickerMessage": MessageKind.STICKER,
    # WEBJS
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
    "ptt": MessageKind.VOICE,
    "document": MessageKind.DOCUMENT,
    "sticker": MessageKind.STICKER,
}
_MIME_KINDS: Final = {
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
}
_REPLY_KINDS: Final = {
    "buttonsResponseMessage": MessageKind.BUTTON_REPLY,
    "templateButtonReplyMessage": MessageKind.BUTTON_REPLY,
    "listResponseMessage": MessageKind.LIST_REPLY,
}
_CARD_LINE = re.compile(r"(?im)^(?:item[0-9]+\.)?(FN|TEL|EMAIL)((?:;[^:\r\n]*)?):(.*)$")
_MOST_CARDS: Final = 50


@dataclass(frozen=True, slots=True)
class Told:
    kind: MessageKind
    text: str = ""
    media: MediaRef | None = None
    content: Mapping[str, Json] = field(default_factory=dict)


def read_content(payload: Reader, engine: Engine) -> Told:
    place = payload.find_section("location")
    if place is not None:
        return _place(place)
    cards = payload.plain("vCards")
    if type(cards) is list and cards:
        return _cards(cards)
    text = payload.find_text("body") or ""
    if payload.is_true("hasMedia"):
        return _file(payload, engine, text)
    if engine.word in _REPLY_KINDS:
        return _reply(engine, text)
    if text:
        return Told(MessageKind.TEXT, text)
    return Told(MessageKind.UNSUPPORTED, content={"type": engine.word or "empty"})


def _file(payload: Reader, engine: Engine, text: str) -> Told:
    """`media` is null when the server is told not to fetch files; its `error` says why."""
    told = payload.find_section("media") or Reader({})
    mime_type = told.find_text("mimetype", most=100)
    kind = _file_kind(mime_type or "", engine)
    content: dict[str, Json] = {}
    if (error := told.find_section("error")) is not None:
        content["error"] = error.value
    url = told.find_text("url")
    if url is None:
        content["type"] = engine.word or "media"
        return Told(kind or MessageKind.MEDIA_PLACEHOLDER, text, content=content)
    kind = kind or MessageKind.DOCUMENT
    media = MediaRef(
        kind=kind,
        url=url,
        mime_type=mime_type,
        size=engine.body.find_size("fileLength"),
        filename=told.find_text("filename", most=255),
        is_animated=engine.body.is_true("isAnimated"),
    )
    return Told(kind, text, media, content)


def _file_kind(mime_type: str, engine: Engine) -> MessageKind | None:
    """What the engine says, and else what kind of file it is."""
    kind = _MEDIA_WORDS.get(engine.word)
    if kind is MessageKind.AUDIO:
        is_spoken = engine.body.is_true("ptt") or engine.body.is_true("PTT")
        return MessageKind.VOICE if is_spoken else kind
    if kind is not None or not mime_type:
        return kind
    if mime_type.startswith("image/webp"):  # photos are JPEG or PNG
        return MessageKind.STICKER
    if mime_type.startswith("audio/") and "opus" in mime_type:
        return MessageKind.VOICE
    return _MIME_KINDS.get(mime_type.partition("/")[0], MessageKind.DOCUMENT)


def _place(place: Reader) -> Told:
    words = (place.find_text(word) for word in ("name", "address", "description"))
    content = {key: one for key, one in place.value.items() if key != "thumbnail"}
    return Told(MessageKind.LOCATION, ", ".join(filter(None, words)), content=content)


def _cards(cards: list[Json]) -> Told:
    read = [_card(card) for card in cards[:_MOST_CARDS] if type(card) is str]
    names = [str(card["name"]["formatted_name"]) for card in read]
    return Told(
        MessageKind.CONTACTS,
        ", ".join(filter(None, names)),
        content={"contacts": read},
    )


def _card(vcard: str) -> dict[str, Json]:
    """The lines of a vCard that matter, in the shape of the Cloud API's contacts."""
    name, phones, emails = "", [], []
    for word, _, told in _CARD_LINE.findall(vcard):
        value = told.strip()
        match word.upper():
            case "FN":
                name = name or value
            case "TEL":
                phones.append({"phone": value})
            case _:
                emails.append({"email": value})
    return {
        "name": {"formatted_name": name},
        "phones": phones,
        "emails": emails,
        "vcard": vcard,
    }


def _reply(engine: Engine, text: str) -> Told:
    body = engine.body
    row = body.find_section("singleSelectReply") or Reader({})
    chosen = (
        body.find_text("selectedButtonId")
        or body.find_text("selectedId")
        or row.find_text("selectedRowId")
    )
    title = (
        text or body.find_text("selectedDisplayText") or body.find_text("title") or ""
    )
    return Told(_REPLY_KINDS[engine.word], title, content={"id": chosen or ""})
