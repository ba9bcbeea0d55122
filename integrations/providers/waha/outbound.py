"""One message as a request to WAHA, and what the answer means; files and signs beside.

https://waha.devlike.pro/docs/how-to/send-messages/
"""

import base64
from typing import BinaryIO, Final
from urllib.parse import urlencode, urlsplit

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.errors import (
    ContentRefused,
    MediaGone,
    OutcomeUnknown,
    ProviderError,
    Refused,
)
from integrations.providers.base.limits import base_type
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
from integrations.providers.waha import people
from integrations.providers.waha.api import Api
from integrations.providers.waha.errors import answer_of, not_working

_FILES: Final = "/api/files/"  # WAHA's own; anything else is a signed URL of a store
_GONE: Final = frozenset({403, 404, 410})
_OPERATIONS: Final = {
    MessageKind.IMAGE: "sendImage",
    MessageKind.VIDEO: "sendVideo",
    MessageKind.VOICE: "sendVoice",
}


# --- the question ----------------------------------------------------------------
def send(api: Api, message: OutgoingMessage) -> SendResult:
    chat = chat_of(message.recipient)
    method, path, content = request_of(message, chat)
    response = api.ask(method, path, {"session": api.name, **content})
    return result_of(api, response, chat)


def request_of(message: OutgoingMessage, chat: str) -> tuple[str, str, dict[str, Json]]:
    """Method, path and body, less the session."""
    if isinstance(message.content, Reaction):
        target = full_id(message.content.target, chat)
        told = {"messageId": target, "reaction": message.content.emoji}
        return "PUT", "/api/reaction", told
    operation, content = _content(message.content)
    body: dict[str, Json] = {"chatId": chat, **content}
    if message.reply_to is not None:
        body["reply_to"] = full_id(message.reply_to, chat)
    return "POST", f"/api/{operation}", body


def chat_of(person: Party) -> str:
    """To whichever address the person wrote from."""
    if person.wa_id:
        return f"{person.wa_id}@c.us"
    if person.lid:
        return person.lid
    raise ContentRefused("recipient_missing", field="recipient")


def full_id(message: MessageRef, chat: str) -> str:
    """With the side and the chat before it, as WAHA finds a message."""
    if message.second_id and people.chat_in(message.second_id):
        return message.second_id
    return f"{str(message.is_ours).lower()}_{chat}_{message.external_id}"


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
            title = ", ".join(filter(None, (content.name, content.address)))
            return "sendLocation", {
                "latitude": content.latitude,
                "longitude": content.longitude,
                "title": title,
            }
        case Cards():
            cards = [{"vcard": _vcard(card)} for card in content.cards]
            return "sendContactVcard", {"contacts": cards}
        case _:
            raise Refused("unsupported", "templates")


def _media(content: Media) -> tuple[str, dict[str, Json]]:
    body: dict[str, Json] = {"file": _file(content.file)}
    if content.caption:
        body["caption"] = content.caption
    if content.kind is MessageKind.VOICE:
        body["convert"] = base_type(content.file.mime_type) != "audio/ogg"
    return _OPERATIONS.get(content.kind, "sendFile"), body


def _file(file: OutgoingFile) -> dict[str, Json]:
    """The bytes where we have them: the server then need not reach us."""
    told: dict[str, Json] = {"mimetype": file.mime_type}
    if file.filename:
        told["filename"] = file.filename
    if file.content:
        return {**told, "data": base64.b64encode(file.content).decode()}
    return {**told, "url": file.url}


def _vcard(card: Card) -> str:
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(card.name)}"]
    if card.organization:
        lines.append(f"ORG:{_escaped(card.organization)}")
    for phone in card.phones:
        digits = "".join(filter(str.isdecimal, phone))
        lines.append(f"TEL;type=CELL;type=VOICE;waid={digits}:{_escaped(phone)}")
    lines += [f"EMAIL:{_escaped(email)}" for email in card.emails]
    return "\n".join([*lines, "END:VCARD"])


def _escaped(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.splitlines())


# --- the answer ------------------------------------------------------------------
def result_of(api: Api, response: HttpResponse, chat: str) -> SendResult:
    if not is_success(response):
        raise _error_of(api, response)
    body = read_answer(response)
    key = body.find_section("key") or Reader({})
    found = people.id_in(body, "id") or key.find_identifier("id")
    full = message_id(found)
    external_id = people.bare(full)
    is_full = people.chat_in(full) is not None
    return SendResult(
        external_id=external_id,
        second_id=full if is_full else f"true_{chat}_{external_id}",
        wa_id=people.phone_of(people.chat_in(full) or chat),
    )


def _error_of(api: Api, response: HttpResponse) -> ProviderError:
    """A session that is not working has sent nothing, and may work again soon."""
    error = api.error_of(response)
    return not_working(error, response) or verdict(error, response)


# --- people, signs and files --------------------------------------------------------------
def find_person(api: Api, phone: str) -> Party | None:
    query = urlencode({"phone": phone, "session": api.name})
    told = answer_of(api.do("GET", f"/api/contacts/check-exists?{query}"))
    if told.plain("numberExists") is False:
        return None
    person = people.party(filter(None, [told.find_text("chatId")]))
    if not person.is_known:
        raise OutcomeUnknown("unreadable_answer", "nothing is said about the number")
    return person


def mark_read(api: Api, message: MessageRef, person: Party) -> None:
    chat = chat_of(person)
    told = {"chatId": chat, "messageIds": [full_id(message, chat)]}
    api.do("POST", "/api/sendSeen", {"session": api.name, **told})


def show_typing(api: Api, person: Party) -> None:
    told = {"session": api.name, "chatId": chat_of(person)}
    api.do("POST", "/api/startTyping", told)


def fetch(api: Api, media: MediaRef, *, into: BinaryIO, most: int) -> FetchedMedia:
    """From our address of the server: its own idea of it leads nowhere from here.

    It keeps files for three minutes. A store of files has addresses that need no key.
    """
    if not media.url:
        raise MediaGone("no_media_url", "there is no address to fetch it from")
    parts = urlsplit(media.url)
    before, found, name = parts.path.partition(_FILES)
    del before  # the prefix of a proxy in front of WAHA, which our address has too
    told = into.tell()
    response = (
        api.fetch(f"{_FILES}{name}", into=into, most=most)
        if found
        else api.fetch_stored(media.url, into=into, most=most)
    )
    if response.status_code in _GONE:
        raise MediaGone(f"http_{response.status_code}", "the server has no such file")
    if response.status_code != 200:
        raise api.error_of(response)
    content_type = response.headers.get("content-type", "")
    return FetchedMedia(
        size=into.tell() - told,
        mime_type=media.mime_type or content_type[:100],
        filename=media.filename or "",
    )
