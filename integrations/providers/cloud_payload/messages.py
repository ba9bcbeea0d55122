"""One Cloud API message of any type, as a MessageEvent and what else it tells.

`read_message` reads the envelope; one small function per type reads the rest. A type
without a function is kept as `unsupported` with everything it held.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import (
    ContactEvent,
    DeliveryStatus,
    Direction,
    Event,
    Json,
    MediaRef,
    MessageEvent,
    MessageKind,
    NumberRef,
    Origin,
    Party,
    Referral,
)
from integrations.providers.cloud_payload import replies
from integrations.providers.cloud_payload.body import Body
from integrations.providers.cloud_payload.people import (
    Book,
    bsuid_of,
    bsuids_within,
    party,
    wa_id_of,
)

_MEDIA_KINDS: Final = {
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
    "voice": MessageKind.VOICE,  # the retired v1 API's word
    "document": MessageKind.DOCUMENT,
    "sticker": MessageKind.STICKER,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds the messages of one change: who, to whom, and how it came to us."""

    number: NumberRef
    book: Book = field(default_factory=Book)
    direction: Direction = Direction.INBOUND
    origin: Origin = Origin.LIVE
    status: DeliveryStatus | None = None
    # Of the change itself: an interactive reply that comes empty has its reason there.
    errors: Json = None


def read_message(
    message: Reader, setting: Setting, *, peer: Party | None = None
) -> list[Event]:
    """The message, and a ContactEvent when it tells a new number or user id."""
    kind_word = message.text("type")
    if peer is None:
        peer = _author(message, setting)
    body = read_body(message, kind_word, setting.errors)
    content = dict(body.content)
    target_id = body.target_id or _read_context(message, content)
    referral = message.find_section("referral")
    if referral is not None:
        content["referral"] = referral.value
    event = MessageEvent(
        number=setting.number,
        external_id=message.identifier("id"),
        peer=peer,
        direction=setting.direction,
        origin=setting.origin,
        kind=body.kind,
        text=body.text,
        provider_at=message.find_moment("timestamp"),
        target_id=target_id,
        referral=read_referral(referral) if referral is not None else None,
        media=body.media,
        content=content,
        status=setting.status,
        group_id=message.find_identifier("group_id"),
    )
    if kind_word != "system":
        return [event]
    return [event, *_read_identity_change(message, peer, setting.number)]


def read_body(message: Reader, kind_word: str, errors: Json = None) -> Body:
    read = _READERS.get(kind_word)
    if read is None:
        return _read_unknown(message, kind_word)
    told = message.plain("errors") or errors
    if told and not message.has(kind_word) and kind_word not in _WITHOUT_PAYLOAD:
        kind = _MEDIA_KINDS.get(kind_word) or _KINDS.get(kind_word)
        return Body(
            kind or MessageKind.UNSUPPORTED,
            content={"type": kind_word, "errors": told},
        )
    return read(message, errors)


def read_referral(referral: Reader) -> Referral:
    return Referral(
        ctwa_clid=referral.find_text("ctwa_clid", most=512),
        source_type=referral.find_text("source_type", most=40),
        source_id=referral.find_text("source_id", most=100),
        source_url=referral.find_text("source_url"),
        headline=referral.find_text("headline"),
        body=referral.find_text("body"),
        media_url=referral.find_text("image_url")
        or referral.find_text("video_url")
        or referral.find_text("thumbnail_url"),
    )


# --- around the message -------------------------------------------------------
def _author(message: Reader, setting: Setting) -> Party:
    author = party(
        message.find_text("from"), message.find_text("from_user_id"), setting.book
    )
    if not author.is_known and message.find_text("type") == "system":
        author = _known_until_now(message) or author
    if not author.is_known:
        raise message.wrong("from", "a phone number or user id of the sender")
    return author


def _read_context(message: Reader, content: dict[str, Json]) -> str | None:
    """Put what the context tells into `content`; return the id replied to."""
    context = message.find_section("context")
    if context is None:
        return None
    for mark in ("forwarded", "frequently_forwarded"):
        if context.is_true(mark):
            content[mark] = True
    if context.has("referred_product"):
        content["referred_product"] = context.plain("referred_product")
    return context.find_identifier("id")


# --- one function per type ----------------------------------------------------
def _read_text(message: Reader, errors: Json) -> Body:
    return Body(MessageKind.TEXT, message.section("text").text("body"))


def _media_reader(kind_word: str) -> "Callable[[Reader, Json], Body]":
    def read(message: Reader, errors: Json) -> Body:
        payload = message.section(kind_word)
        kind = _MEDIA_KINDS[kind_word]
        if kind_word == "audio" and payload.is_true("voice"):
            kind = MessageKind.VOICE
        media = MediaRef(
            kind=kind,
            external_id=payload.find_identifier("id"),
            url=payload.find_text("url") or payload.find_text("link"),
            mime_type=payload.find_text("mime_type", most=100),
            sha256=payload.find_text("sha256", most=64),
            size=payload.find_size("file_size"),
            filename=payload.find_text("filename", most=255),
            is_animated=payload.is_true("animated"),
        )
        if not media.external_id and not media.url:
            raise payload.wrong("id", "a media id or url")
        return Body(kind, payload.find_text("caption") or "", media=media)

    return read


def _read_placeholder(message: Reader, errors: Json) -> Body:
    return Body(MessageKind.MEDIA_PLACEHOLDER)


def _read_location(message: Reader, errors: Json) -> Body:
    place = message.section("location")
    words = (place.find_text("name"), place.find_text("address"))
    return Body(
        MessageKind.LOCATION, ", ".join(filter(None, words)), content=dict(place.value)
    )


def _read_contacts(message: Reader, errors: Json) -> Body:
    names = []
    for card in message.items("contacts"):
        name = card.find_section("name")
        names.append((name and name.find_text("formatted_name")) or "")
    content = {"contacts": message.plain("contacts") or []}
    if message.has("origin"):  # "contact_request": the person's own, sent on request
        content["origin"] = message.plain("origin")
    return Body(MessageKind.CONTACTS, ", ".join(filter(None, names)), content=content)


def _read_reaction(message: Reader, errors: Json) -> Body:
    reaction = message.section("reaction")
    return Body(
        MessageKind.REACTION,
        reaction.find_text("emoji") or "",
        target_id=reaction.identifier("message_id"),
    )


def _read_order(message: Reader, errors: Json) -> Body:
    order = message.section("order")
    content = {key: value for key, value in order.value.items() if key != "text"}
    return Body(MessageKind.ORDER, order.find_text("text") or "", content=content)


def _read_system(message: Reader, errors: Json) -> Body:
    system = message.section("system")
    content = {key: value for key, value in system.value.items() if key != "body"}
    if message.has("identity"):
        content["identity"] = message.plain("identity")
    return Body(MessageKind.SYSTEM, system.find_text("body") or "", content=content)


def _read_edit(message: Reader, errors: Json) -> Body:
    edit = message.section("edit")
    target_id = edit.identifier("original_message_id")
    changed = edit.find_section("message")
    if changed is None:
        return Body(MessageKind.EDIT, target_id=target_id)
    kind_word = changed.find_text("type") or "text"
    if kind_word == "edit":  # an edit of an edit is nothing Meta sends
        raise changed.wrong("type", "the type of the message edited")
    body = read_body(changed, kind_word)
    return Body(
        MessageKind.EDIT,
        body.text,
        media=body.media,
        content={"type": kind_word, **body.content},
        target_id=target_id,
    )


def _read_revoke(message: Reader, errors: Json) -> Body:
    revoke = message.section("revoke")
    return Body(MessageKind.REVOKE, target_id=revoke.identifier("original_message_id"))


def _read_welcome(message: Reader, errors: Json) -> Body:
    return Body(MessageKind.WELCOME_REQUEST)


def _read_unsupported(message: Reader, errors: Json) -> Body:
    detail = message.find_section("unsupported")
    kind_word = (detail and detail.find_text("type")) or "unsupported"
    content = {"type": kind_word, "errors": message.plain("errors") or []}
    return Body(MessageKind.UNSUPPORTED, content=content)


def _read_unknown(message: Reader, kind_word: str) -> Body:
    content: dict[str, Json] = {"type": kind_word[:100]}
    if message.has(kind_word):
        content["payload"] = message.plain(kind_word)
    if message.has("errors"):
        content["errors"] = message.plain("errors")
    return Body(MessageKind.UNSUPPORTED, content=content)


# --- a person who changes number or user id -----------------------------------
def _known_until_now(message: Reader) -> Party | None:
    """A system message may come without sender: the old id stands in the message itself."""
    system = message.section("system")
    new_bsuid = bsuid_of(system.find_text("user_id"))
    old = [
        bsuid
        for bsuid in (
            bsuid_of(system.find_text("previous_user_id")),
            *bsuids_within(system.find_text("body")),
        )
        if bsuid and bsuid != new_bsuid
    ]
    wa_id = wa_id_of(system.find_text("customer"))
    if not wa_id and system.find_text("type") == "user_changed_user_id":
        wa_id = wa_id_of(system.find_text("wa_id"))  # the phone stays the same here
    known = Party(wa_id=wa_id, bsuid=old[0] if old else None)
    return known if known.is_known else None


def _read_identity_change(
    message: Reader, peer: Party, number: NumberRef
) -> list[Event]:
    system = message.find_section("system")
    if system is None:  # it came with errors instead
        return []
    word = system.find_text("type") or ""
    new_wa_id = new_bsuid = None
    if word in ("user_changed_number", "customer_changed_number"):
        new_wa_id = wa_id_of(system.find_text("new_wa_id") or system.find_text("wa_id"))
        new_bsuid = bsuid_of(system.find_text("user_id"))
    elif word == "user_changed_user_id":
        new_bsuid = bsuid_of(system.find_text("user_id"))
    became = Party(wa_id=new_wa_id, bsuid=new_bsuid)
    if not became.is_known:
        return []
    return [ContactEvent(number=number, peer=peer, became=became)]


_READERS: Final[dict[str, Callable[[Reader, Json], Body]]] = {
    "text": _read_text,
    **{kind_word: _media_reader(kind_word) for kind_word in _MEDIA_KINDS},
    "media_placeholder": _read_placeholder,
    "location": _read_location,
    "contacts": _read_contacts,
    "button": replies.read_button,
    "interactive": replies.read_interactive,
    "template": replies.read_template,
    "reaction": _read_reaction,
    "order": _read_order,
    "system": _read_system,
    "edit": _read_edit,
    "revoke": _read_revoke,
    "request_welcome": _read_welcome,
    "unsupported": _read_unsupported,
}
_WITHOUT_PAYLOAD: Final = frozenset(
    {"interactive", "media_placeholder", "request_welcome", "unsupported"}
)
_KINDS: Final = {
    "text": MessageKind.TEXT,
    "location": MessageKind.LOCATION,
    "contacts": MessageKind.CONTACTS,
    "button": MessageKind.BUTTON_REPLY,
    "order": MessageKind.ORDER,
}
