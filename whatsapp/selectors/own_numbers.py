"""A workspace's own numbers, and how people who have such numbers write others."""

from collections.abc import Iterable, Sequence

import phonenumbers

from accounts.models import Workspace
from accounts.scoping import inside
from integrations.models import Channel
from whatsapp import phones


def calling_codes(workspace: Workspace) -> list[int]:
    """Of the numbers in use first, then in the order in which they came."""
    rows = Channel.objects.for_workspace(workspace).order_by("-is_active", "pk")
    with inside(workspace.pk):
        return _codes_of(rows.values_list("phone", flat=True))


def regions(workspace: Workspace) -> tuple[str, ...]:
    """The countries that a number without a country's code may be meant for."""
    return phones.regions_of(calling_codes(workspace))


def read_phone(workspace: Workspace, text: str) -> str | None:
    """In E.164, of what somebody wrote to this workspace; None when it is no number."""
    if phones.is_international(text):
        return phones.from_international(text)
    return phones.to_e164(text, regions=regions(workspace))


def pick(channels: Sequence[Channel], told: str) -> Channel | None:
    """The first that has this key, or this phone in any notation."""
    known = phones.regions_of(_codes_of(one.phone for one in channels))
    number = phones.digits(phones.to_e164(told, regions=known) or told)
    wanted = phones.match_key_for_phone(number)
    for one in channels:
        if str(one.key) == told.lower():
            return one
        if number and phones.match_key_for_phone(one.phone) == wanted:
            return one
    return None


def _codes_of(own: Iterable[str]) -> list[int]:
    return [code for code in dict.fromkeys(map(_calling_code, own)) if code]


def _calling_code(phone: str) -> int | None:
    try:
        return phonenumbers.parse(phone).country_code
    except phonenumbers.NumberParseException:
        return None
