"""One message as a request to Evolution, and what the answer means; files and signs beside.

https://doc.evolution-api.com/v2/api-reference/message-controller/send-text
"""

import base64
import binascii
from typing import BinaryIO, Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.answers import body_of
from integrations.providers.base.errors import (
    ContentRefused,
    MediaGone,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unavailable,
)
from integrations.providers.base.outgoing import (
    Buttons,
    Card,
    Cards,
    Content,
    FetchedMedia,
    Media,
    Menu,
    MessageRef,
    OutgoingFile,
    OutgoingMessage,
    Place,
    Reaction,
    SendResult,
    Text,
    as_numbered_text,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.sending import (
    is_success,
    message_id,
    read_answer,
    verdict,
)
from integrations.providers.base.types import Json, MediaRef, MessageKind, Party
from integrations.providers.evolution.api import Server, phone_of
from integrations.providers.evolution.errors import words_of
from integrations.providers.evolution.people import party

_TYPING_MS: Final = 3000  # the server answers when they are over
# What it lets through of a connection that broke while a message was on its way.
_ON_THE_WAY: Final = ("timed out", "timeout", "connection", "socket", "stream")
_NOT_CONNECTED: Final = "instance is not connected"  # asked before anything is sent
_JSON_AROUND: Final = 64 * 1024  # of a file within an answer


# --- the question ----------------------------------------------------------------
def send(server: Server, message: OutgoingMessage) -> SendResult:
    operation, content = request_of(message)
    response = server.post(f"/message/{operation}/{{}}", content)
    return result_of(server, response)


def request_of(message: OutgoingMessage) -> tuple[str, dict[str, Json]]:
    """The operation and its body."""
    person = message.recipient
    if isinstance(message.content, Reaction):
        target = message.content.target
        reaction = message.content.emoji
        return "sendReaction", {"key": _key(target, person), "reaction": reaction}
    operation, content = _content(message.content)
    body: dict[str, Json] = {"number": _number(person), **content}
    if message.reply_to is not None:
        body["quoted"] = {"key": {"id": message.reply_to.external_id}}
    return operation, body


def _content(content: Content) -> tuple[str, dict[str, Json]]:
    match content:
        case Text():
            return "sendText", {
                "text": content.body,
                "linkPreview": content.has_preview,
            }
        case Buttons() | Menu():  # real ones do not show on many phones
            return "sendText", {"text": as_numbered_text(content), "linkPreview": False}
        case Media():
            return _media(content)
        case Place():
            return "sendLocation", {
                "latitude": content.latitude,
                "longitude": content.longitude,
                "name": content.name,
                "address": content.address,
            }
        case Cards():
            return "sendContact", {"contact": [_card(card) for card in content.cards]}
        case _:
            raise Refused("unsupported", "templates")


def _media(content: Media) -> tuple[str, dict[str, Json]]:
    told = _bytes_or_link(content.file)
    if content.kind is MessageKind.VOICE:
        return "sendWhatsAppAudio", {"audio": told}
    if content.kind is MessageKind.STICKER:
        return "sendSticker", {"sticker": told}
    body: dict[str, Json] = {
        "mediatype": content.kind.value,
        "mimetype": content.file.mime_type,
        "media": told,
    }
    if content.caption:
        body["caption"] = content.caption
    if content.file.filename:
        body["fileName"] = content.file.filename
    return "sendMedia", body


def _bytes_or_link(file: OutgoingFile) -> str:
    """The bytes where we have them: the server then need not reach us."""
    return base64.b64encode(file.content).decode() if file.content else file.url


def _card(card: Card) -> dict[str, Json]:
    phone = card.phones[0] if card.phones else ""
    told: dict[str, Json] = {
        "fullName": card.name,
        "wuid": "".join(filter(str.isdecimal, phone)),
        "phoneNumber": phone,
    }
    if card.organization:
        told["organization"] = card.organization
    if card.emails:
        told["email"] = card.emails[0]
    return told


def _number(person: Party) -> str:
    """Digits, or the address that hides them; to whichever the person wrote from."""
    number = person.wa_id or person.lid
    if not number:
        raise ContentRefused("recipient_missing", field="recipient")
    return number


def _jid(person: Party) -> str:
    number = _number(person)
    return number if "@" in number else f"{number}@s.whatsapp.net"


def _key(message: MessageRef, person: Party) -> dict[str, Json]:
    return {
        "remoteJid": _jid(person),
        "fromMe": message.is_ours,
        "id": message.external_id,
    }


# --- the answer ------------------------------------------------------------------
def result_of(server: Server, response: HttpResponse) -> SendResult:
    if not is_success(response):
        raise _error_of(server, response)
    key = read_answer(response).find_section("key") or Reader({})
    return SendResult(
        external_id=message_id(key.find_identifier("id")),
        wa_id=phone_of(key.find_text("remoteJid")),
    )


def _error_of(server: Server, response: HttpResponse) -> ProviderError:
    """Any exception within the server ends as a 400 with its words, so those count.

    One that tells of a connection may have come after the message left.
    """
    error = server.error(response)
    body = body_of(response)
    told = (body.find_section("response") or body).find_items("message")
    if any(one.plain("exists") is False for one in told):
        return Refused("not_on_whatsapp", "the number is not on WhatsApp")
    words = words_of(body).lower()
    if response.status_code == 400 and _NOT_CONNECTED in words:
        return Unavailable("not_connected", error.detail)
    if response.status_code == 400 and any(word in words for word in _ON_THE_WAY):
        return OutcomeUnknown("connection_lost", error.detail)
    return verdict(error, response)


# --- people, signs and files --------------------------------------------------------------
def find_person(server: Server, phone: str) -> Party | None:
    answer = server.ask("POST", "/chat/whatsappNumbers/{}", json={"numbers": [phone]})
    for told in Reader({"all": answer.value}).find_items("all"):
        if told.is_true("exists"):
            return party(Reader({"id": told.find_text("jid")}))
        if told.plain("exists") is False:
            return None
    raise OutcomeUnknown("unreadable_answer", "nothing is said about the number")


def mark_read(server: Server, message: MessageRef, person: Party) -> None:
    """By phone alone: the server passes over keys with a hidden address."""
    if not person.wa_id:
        raise ContentRefused("recipient_missing", field="recipient")
    key = _key(message, person)
    server.ask("POST", "/chat/markMessageAsRead/{}", json={"readMessages": [key]})


def show_typing(server: Server, person: Party) -> None:
    told = {"number": _number(person), "presence": "composing", "delay": _TYPING_MS}
    server.ask("POST", "/chat/sendPresence/{}", json=told)


def fetch(
    server: Server, media: MediaRef, *, into: BinaryIO, most: int
) -> FetchedMedia:
    """The server unlocks the file and tells it in base64, within JSON."""
    if not media.external_id:
        raise MediaGone("no_media_id", "nothing tells which file it is")
    answer = server.ask(
        "POST",
        "/chat/getBase64FromMediaMessage/{}",
        json={"message": {"key": {"id": media.external_id}}, "convertToMp4": False},
        understood=frozenset({400, 404}),
        most=most * 4 // 3 + _JSON_AROUND,
    )
    if answer.status in {400, 404}:
        raise MediaGone(f"http_{answer.status}", "the server has no such file")
    content = _decoded(answer.body.find_text("base64") or "")
    if len(content) > most:
        raise OutcomeUnknown("answer_too_large")
    into.write(content)
    return FetchedMedia(
        size=len(content),
        mime_type=answer.body.find_text("mimetype", most=100) or media.mime_type or "",
        filename=answer.body.find_text("fileName", most=255) or media.filename or "",
    )


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise OutcomeUnknown("unreadable_answer", "no file in the answer")
    return content
