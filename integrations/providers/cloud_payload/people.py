"""Who a Cloud API element is about: our number, and the person by every name given."""

import re
from dataclasses import dataclass, field

from integrations.providers.base.phones import digits_of as digits_of  # noqa: PLC0414  # told on
from integrations.providers.base.phones import is_same_number as is_same_number  # noqa: PLC0414  # told on
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import NumberRef, Party

_WA_ID = re.compile(r"\+?([0-9]{5,20})")
# A parent id ("US.ENT.…") names the person across portfolios and is no address.
_BSUID = re.compile(r"[A-Z]{2}\.(?!ENT\.)[A-Za-z0-9]{1,120}")
_BSUID_ANYWHERE = re.compile(rf"\b{_BSUID.pattern}\b")
NAME_WIDTH = 200
USERNAME_WIDTH = 128


def wa_id_of(text: str | None) -> str | None:
    found = _WA_ID.fullmatch(text or "")
    return found[1] if found else None


def bsuid_of(text: str | None) -> str | None:
    return text if text and _BSUID.fullmatch(text) else None


def bsuids_within(text: str | None) -> list[str]:
    return _BSUID_ANYWHERE.findall(text or "")


def our_number(value: Reader) -> NumberRef:
    metadata = value.find_section("metadata")
    if metadata is None:
        return NumberRef()
    return NumberRef(
        external_id=metadata.find_identifier("phone_number_id"),
        phone=digits_of(metadata.find_text("display_phone_number")),
    )


@dataclass(frozen=True, slots=True)
class Book:
    """The `contacts` beside the messages, found by phone or by user id."""

    by_id: dict[str, Reader] = field(default_factory=dict)
    only: Reader | None = None  # the contact, when there is exactly one

    def find(self, wa_id: str | None, bsuid: str | None) -> Reader | None:
        for key in (wa_id, bsuid):
            if key and key in self.by_id:
                return self.by_id[key]
        # With neither id on the element, a single contact can only be its author.
        return self.only if not wa_id and not bsuid else None


def contacts_of(value: Reader) -> Book:
    contacts = value.find_items("contacts")
    by_id: dict[str, Reader] = {}
    for contact in contacts:
        for key in ("wa_id", "user_id"):
            told = contact.find_text(key)
            if told:
                by_id.setdefault(told, contact)
    return Book(by_id, contacts[0] if len(contacts) == 1 else None)


def party(address: str | None, user_id: str | None, book: Book) -> Party:
    """The person behind `from` and `from_user_id` (or `to`, or a status's recipient).

    `address` may hold a user id instead of a phone. A malformed user id is left out.
    """
    wa_id = wa_id_of(address)
    bsuid = bsuid_of(user_id) or bsuid_of(address)
    contact = book.find(wa_id, bsuid)
    if contact is None:
        return Party(wa_id=wa_id, bsuid=bsuid)
    profile = contact.find_section("profile") or Reader({})
    return Party(
        wa_id=wa_id or wa_id_of(contact.find_text("wa_id")),
        bsuid=bsuid or bsuid_of(contact.find_text("user_id")),
        username=profile.find_text("username", most=USERNAME_WIDTH),
        name=profile.find_text("name", most=NAME_WIDTH),
    )
