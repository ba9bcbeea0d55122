"""Evolution's webhook bodies: `{"event", "instance", "data", "sender", …}`, one event each.

`date_time` is the server's local time with a false Z, and is not read. `sender` is our own
number once a phone is connected; news about the connection belong to the instance,
whoever scanned its code, and name no number.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from integrations.providers.base.elements import read_each
from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.types import (
    AccountEvent,
    ContactEvent,
    Event,
    Ignored,
    NumberRef,
    Origin,
    Unrecognized,
)
from integrations.providers.evolution import messages
from integrations.providers.evolution.api import phone_of
from integrations.providers.evolution.messages import Setting
from integrations.providers.evolution.people import crowd, name_of, party
from integrations.providers.evolution.session import GONE

# Where the events about the connection keep their own word and their code.
_STATE_KEYS: Final = ("state", "status", "message")
_CODE_KEYS: Final = ("statusReason", "disconnectionReasonCode", "statusCode")
# How the session stands by that word; "connecting" may be a first time or a return.
_STATES: Final = {
    ("connection.update", "open"): "connected",
    ("connection.update", "close"): "degraded",  # on its way back, by most codes
    ("connection.update", "refused"): "disconnected",
    ("status.instance", "closed"): "disconnected",
}
_ENDS: Final = frozenset({"instance.delete", "logout.instance", "remove.instance"})
_ACCOUNT: Final = frozenset(
    {
        "application.startup",
        "connection.update",
        "instance.create",
        "instance.delete",
        "logout.instance",
        "qrcode.updated",
        "remove.instance",
        "status.instance",
    }
)
_NOT_NEEDED: Final = (
    "call",
    "chats.",
    "group.",
    "groups.",
    "labels.",
    "presence.",
    "send.message.",
    "typebot.",
)


def parse(body: bytes) -> list[Event]:
    root = read(body)
    word = root.text("event").lower().replace("_", ".").replace("-", ".")
    number = NumberRef(phone=phone_of(root.find_text("sender")))
    reader = _EVENTS.get(word)
    if reader is not None:
        origin = Origin.HISTORY if word == "messages.set" else Origin.LIVE
        read_one = partial(reader, setting=Setting(number, origin))
        return _read_all(root, read_one, number) or [Ignored("empty body")]
    if word in _ACCOUNT:
        return [_account(word, root.find_section("data") or Reader({}))]
    if word.startswith(_NOT_NEEDED):
        return [Ignored(word[:60])]
    return [Unrecognized(str(root.wrong("event", "an event that is known")), number)]


def _read_all(
    root: Reader, read_one: Callable[[Reader], list[Event]], number: NumberRef
) -> list[Event]:
    """`data` is one element, or a list of them."""
    if type(root.plain("data")) is list:
        return read_each(root, "data", read_one, number)
    try:
        return read_one(root.section("data"))
    except Unreadable as exc:
        return [Unrecognized(str(exc), number)]


def _account(word: str, data: Reader) -> AccountEvent:
    states = (data.find_text(key, most=60) for key in _STATE_KEYS)
    codes = (data.find_code(key) for key in _CODE_KEYS)
    told = next(filter(None, states), None)
    code = next(filter(None, codes), None)
    state = _STATES.get((word, told or ""))
    if word in _ENDS or (state == "degraded" and code in GONE):
        state = "disconnected"
    if word == "qrcode.updated":  # without a code the server has given up
        state = "awaiting_user" if data.has("qrcode") else "disconnected"
    return AccountEvent(
        number=NumberRef(),
        kind=word,
        code=code,
        detail=told,
        state=state,
        phone=phone_of(data.find_text("wuid")),
    )


def _contact(data: Reader, setting: Setting) -> list[Event]:
    peer = party(data)
    if crowd(data) or not peer.is_known:
        return [Ignored("contact that is no person")]
    name = name_of(data, peer)
    return [ContactEvent(number=setting.number, peer=peer, name=name)]


_EVENTS: Final[dict[str, Callable[..., list[Event]]]] = {
    "messages.upsert": messages.read_message,
    "messages.set": messages.read_message,
    "send.message": messages.read_message,
    "messages.update": messages.read_status,
    "messages.delete": messages.read_deletion,
    "messages.edited": messages.read_edit,
    "contacts.set": _contact,
    "contacts.upsert": _contact,
    "contacts.update": _contact,
}
