"""One message as the body of a Cloud API send, and what the answer to it means.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
"""

from collections.abc import Callable, Iterable
from typing import Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.errors import ContentRefused, ProviderError
from integrations.providers.base.outgoing import (
    Buttons,
    Card,
    Cards,
    Content,
    Media,
    Menu,
    MessageRef,
    OutgoingMessage,
    Place,
    Reaction,
    SendResult,
    Template,
    Text,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.sending import (
    is_success,
    message_id,
    read_answer,
    verdict,
)
from integrations.providers.base.types import DeliveryStatus, Json, MessageKind, Party
from integrations.providers.cloud_payload import errors
from integrations.providers.cloud_payload.catalogue import SAYS_NO
from integrations.providers.cloud_payload.people import bsuid_of
from integrations.providers.cloud_payload.statuses import WORDS
from integrations.providers.cloud_payload.templates import template_body

PRODUCT: Final = {"messaging_product": "whatsapp"}


# --- the question ----------------------------------------------------------------
def body_of(message: OutgoingMessage) -> dict[str, Json]:
    """Raises ContentRefused for a person whom this API cannot address."""
    word, content = _content(message.content)
    body: dict[str, Json] = {
        **PRODUCT,
        "recipient_type": "individual",
        **_address(message.recipient),
    }
    if message.reply_to is not None:
        body["context"] = {"message_id": message.reply_to.external_id}
    if message.callback_token:
        body["biz_opaque_callback_data"] = message.callback_token
    return {**body, "type": word, word: content}


def read_body(message: MessageRef, *, is_typing: bool = False) -> dict[str, Json]:
    """Marks a message as read; with the sign that somebody writes, the two go together."""
    body = {**PRODUCT, "status": "read", "message_id": message.external_id}
    return {**body, "typing_indicator": {"type": "text"}} if is_typing else body


def _address(person: Party) -> dict[str, Json]:
    """By the digits that WhatsApp itself uses; by the user id where those are hidden."""
    if person.wa_id:
        return {"to": person.wa_id}
    if person.bsuid:
        return {"recipient": person.bsuid}
    raise ContentRefused("recipient_missing", field="recipient")


def _content(content: Content) -> tuple[str, Json]:
    match content:
        case Text():
            return "text", {"body": content.body, "preview_url": content.has_preview}
        case Media():
            return media(content)
        case Place():
            return "location", place(content)
        case Cards():
            return "contacts", [_card(card) for card in content.cards]
        case Reaction():
            told = {"message_id": content.target.external_id, "emoji": content.emoji}
            return "reaction", told
        case Buttons() | Menu():
            return "interactive", _question(content)
        case Template():
            return "template", template_body(content, media=media, place=place)


def media(content: Media) -> tuple[str, dict[str, Json]]:
    """An uploaded file before a link: the provider need not fetch it from anywhere."""
    file = content.file
    word = "audio" if content.kind is MessageKind.VOICE else content.kind.value
    told: dict[str, Json] = (
        {"id": file.external_id} if file.external_id else {"link": file.url}
    )
    if content.caption:
        told["caption"] = content.caption
    if content.kind is MessageKind.DOCUMENT and file.filename:
        told["filename"] = file.filename
    if content.kind is MessageKind.VOICE:
        told["voice"] = True
    return word, told


def place(content: Place) -> dict[str, Json]:
    told: dict[str, Json] = {
        "latitude": content.latitude,
        "longitude": content.longitude,
    }
    if content.name:
        told["name"] = content.name
    if content.address:
        told["address"] = content.address
    return told


def _card(card: Card) -> dict[str, Json]:
    """WhatsApp wants one more part of a name beside the whole of it."""
    first, _, last = card.name.strip().partition(" ")
    name = {"formatted_name": card.name, "first_name": first}
    told: dict[str, Json] = {"name": {**name, "last_name": last} if last else name}
    if card.phones:
        told["phones"] = [_phone(phone) for phone in card.phones]
    if card.emails:
        told["emails"] = [{"email": email, "type": "WORK"} for email in card.emails]
    if card.organization:
        told["org"] = {"company": card.organization}
    return told


def _phone(phone: str) -> dict[str, Json]:
    """With its digits as WhatsApp's id, so that the card can be written to at once."""
    digits = "".join(filter(str.isdecimal, phone))
    told: dict[str, Json] = {"phone": phone, "type": "CELL"}
    return {**told, "wa_id": digits} if phone.startswith("+") else told


def _question(content: Buttons | Menu) -> dict[str, Json]:
    is_menu = isinstance(content, Menu)
    told: dict[str, Json] = {"type": "list" if is_menu else "button"}
    if content.header:
        told["header"] = {"type": "text", "text": content.header}
    elif isinstance(content, Buttons) and content.header_media is not None:
        word, file = media(content.header_media)
        told["header"] = {"type": word, word: file}
    told["body"] = {"text": content.body}
    if content.footer:
        told["footer"] = {"text": content.footer}
    told["action"] = _menu(content) if isinstance(content, Menu) else _buttons(content)
    return told


def _buttons(content: Buttons) -> dict[str, Json]:
    replies = [{"id": one.id, "title": one.title} for one in content.buttons]
    return {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}


def _menu(content: Menu) -> dict[str, Json]:
    sections = [
        {
            **({"title": section.title} if section.title else {}),
            "rows": [
                {
                    "id": row.id,
                    "title": row.title,
                    **({"description": row.description} if row.description else {}),
                }
                for row in section.rows
            ],
        }
        for section in content.sections
    ]
    return {"button": content.button, "sections": sections}


# --- the answer ------------------------------------------------------------------
def result_of(
    response: HttpResponse, error_of: Callable[[HttpResponse], ProviderError]
) -> SendResult:
    """The message was taken, or an error that says whether it may have been.

    `error_of` is what the answer would mean to a question.
    """
    if not is_success(response):
        raise verdict(error_of(response), response, says_no=says_no(response))
    body = read_answer(response)
    sent = _first(body.find_items("messages"))
    person = _first(body.find_items("contacts"))
    word = sent.find_text("message_status") or ""
    return SendResult(
        external_id=message_id(sent.find_identifier("id")),
        wa_id=person.find_text("wa_id", most=20),
        bsuid=bsuid_of(person.find_text("user_id")),
        status=WORDS.get(word) or DeliveryStatus.ACCEPTED,
    )


def says_no(response: HttpResponse) -> bool:
    """Whether the code is one by which Meta tells that it did nothing."""
    told = errors.body_of(response).find_section("error")
    return told is not None and told.find_code("code") in SAYS_NO


def check_done(
    response: HttpResponse, error_of: Callable[[HttpResponse], ProviderError]
) -> None:
    """For what may be done twice without harm: a sign that is read, or typed."""
    if not is_success(response):
        raise error_of(response)


def _first(found: Iterable[Reader]) -> Reader:
    return next(iter(found), Reader({}))
