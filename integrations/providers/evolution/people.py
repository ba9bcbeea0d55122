"""Who a chat is with. One person may be named by phone and by LID, in either field.

2.3.6 leaves the LID in `remoteJid` and tells the phone in `remoteJidAlt`; 2.3.7 writes the
phone over the LID, though `addressingMode` still says `lid`. So the ending decides.
"""

from typing import Final

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Party
from integrations.providers.evolution.api import phone_of

NAME_WIDTH: Final = 200
# Beside the two of Baileys 7, the names that its forerunners used.
_ADDRESSES: Final = ("remoteJid", "remoteJidAlt", "senderPn", "senderLid", "id", "lid")
_NOBODY: Final = {
    "g.us": "group",
    "broadcast": "broadcast",
    "newsletter": "newsletter",
}


def party(key: Reader, name: str | None = None) -> Party:
    """The person of a chat, by every address told."""
    wa_id = lid = None
    for word in _ADDRESSES:
        address = key.find_text(word)
        wa_id = wa_id or phone_of(address)
        lid = lid or _lid_of(address)
    return Party(wa_id=wa_id, lid=lid, name=name)


def crowd(key: Reader) -> str | None:
    """What a chat is that is with no single person."""
    told = key.find_text("remoteJid") or key.find_text("id") or ""
    return _NOBODY.get(told.rpartition("@")[2])


def name_of(owner: Reader, person: Party) -> str | None:
    """The name told; servers without one repeat the number in its place."""
    for word in ("pushName", "name", "notify", "verifiedName"):
        name = owner.find_text(word, most=NAME_WIDTH)
        if name and name != person.wa_id and f"{name}@lid" != person.lid:
            return name
    return None


def _lid_of(address: str | None) -> str | None:
    name, _, server = (address or "").partition("@")
    digits = name.partition(":")[0]
    is_lid = server == "lid" and digits.isascii() and digits.isdigit()
    return f"{digits}@lid" if is_lid and len(digits) <= 40 else None
