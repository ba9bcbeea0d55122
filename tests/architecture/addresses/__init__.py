"""Every address of Recado: who may ask for it, how, and what is answered then.

One that is missing here fails the suite, and so does one that is here and nowhere else.
Where ids are taken from a request (path, query, body), it is told which; `{lead}` is the
key of a lead, `{user_pk}` the number of a person: see `walking.House.ids`.
"""

from tests.architecture.addresses import (
    api,
    conversations,
    doors,
    inbox,
    numbers,
    settings,
    tickets,
)
from tests.architecture.addresses.kinds import Address, Who

_ROOMS = (api, conversations, doors, inbox, numbers, settings, tickets)
ADDRESSES: dict[str, Address] = {
    name: address for room in _ROOMS for name, address in room.ADDRESSES.items()
}

assert len(ADDRESSES) == sum(len(room.ADDRESSES) for room in _ROOMS), "told twice"

__all__ = ["ADDRESSES", "Address", "Who"]
