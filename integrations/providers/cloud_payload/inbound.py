"""The Cloud API envelope: entries, changes, and what each field's value holds.

Meta posts it and 360dialog passes it on. Pure: bytes in, events out.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from integrations.providers.base.elements import read_each
from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import (
    AccountEvent,
    Event,
    Ignored,
    NumberRef,
    PreferenceEvent,
)
from integrations.providers.cloud_payload.coexistence import (
    read_contacts,
    read_echo,
    read_echoes,
    read_history,
)
from integrations.providers.cloud_payload.messages import Setting, read_message
from integrations.providers.cloud_payload.people import (
    Book,
    contacts_of,
    digits_of,
    is_same_number,
    our_number,
    party,
    wa_id_of,
)
from integrations.providers.cloud_payload.statuses import account_errors, read_status
from integrations.providers.cloud_payload.template_news import (
    NEWS,
    read_template_news,
)

# Where account news keep the word that says what happened.
_CODE_KEYS: Final = ("event", "decision", "status")
# What an account_update says of how our numbers stand now; the others say nothing of it.
_STATES: Final = {
    "ACCOUNT_DELETED": "disconnected",
    "ACCOUNT_OFFBOARDED": "disconnected",
    "ACCOUNT_RECONNECTED": "connected",
    "ACCOUNT_RESTRICTION": "degraded",
    "DISABLED_UPDATE": "degraded",
    "PARTNER_APP_UNINSTALLED": "disconnected",
    "PARTNER_REMOVED": "disconnected",
}
_WANTS: Final = {"stop": False, "resume": True}
_DETAIL_KEYS: Final = (
    "reason",
    "rejection_reason",
    "current_limit",
    "max_daily_conversation_per_phone",
)


def read_envelope(root: Reader) -> list[Event]:
    """Every event of a body `{"object", "entry": [{"changes": […]}]}`."""
    if root.find_text("object") not in (None, "whatsapp_business_account"):
        raise Unreadable("object: not a WhatsApp business account")
    if not root.has("entry"):
        raise root.wrong("entry", "a list")
    events = read_each(root, "entry", _read_entry)
    return events or [Ignored("empty body")]


def read_field(
    field: str, value: Reader, *, told_at: datetime | None = None
) -> list[Event]:
    """The events of one change: `field` says what its value holds.

    `told_at` is the moment of its entry, for values that have none of their own.
    """
    read = _FIELDS.get(field)
    if read is not None:
        return read(value) or [Ignored(field)]
    if field in NEWS:
        return [read_template_news(field, value, told_at=told_at)]
    if field.startswith("group_"):
        return [Ignored(field[:40])]
    return [_account_news(field, value, told_at=told_at)]


def read_value(value: Reader) -> list[Event]:
    """Messages, statuses and errors of one change, in that order."""
    number = our_number(value)
    setting = Setting(
        number=number, book=contacts_of(value), errors=value.plain("errors")
    )
    events = read_each(
        value, "messages", lambda item: _read_live(item, setting), number
    )
    events += read_each(
        value,
        "statuses",
        lambda item: read_status(item, number, setting.book),
        number,
    )
    events += account_errors(value, number, kind="errors")
    return events or [Ignored("empty change")]


def read_preferences(value: Reader) -> list[Event]:
    """ "Stop promotions", and its taking back, as the person chose it within WhatsApp."""
    number, book = our_number(value), contacts_of(value)
    return read_each(
        value,
        "user_preferences",
        lambda told: _read_preference(told, number, book),
        number,
    )


def _read_preference(told: Reader, number: NumberRef, book: Book) -> list[Event]:
    word = (told.find_text("value", most=20) or "").lower()
    if word not in _WANTS:
        return [Ignored("user preference")]
    peer = party(told.find_text("wa_id"), told.find_text("user_id"), book)
    return [
        PreferenceEvent(
            number=number,
            peer=peer,
            wants_marketing=_WANTS[word],
            provider_at=told.find_moment("timestamp"),
        )
    ]


def _read_entry(entry: Reader) -> list[Event]:
    told_at = entry.find_moment("time")
    return read_each(entry, "changes", partial(_read_change, told_at=told_at))


def _read_change(change: Reader, *, told_at: datetime | None) -> list[Event]:
    return read_field(change.text("field"), change.section("value"), told_at=told_at)


def _read_live(message: Reader, setting: Setting) -> list[Event]:
    author = wa_id_of(message.find_text("from"))
    if is_same_number(author, setting.number.phone):
        return read_echo(message, setting)
    return read_message(message, setting)


def _account_news(
    field: str, value: Reader, *, told_at: datetime | None
) -> AccountEvent:
    """Quality, review, ban, disconnection … whatever Meta adds next.

    Only words known to be about the account are kept: a field of tomorrow may speak of
    people.
    """
    code = next(filter(None, map(value.find_code, _CODE_KEYS)), None)
    told = {key: value.find_code(key) for key in _DETAIL_KEYS}
    disconnection = value.find_section("disconnection_info")
    if disconnection is not None:
        told["reason"] = disconnection.find_code("reason") or told["reason"]
        told["initiated_by"] = disconnection.find_code("initiated_by")
    detail = ", ".join(f"{key} {word}" for key, word in told.items() if word)
    return AccountEvent(
        number=number_of(value),
        kind=field[:60],
        code=code,
        detail=detail or None,
        state=_STATES.get(code or "") if field == "account_update" else None,
        provider_at=told_at,
    )


def number_of(value: Reader) -> NumberRef:
    number = our_number(value)
    if number.external_id or number.phone:
        return number
    phone = value.find_text("display_phone_number") or value.find_text("phone_number")
    return NumberRef(phone=digits_of(phone))


_FIELDS: Final[dict[str, Callable[[Reader], list[Event]]]] = {
    "messages": read_value,
    "smb_message_echoes": read_echoes,
    "message_echoes": read_echoes,
    "history": read_history,
    "smb_app_state_sync": read_contacts,
    "user_preferences": read_preferences,
}
