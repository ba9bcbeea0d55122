"""WAHA's webhook bodies: one event each, in an envelope that names the session.

A message is told once as `message` and once as `message.any`; its id makes them one. An
edit, a revocation or a reaction that has no id of its own goes by the id of the event,
which stays the same when it is posted again.
https://waha.devlike.pro/docs/how-to/events/
"""

from collections.abc import Callable
from typing import Final

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.types import (
    AccountEvent,
    DeliveryStatus,
    Direction,
    Event,
    Ignored,
    MessageEvent,
    MessageKind,
    NumberRef,
    Origin,
    Party,
    StatusEvent,
    Unrecognized,
)
from integrations.providers.waha import people
from integrations.providers.waha.contents import read_content
from integrations.providers.waha.engine import Engine, read_engine, read_referral
from integrations.providers.waha.states import STATES

_STATUSES: Final = {
    "ERROR": DeliveryStatus.FAILED,
    "PENDING": DeliveryStatus.QUEUED,
    "SERVER": DeliveryStatus.SENT,
    "DEVICE": DeliveryStatus.DELIVERED,
    "READ": DeliveryStatus.READ,
    "PLAYED": DeliveryStatus.PLAYED,
}
_ACKS: Final = {
    -1: "ERROR",
    0: "PENDING",
    1: "SERVER",
    2: "DEVICE",
    3: "READ",
    4: "PLAYED",
}
# What happens around messages and concerns nobody here.
_NOT_NEEDED: Final = ("presence.", "label.", "group.", "chat.", "engine.", "event.")
_NOT_NEEDED_WORDS: Final = frozenset({"message.ack.group"})


def parse(body: bytes) -> list[Event]:
    root = read(body)
    word = root.text("event")
    number = _number_of(root)
    try:
        return [_read(root, word, number)]
    except Unreadable as exc:
        return [Unrecognized(str(exc), number)]


def _number_of(root: Reader) -> NumberRef:
    """Whose session it is, once a phone is linked; until then the URL alone tells."""
    return NumberRef(phone=people.owner_phone(root.find_section("me") or Reader({})))


def _read(root: Reader, word: str, number: NumberRef) -> Event:
    if word.startswith(_NOT_NEEDED) or word in _NOT_NEEDED_WORDS:
        return Ignored(word[:60])
    reader = _READERS.get(word)
    if reader is not None:
        return reader(root, number)
    payload = root.find_section("payload") or Reader({})
    return AccountEvent(number, word[:60], code=payload.find_code("status"))


# --- messages -----------------------------------------------------------------
def _read_message(root: Reader, number: NumberRef) -> Event:
    payload = root.section("payload")
    external_id, full_id = _ids(payload)
    engine = read_engine(payload, is_ours=payload.is_true("fromMe"))
    addresses = _addresses(root, payload, engine)
    if (why := _ignored(addresses)) is not None:
        return why
    if engine.is_notice:
        return Ignored(f"notice: {engine.word}"[:60])
    told = read_content(payload, engine)
    return MessageEvent(
        number=number,
        external_id=external_id,
        kind=told.kind,
        text=told.text,
        provider_at=payload.find_moment("timestamp"),
        second_id=full_id,
        target_id=_replied_to(payload, engine),
        referral=read_referral(engine.context),
        media=told.media,
        content=told.content,
        status=_STATUSES.get(_ack_word(payload)) if payload.is_true("fromMe") else None,
        peer=_person(payload, addresses, engine),
        direction=_direction(payload),
        origin=_origin(payload),
    )


def _read_reaction(root: Reader, number: NumberRef) -> Event:
    payload = root.section("payload")
    reaction = payload.section("reaction")
    target_id = people.bare(_id(reaction, "messageId"))
    text = reaction.find_text("text") or ""
    return _about(root, payload, number, MessageKind.REACTION, target_id, text)


def _read_edit(root: Reader, number: NumberRef) -> Event:
    payload = root.section("payload")
    target_id = people.bare(_id(payload, "editedMessageId"))
    text = payload.find_text("body") or ""
    return _about(root, payload, number, MessageKind.EDIT, target_id, text)


def _read_revoke(root: Reader, number: NumberRef) -> Event:
    """`after` is the revocation itself; `before`, what was revoked, is mostly not told."""
    payload = root.section("payload")
    target_id = people.bare(_id(payload, "revokedMessageId"))
    message = payload.find_section("after") or payload.find_section("before") or payload
    return _about(root, message, number, MessageKind.REVOKE, target_id)


def _about(
    root: Reader,
    message: Reader,
    number: NumberRef,
    kind: MessageKind,
    target_id: str,
    text: str = "",
) -> Event:
    """A message that says something of another one."""
    engine = read_engine(message, is_ours=message.is_true("fromMe"))
    addresses = _addresses(root, message, engine)
    if (why := _ignored(addresses)) is not None:
        return why
    own_id = people.bare(people.id_in(message, "id") or "")
    if not own_id or own_id == target_id:  # WEBJS repeats the id of what is changed
        own_id = root.identifier("id")
    return MessageEvent(
        number=number,
        external_id=own_id,
        kind=kind,
        text=text,
        provider_at=message.find_moment("timestamp") or root.find_moment("timestamp"),
        target_id=target_id,
        peer=_person(message, addresses, engine),
        direction=_direction(message),
        origin=_origin(message),
    )


# --- news of our messages -----------------------------------------------------
def _read_ack(root: Reader, number: NumberRef) -> Event:
    payload = root.section("payload")
    engine = read_engine(payload, is_ours=payload.is_true("fromMe"))
    addresses = _addresses(root, payload, engine)
    if not payload.is_true("fromMe"):
        return Ignored("ack of a message to us")
    if (why := _ignored(addresses)) is not None:
        return why
    word = _ack_word(payload)
    if word not in _STATUSES:
        raise payload.wrong("ackName", "a delivery status that is known")
    external_id, full_id = _ids(payload)
    recipient = people.party(addresses)
    has_failed = word == "ERROR"
    return StatusEvent(
        number=number,
        external_id=external_id,
        status=_STATUSES[word],
        # The payload's own time, where there is one, is that of the message.
        provider_at=root.find_moment("timestamp"),
        second_id=full_id,
        recipient=recipient if recipient.is_known else None,
        error_code=(payload.find_code("ack") or word) if has_failed else None,
    )


def _ack_word(payload: Reader) -> str:
    told = payload.find_text("ackName")
    number = payload.plain("ack")
    return told or (_ACKS.get(number, "") if type(number) is int else "")


def _read_session(root: Reader, number: NumberRef) -> Event:
    """Told of the number behind the URL, whoever is linked: that may be another phone."""
    word = root.section("payload").text("status")
    state, reason = STATES.get(word, (None, ""))
    return AccountEvent(
        number=NumberRef(),
        kind="session.status",
        code=word[:40],
        detail=reason or None,
        state=state,
        phone=number.phone,
        provider_at=root.find_moment("timestamp"),
    )


# --- who and which ------------------------------------------------------------
def _ids(payload: Reader) -> tuple[str, str | None]:
    """The id in the form in which ids are compared, and as it stands if that is longer."""
    told = _id(payload, "id")
    external_id = people.bare(told)
    return external_id, told if told != external_id else None


def _id(owner: Reader, key: str) -> str:
    return people.id_in(owner, key) or owner.identifier(key)


def _addresses(root: Reader, message: Reader, engine: Engine) -> tuple[str, ...]:
    """Every address of the chat: in the id, beside it, and in what the engine tells.

    Some engines name us as the receiver of what we wrote; only a note to oneself has no
    other address, and it keeps ours.
    """
    side = "to" if message.is_true("fromMe") else "from"
    told = (people.chat_in(people.id_in(message, "id")), message.find_text(side))
    all_told = (*filter(None, told), *engine.addresses)
    me = root.find_section("me") or Reader({})
    others = tuple(one for one in all_told if not people.is_owner(one, me))
    return others or all_told[:1]


def _ignored(addresses: tuple[str, ...]) -> Ignored | None:
    if any(map(people.is_nobody, addresses)):
        return Ignored("in a group, channel or status")
    return None


def _person(message: Reader, addresses: tuple[str, ...], engine: Engine) -> Party:
    """A name beside a message of ours is our own, so it is left out."""
    is_ours = message.is_true("fromMe")
    name = None if is_ours or not engine.name else engine.name[: people.NAME_WIDTH]
    person = people.party(addresses, name)
    if not person.is_known:
        raise message.wrong("to" if is_ours else "from", "the address of a person")
    return person


def _direction(message: Reader) -> Direction:
    return Direction.OUTBOUND if message.is_true("fromMe") else Direction.INBOUND


def _origin(message: Reader) -> Origin:
    return Origin.ECHO if message.is_true("fromMe") else Origin.LIVE


def _replied_to(payload: Reader, engine: Engine) -> str | None:
    reply = payload.find_section("replyTo")
    told = people.id_in(reply, "id") if reply else None
    told = told or engine.context.find_identifier("stanzaId")
    told = told or engine.context.find_identifier("stanzaID")  # as GOWS writes it
    return people.bare(told) if told else None


_READERS: Final[dict[str, Callable[[Reader, NumberRef], Event]]] = {
    "message": _read_message,
    "message.any": _read_message,
    "message.reaction": _read_reaction,
    "message.edited": _read_edit,
    "message.revoked": _read_revoke,
    "message.ack": _read_ack,
    "session.status": _read_session,
}
