"""Messages, and what is done to them later: one element in, its events out."""

import hashlib
from dataclasses import dataclass
from typing import Final

from integrations.providers.base.phones import is_same_number
from integrations.providers.base.reader import IDENTIFIER_WIDTH, Reader
from integrations.providers.base.types import (
    DeliveryStatus,
    Direction,
    Event,
    Ignored,
    MessageEvent,
    MessageKind,
    NumberRef,
    Origin,
    Party,
    Referral,
    StatusEvent,
)
from integrations.providers.evolution import contents
from integrations.providers.evolution.people import crowd, name_of, party

# None: known, and nothing that changes how far our message got.
WORDS: Final[dict[str, DeliveryStatus | None]] = {
    "PENDING": DeliveryStatus.QUEUED,
    "SERVER_ACK": DeliveryStatus.SENT,
    "DELIVERY_ACK": DeliveryStatus.DELIVERED,
    "READ": DeliveryStatus.READ,
    "PLAYED": DeliveryStatus.PLAYED,
    "ERROR": DeliveryStatus.FAILED,
    "DELETED": None,
}
_EDITS: Final = ("protocolMessage", "editedMessage")
_SUFFIX_WIDTH: Final = 30  # of the names made up here


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds an element: whose number, and how the message came to us."""

    number: NumberRef
    origin: Origin = Origin.LIVE


def read_message(data: Reader, setting: Setting) -> list[Event]:
    """`messages.upsert`, `send.message`, and each of `messages.set`."""
    key = data.section("key")
    if crowd(key):
        return [Ignored(f"{crowd(key)} message")]
    is_ours = key.is_true("fromMe")
    peer = party(key)
    _check(peer, key)
    if not is_ours:  # beside a message of ours stands our own name
        peer = party(key, name_of(data, peer))
    if is_same_number(peer.wa_id, setting.number.phone):
        return [Ignored("message to oneself")]
    message = data.find_section("message") or Reader({})
    if any(map(message.find_section, _EDITS)):
        return _read_protocol(message, key, setting)
    word = data.find_text("messageType", most=100) or ""
    external_id = key.identifier("id")
    body = contents.read(message, word, message_id=external_id)
    context = data.find_section("contextInfo") or contents.context(message, word)
    status = WORDS.get(data.find_text("status") or "") if is_ours else None
    return [
        MessageEvent(
            number=setting.number,
            external_id=external_id,
            peer=peer,
            direction=Direction.OUTBOUND if is_ours else Direction.INBOUND,
            origin=_origin(setting, is_ours=is_ours),
            kind=body.kind,
            text=body.text,
            provider_at=data.find_moment("messageTimestamp"),
            target_id=body.target_id or context.find_identifier("stanzaId"),
            referral=None if is_ours else _referral(context),
            media=body.media,
            content=body.content,
            status=status,
        )
    ]


def read_status(data: Reader, setting: Setting) -> list[Event]:
    """`messages.update`: how far a message got, or (from 2.3.7 on) its new text.

    `messageId` in there is a row of the server's own database.
    """
    if data.find_section("message"):
        return _read_protocol(data.section("message"), data, setting, id_key="keyId")
    word = data.text("status").upper()
    if word not in WORDS:
        raise data.wrong("status", "a delivery status that is known")
    status = WORDS[word]
    if status is None:
        return [Ignored(f"status {word}")]
    if data.plain("fromMe") is False:
        return [Ignored("status of a message received")]
    recipient = party(data)
    return [
        StatusEvent(
            number=setting.number,
            external_id=data.identifier("keyId"),
            status=status,
            recipient=recipient if recipient.is_known else None,
        )
    ]


def read_deletion(data: Reader, setting: Setting) -> list[Event]:
    """`messages.delete`: the key of the message that was."""
    key = data.find_section("key") or data
    return _changed(MessageKind.REVOKE, key, setting)


def read_edit(data: Reader, setting: Setting) -> list[Event]:
    """`messages.edited`: what WhatsApp calls a protocol message, edits among others.

    Its key is as the writer's phone sees it, so that the chat of a person may be named by
    our own number: nobody can tell then whose it is. 2.3.7 tells the same edit once more
    in `messages.update`, with the right chat and, made here, by the same name.
    """
    edited = data.find_section("editedMessage")
    key = data.find_section("key") or Reader({})
    if edited is None or not edited.value:
        return [Ignored("protocol message")]
    if is_same_number(party(key).wa_id, setting.number.phone):
        return [Ignored("edit without its chat")]
    return _edited(edited, key, setting)


def _read_protocol(
    message: Reader, key: Reader, setting: Setting, *, id_key: str = "id"
) -> list[Event]:
    """An edit or deletion that comes as a message: the key beside it names the chat."""
    wrapper = message.find_section("editedMessage")
    inner = (wrapper and wrapper.find_section("message")) or message
    protocol = inner.find_section("protocolMessage")
    if protocol is None:
        return _edited(inner, key, setting, id_key=id_key)
    target = protocol.find_section("key") or Reader({})
    told = {**key.value, "id": target.find_text("id") or key.plain(id_key)}
    edited = protocol.find_section("editedMessage")
    chat = Reader(told, key.parent, key.key)
    if edited is not None:
        return _edited(edited, chat, setting)
    if protocol.plain("type") in ("REVOKE", 0):
        return _changed(MessageKind.REVOKE, chat, setting)
    return [Ignored("protocol message")]


def _edited(
    edited: Reader, key: Reader, setting: Setting, *, id_key: str = "id"
) -> list[Event]:
    body = contents.read(edited, "", message_id=key.identifier(id_key))
    digest = hashlib.sha256(body.text.encode()).hexdigest()[:16]
    return _changed(
        MessageKind.EDIT, key, setting, suffix=digest, text=body.text, id_key=id_key
    )


def _changed(
    kind: MessageKind,
    key: Reader,
    setting: Setting,
    *,
    suffix: str = "",
    text: str = "",
    id_key: str = "id",
) -> list[Event]:
    """Edits and deletions have no id of their own here: the same news, the same name."""
    if crowd(key):
        return [Ignored(f"{crowd(key)} message")]
    target_id = key.identifier(id_key)
    if len(target_id) > IDENTIFIER_WIDTH - _SUFFIX_WIDTH:
        raise key.wrong(id_key, "an id that leaves room for what happened to it")
    peer = party(key)
    _check(peer, key)
    is_ours = key.is_true("fromMe")
    return [
        MessageEvent(
            number=setting.number,
            external_id=":".join(filter(None, (target_id, kind, suffix))),
            peer=peer,
            direction=Direction.OUTBOUND if is_ours else Direction.INBOUND,
            origin=_origin(setting, is_ours=is_ours),
            kind=kind,
            text=text,
            target_id=target_id,
        )
    ]


def _check(peer: Party, key: Reader) -> None:
    if not peer.is_known:
        raise key.wrong("remoteJid", "the address of a person")


def _origin(setting: Setting, *, is_ours: bool) -> Origin:
    if setting.origin is Origin.LIVE and is_ours:
        return Origin.ECHO
    return setting.origin


def _referral(context: Reader) -> Referral | None:
    """The ad a chat came from. Cards without an ad's marks are previews of links."""
    card = context.find_section("externalAdReply")
    if card is None:
        return None
    referral = Referral(
        ctwa_clid=card.find_text("ctwaClid", most=512),
        source_type=card.find_text("sourceType", most=40),
        source_id=card.find_text("sourceId", most=100),
        source_url=card.find_text("sourceUrl"),
        headline=card.find_text("title"),
        body=card.find_text("body"),
        media_url=card.find_text("mediaUrl") or card.find_text("thumbnailUrl"),
    )
    came_from_ad = "ad" in (context.find_text("entryPointConversionSource") or "")
    is_ad = referral.ctwa_clid or referral.source_type or referral.source_id
    return referral if is_ad or came_from_ad else None
