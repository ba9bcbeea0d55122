"""Addresses as WAHA writes them, and the ids of messages, which it writes in several ways.

A person is `<digits>@c.us` (or `@s.whatsapp.net`, as the engines say) or hides behind
`<digits>@lid`; behind a colon may stand one of their devices.
"""

import re
from collections.abc import Iterable
from typing import Final

from integrations.providers.base.phones import is_same_number
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Party

_PHONE = re.compile(r"([0-9]{5,20})(?::[0-9]{1,5})?@(?:c\.us|s\.whatsapp\.net)")
_LID = re.compile(r"([0-9]{5,40})(?::[0-9]{1,5})?@lid")
# "true_5511988880001@c.us_3EB0A", in a group with its author behind, in WEBJS with "out".
_SERIALIZED = re.compile(r"(?:true|false)_([^_@]*@[^_@]+)_([^_]+)(?:_.*)?", re.DOTALL)
_CROWDS: Final = ("@g.us", "@newsletter", "@broadcast")
_WHATSAPP_ITSELF: Final = frozenset({"0@c.us", "0@s.whatsapp.net"})
NAME_WIDTH: Final = 200


def phone_of(address: str | None) -> str | None:
    found = _PHONE.fullmatch(address or "")
    return found[1] if found else None


def lid_of(address: str | None) -> str | None:
    found = _LID.fullmatch(address or "")
    return f"{found[1]}@lid" if found else None


def is_nobody(address: str) -> bool:
    """Whether it is a group, a channel, a status, or WhatsApp's own notices."""
    return address.endswith(_CROWDS) or address in _WHATSAPP_ITSELF


def owner_phone(me: Reader) -> str | None:
    """The phone in `me`, which tells whose session it is: {"id", "jid", "lid", "pushName"}."""
    return phone_of(me.find_text("id")) or phone_of(me.find_text("jid"))


def is_owner(address: str, me: Reader) -> bool:
    if phone := phone_of(address):
        return is_same_number(phone, owner_phone(me))
    return bool(lid := lid_of(address)) and lid == lid_of(me.find_text("lid"))


def party(addresses: Iterable[str], name: str | None = None) -> Party:
    """The person behind several addresses of the same chat."""
    told = list(addresses)
    return Party(
        wa_id=next(filter(None, map(phone_of, told)), None),
        lid=next(filter(None, map(lid_of, told)), None),
        name=name,
    )


def bare(message_id: str) -> str:
    """The one form in which ids are compared: without the chat, as edits and revokes do."""
    found = _SERIALIZED.fullmatch(message_id)
    return found[2] if found else message_id


def chat_in(message_id: str | None) -> str | None:
    found = _SERIALIZED.fullmatch(message_id or "")
    return found[1] if found else None


def id_in(owner: Reader, key: str) -> str | None:
    """An id as text, as `{"_serialized"}`, as `{"id"}` or as `{"key": {"id"}}`."""
    section = owner.find_section(key)
    if section is None:
        return owner.find_identifier(key)
    return (
        section.find_identifier("_serialized")
        or section.find_identifier("id")
        or (section.find_section("key") or Reader({})).find_identifier("id")
    )
