"""What a message says: WhatsApp's own message object, as the gateway passes it on."""

import base64
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader, decode
from integrations.providers.base.types import Json, MediaRef, MessageKind

_MOST_WRAPPERS: Final = 5
_WRAPPERS: Final = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
)
# Bytes and surroundings that say nothing to a reader.
_LEFT_OUT: Final = frozenset(
    {"contextInfo", "jpegThumbnail", "thumbnail", "mediaKey", "fileEncSha256"}
)
_CARD_LINE: Final = re.compile(
    r"^(?:item\d+\.)?(TEL|EMAIL)[^:\r\n]*:([^\r\n]+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Body:
    """What a message says, whoever wrote it to whom."""

    kind: MessageKind
    text: str = ""
    media: MediaRef | None = None
    content: dict[str, Json] = field(default_factory=dict)
    target_id: str | None = None


def read(message: Reader, told: str, *, message_id: str) -> Body:
    """`told` is the gateway's word for the type; the object itself is believed first."""
    message = unwrapped(message)
    word = _word(message, told)
    reader = _READERS.get(word)
    if reader is None:
        return _unknown(message, word)
    return reader(message, word, message_id)


def unwrapped(message: Reader) -> Reader:
    for _ in range(_MOST_WRAPPERS):
        inner = next(filter(None, map(message.find_section, _WRAPPERS)), None)
        within = inner and inner.find_section("message")
        if not within:
            break
        message = within
    return message


def context(message: Reader, told: str) -> Reader:
    """What a message quotes and where its chat came from; absent more often than not."""
    message = unwrapped(message)
    inner = message.find_section(_word(message, told)) or Reader({})
    return inner.find_section("contextInfo") or Reader({})


def _word(message: Reader, told: str) -> str:
    if message.has(told):
        return told
    return next((word for word in _READERS if message.has(word)), told)


def _text(message: Reader, word: str, message_id: str) -> Body:
    text = message.find_text("conversation")
    if text is None:
        extended = message.find_section("extendedTextMessage") or Reader({})
        text = extended.find_text("text")
    return Body(MessageKind.TEXT, text or "")


def _media(message: Reader, word: str, message_id: str) -> Body:
    file = message.section(word)
    kind = _MEDIA_KINDS[word]
    if word == "audioMessage" and file.is_true("ptt"):
        kind = MessageKind.VOICE
    media = MediaRef(
        kind=kind,
        # The file is asked for by its message; `url` in there is encrypted, of no use.
        external_id=message_id,
        url=message.find_text("mediaUrl"),
        mime_type=file.find_text("mimetype", most=100),
        sha256=_digest(file.plain("fileSha256")),
        size=_size(file),
        filename=file.find_text("fileName", most=255),
        is_animated=file.is_true("gifPlayback") or file.is_true("isAnimated"),
    )
    return Body(kind, file.find_text("caption") or "", media=media)


def _digest(value: Json) -> str | None:
    """Base64, or the bytes one by one under their positions."""
    if type(value) is str:
        return value[:64] or None
    if type(value) is dict and len(value) == 32:
        with suppress(KeyError, TypeError, ValueError):
            told = bytes(value[str(place)] for place in range(32))
            return base64.b64encode(told).decode()
    return None


def _size(file: Reader) -> int | None:
    """A number, its digits, or the two halves of a 64-bit integer."""
    told = file.find_text("fileLength")
    if told is not None:
        return (
            int(told) if told.isascii() and told.isdigit() and len(told) < 16 else None
        )
    halves = file.find_section("fileLength")
    return halves.find_size("low") if halves else file.find_size("fileLength")


def _location(message: Reader, word: str, message_id: str) -> Body:
    place = message.section(word)
    words = (place.find_text("name"), place.find_text("address"))
    content = {
        "latitude": place.plain("degreesLatitude"),
        "longitude": place.plain("degreesLongitude"),
        "name": words[0],
        "address": words[1],
    }
    text = ", ".join(filter(None, words)) or place.find_text("caption") or ""
    return Body(MessageKind.LOCATION, text, content=_told(content))


def _contacts(message: Reader, word: str, message_id: str) -> Body:
    owner = message.section(word)
    cards = owner.find_items("contacts") if owner.has("contacts") else [owner]
    contacts = [_card(card) for card in cards]
    names = [card.find_text("displayName") or "" for card in cards]
    return Body(
        MessageKind.CONTACTS,
        ", ".join(filter(None, names)),
        content={"contacts": contacts},
    )


def _card(card: Reader) -> dict[str, Json]:
    lines = _CARD_LINE.findall(card.find_text("vcard", most=20_000) or "")
    return _told(
        {
            "name": {"formatted_name": card.find_text("displayName") or ""},
            "phones": [{"phone": told} for kind, told in lines if kind == "TEL"],
            "emails": [{"email": told} for kind, told in lines if kind == "EMAIL"],
        }
    )


def _reaction(message: Reader, word: str, message_id: str) -> Body:
    """An empty text takes the reaction back."""
    reaction = message.section(word)
    target_id = reaction.section("key").identifier("id")
    return Body(
        MessageKind.REACTION, reaction.find_text("text") or "", target_id=target_id
    )


def _list_reply(message: Reader, word: str, message_id: str) -> Body:
    reply = message.section(word)
    row = reply.find_section("singleSelectReply") or Reader({})
    content = {
        "id": row.find_text("selectedRowId"),
        "description": reply.find_text("description"),
    }
    return Body(
        MessageKind.LIST_REPLY, reply.find_text("title") or "", content=_told(content)
    )


def _button_reply(message: Reader, word: str, message_id: str) -> Body:
    reply = message.section(word)
    told = reply.find_text("selectedButtonId") or reply.find_text("selectedId")
    return Body(
        MessageKind.BUTTON_REPLY,
        reply.find_text("selectedDisplayText") or "",
        content=_told({"id": told}),
    )


def _flow_reply(message: Reader, word: str, message_id: str) -> Body:
    """The answers are JSON within the JSON; unreadable ones stay text."""
    reply = message.section(word)
    flow = reply.find_section("nativeFlowResponseMessage") or Reader({})
    answers = flow.plain("paramsJson")
    if isinstance(answers, str):
        with suppress(Unreadable):
            answers = decode(answers)
    body = reply.find_section("body") or Reader({})
    return Body(
        MessageKind.FLOW_REPLY,
        body.find_text("text") or "",
        content=_told({"name": flow.plain("name"), "response": answers}),
    )


def _order(message: Reader, word: str, message_id: str) -> Body:
    order = message.section(word)
    text = order.find_text("message") or order.find_text("orderTitle") or ""
    return Body(MessageKind.ORDER, text, content=_plain(order.value))


def _unknown(message: Reader, word: str) -> Body:
    """Kept with all it held; some first messages of an ad's chat come with nothing."""
    content: dict[str, Json] = {"type": word[:100] or "unknown"}
    if message.has(word):
        content["payload"] = _plain(message.plain(word))
    return Body(MessageKind.UNSUPPORTED, content=content)


def _plain(value: Json) -> Json:
    if type(value) is not dict:
        return value
    return {key: inner for key, inner in value.items() if key not in _LEFT_OUT}


def _told(content: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in content.items() if value not in (None, "", [])}


_MEDIA_KINDS: Final = {
    "imageMessage": MessageKind.IMAGE,
    "videoMessage": MessageKind.VIDEO,
    "ptvMessage": MessageKind.VIDEO,
    "audioMessage": MessageKind.AUDIO,
    "documentMessage": MessageKind.DOCUMENT,
    "stickerMessage": MessageKind.STICKER,
}
_READERS: Final[dict[str, Callable[[Reader, str, str], Body]]] = {
    "conversation": _text,
    "extendedTextMessage": _text,
    **dict.fromkeys(_MEDIA_KINDS, _media),
    "locationMessage": _location,
    "liveLocationMessage": _location,
    "contactMessage": _contacts,
    "contactsArrayMessage": _contacts,
    "reactionMessage": _reaction,
    "listResponseMessage": _list_reply,
    "buttonsResponseMessage": _button_reply,
    "templateButtonReplyMessage": _button_reply,
    "interactiveResponseMessage": _flow_reply,
    "orderMessage": _order,
}
