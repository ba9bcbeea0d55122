"""The sandbox's webhook bodies: our own words for everything a provider can tell.

    {"number": "5511900000001", "events": [{"type": "message", "id": "m-1", …}, …]}

`phone.py` writes what is read here.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar

from integrations.providers.base.elements import read_each
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.types import (
    AccountEvent,
    ContactEvent,
    DeliveryStatus,
    Direction,
    Event,
    Ignored,
    MediaRef,
    MessageEvent,
    MessageKind,
    NumberRef,
    Origin,
    Party,
    Referral,
    StatusEvent,
    TemplateEvent,
    TemplateNews,
)

_DIGITS = re.compile(r"[0-9]{5,20}")
Word = TypeVar("Word", bound=StrEnum)


def parse(body: bytes) -> list[Event]:
    root = read(body)
    number = _number_of(root)
    events = read_each(root, "events", lambda element: [_read(element, number)], number)
    return events or [Ignored("empty body")]


def _number_of(root: Reader) -> NumberRef:
    external_id = root.identifier("number")
    return NumberRef(external_id=external_id, phone=_digits(external_id))


def _digits(text: str | None) -> str | None:
    return text if text and _DIGITS.fullmatch(text) else None


def _read(element: Reader, number: NumberRef) -> Event:
    reader = _TYPES.get(element.text("type"))
    if reader is None:
        raise element.wrong("type", "message, status, contact, account or template")
    return reader(element, number)


def _read_message(element: Reader, number: NumberRef) -> MessageEvent:
    word = element.text("kind")
    content = (
        dict(section.value) if (section := element.find_section("content")) else {}
    )
    kind = _find_word(MessageKind, word)
    if kind is None:
        kind, content = MessageKind.UNSUPPORTED, {"type": word[:100], **content}
    direction = _word(Direction, element, "direction", Direction.INBOUND)
    side = "from" if direction is Direction.INBOUND else "to"
    referral = element.find_section("referral")
    media = element.find_section("media")
    return MessageEvent(
        number=number,
        external_id=element.identifier("id"),
        peer=_person(element.section(side)),
        direction=direction,
        origin=_word(Origin, element, "origin", Origin.LIVE),
        kind=kind,
        text=element.find_text("text") or "",
        provider_at=element.find_moment("timestamp"),
        second_id=element.find_identifier("second_id"),
        target_id=element.find_identifier("reply_to"),
        referral=_referral(referral) if referral else None,
        media=_media(media, kind) if media else None,
        content=content,
        status=_find_word(DeliveryStatus, element.find_text("status")),
        group_id=element.find_identifier("group_id"),
    )


def _read_status(element: Reader, number: NumberRef) -> Event:
    status = _find_word(DeliveryStatus, element.text("status"))
    if status is None:
        raise element.wrong("status", "a delivery status that is known")
    error = element.find_section("error") or Reader({})
    recipient = element.find_section("to")
    return StatusEvent(
        number=number,
        external_id=element.identifier("message_id"),
        status=status,
        provider_at=element.find_moment("timestamp"),
        callback_token=element.find_text("callback_token", most=64),
        recipient=_person(recipient) if recipient else None,
        error_code=error.find_code("code"),
        error_text=error.find_text("text", most=500),
    )


def _read_contact(element: Reader, number: NumberRef) -> Event:
    became = element.find_section("became")
    return ContactEvent(
        number=number,
        peer=_person(element.section("from")),
        became=_person(became) if became else None,
        name=element.find_text("name", most=200),
        is_removed=element.is_true("is_removed"),
    )


def _read_account(element: Reader, number: NumberRef) -> Event:
    return AccountEvent(
        number=number,
        kind=element.text("kind")[:60],
        code=element.find_code("code"),
        detail=element.find_text("detail", most=500),
        state=element.find_text("state", most=15),
        phone=_digits(element.find_text("phone")),
    )


def _read_template(element: Reader, number: NumberRef) -> Event:
    news = _find_word(TemplateNews, element.text("news"))
    if news is None:
        raise element.wrong("news", f"one of {', '.join(TemplateNews)}")
    return TemplateEvent(
        number=number,
        news=news,
        name=element.text("name")[:512],
        language=element.find_text("language", most=20) or "",
        word=element.find_text("word", most=60) or "",
        external_id=element.find_identifier("id") or "",
        reason=element.find_text("reason", most=500) or "",
        provider_at=element.find_moment("timestamp"),
    )


def _person(section: Reader) -> Party:
    person = Party(
        wa_id=_digits(section.find_text("wa_id")),
        bsuid=section.find_text("bsuid", most=128),
        lid=section.find_text("lid", most=128),
        username=section.find_text("username", most=128),
        name=section.find_text("name", most=200),
    )
    if not person.is_known:
        raise section.wrong("wa_id", "a wa_id, bsuid or lid")
    return person


def _referral(section: Reader) -> Referral:
    return Referral(
        ctwa_clid=section.find_text("ctwa_clid", most=512),
        source_type=section.find_text("source_type", most=40),
        source_id=section.find_text("source_id", most=100),
        source_url=section.find_text("source_url"),
        headline=section.find_text("headline"),
        body=section.find_text("body"),
        media_url=section.find_text("media_url"),
    )


def _media(section: Reader, kind: MessageKind) -> MediaRef:
    return MediaRef(
        kind=kind,
        external_id=section.find_identifier("id"),
        url=section.find_text("url"),
        mime_type=section.find_text("mime_type", most=100),
        sha256=section.find_text("sha256", most=64),
        size=section.find_size("size"),
        filename=section.find_text("filename", most=255),
        is_animated=section.is_true("is_animated"),
    )


def _find_word(words: type[Word], told: str | None) -> Word | None:
    try:
        return words(told) if told else None
    except ValueError:
        return None


def _word(words: type[Word], element: Reader, key: str, default: Word) -> Word:
    if not element.has(key):
        return default
    word = _find_word(words, element.text(key))
    if word is None:
        raise element.wrong(key, f"one of {', '.join(words)}")
    return word


_TYPES: Final[dict[str, Callable[[Reader, NumberRef], Event]]] = {
    "message": _read_message,
    "status": _read_status,
    "contact": _read_contact,
    "account": _read_account,
    "template": _read_template,
}
