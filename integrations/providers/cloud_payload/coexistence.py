"""What a number shares with the WhatsApp Business app: echoes, history, its contacts.

Nothing here is live: an echo was written by our side on the phone, history is from
before the number was connected.
"""

from dataclasses import replace

from integrations.providers.base.elements import read_each
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import (
    ContactEvent,
    DeliveryStatus,
    Direction,
    Event,
    Ignored,
    NumberRef,
    Origin,
    Party,
)
from integrations.providers.cloud_payload.messages import Setting, read_message
from integrations.providers.cloud_payload.people import (
    NAME_WIDTH,
    USERNAME_WIDTH,
    Book,
    bsuid_of,
    contacts_of,
    digits_of,
    is_same_number,
    our_number,
    party,
    wa_id_of,
)
from integrations.providers.cloud_payload.statuses import WORDS, account_errors


def read_echo(message: Reader, setting: Setting) -> list[Event]:
    """A message our side wrote on the phone: the person is whom it was sent to."""
    recipient = _recipient(message, setting.book)
    if not recipient.is_known:
        if message.has("group_id"):
            return [Ignored("group echo")]
        raise message.wrong("to", "a phone number or user id of the recipient")
    echo = replace(
        setting,
        direction=Direction.OUTBOUND,
        origin=Origin.ECHO,
        status=DeliveryStatus.SENT,
    )
    return read_message(message, echo, peer=recipient)


def read_echoes(value: Reader) -> list[Event]:
    setting = Setting(number=our_number(value), book=contacts_of(value))
    return read_each(
        value,
        "message_echoes",
        lambda message: read_echo(message, setting),
        setting.number,
    )


def read_history(value: Reader) -> list[Event]:
    """Threads as they were, or, in a later change, the files of their placeholders."""
    number = our_number(value)
    book = contacts_of(value)
    events = read_each(
        value, "history", lambda part: _read_part(part, number, book), number
    )
    events += read_each(
        value,
        "messages",
        lambda message: _read_past(message, number, book, thread_id=None),
        number,
    )
    return events + account_errors(value, number, kind="history")


def read_contacts(value: Reader) -> list[Event]:
    number = our_number(value)
    return read_each(
        value, "state_sync", lambda item: _read_contact(item, number), number
    )


def _recipient(message: Reader, book: Book) -> Party:
    return party(message.find_text("to"), message.find_text("to_user_id"), book)


def _read_part(part: Reader, number: NumberRef, book: Book) -> list[Event]:
    events = account_errors(part, number, kind="history")  # the owner declined
    return events + read_each(
        part, "threads", lambda thread: _read_thread(thread, number, book), number
    )


def _read_thread(thread: Reader, number: NumberRef, book: Book) -> list[Event]:
    thread_id = thread.find_text("id")
    return read_each(
        thread,
        "messages",
        lambda message: _read_past(message, number, book, thread_id=thread_id),
        number,
    )


def _read_past(
    message: Reader, number: NumberRef, book: Book, *, thread_id: str | None
) -> list[Event]:
    author = message.find_text("from")
    is_ours = is_same_number(wa_id_of(author), number.phone)
    if is_ours:
        peer = _recipient(message, book)
    else:
        peer = party(author, message.find_text("from_user_id"), book)
    if not peer.is_known and thread_id:
        peer = party(thread_id, None, book)
    if not peer.is_known:
        if message.has("group_id"):
            return [Ignored("group history")]
        raise message.wrong("from", "a phone number or user id of the other side")
    setting = Setting(
        number=number,
        book=book,
        direction=Direction.OUTBOUND if is_ours else Direction.INBOUND,
        origin=Origin.HISTORY,
        status=_past_status(message) if is_ours else None,
    )
    return read_message(message, setting, peer=peer)


def _past_status(message: Reader) -> DeliveryStatus | None:
    context = message.find_section("history_context")
    word = context.find_text("status") if context else None
    return WORDS.get(word.lower()) if word else None


def _read_contact(item: Reader, number: NumberRef) -> list[Event]:
    kind = item.find_text("type") or "contact"
    if kind != "contact":
        return [Ignored(f"state_sync {kind[:40]}")]
    contact = item.section("contact")
    peer = Party(
        wa_id=digits_of(contact.find_text("phone_number")),
        bsuid=bsuid_of(contact.find_text("user_id")),
        username=contact.find_text("username", most=USERNAME_WIDTH),
    )
    if not peer.is_known:
        raise contact.wrong("phone_number", "a phone number or user id")
    name = contact.find_text("full_name", most=NAME_WIDTH)
    return [
        ContactEvent(
            number=number,
            peer=peer,
            name=name or contact.find_text("first_name", most=NAME_WIDTH),
            is_removed=item.find_text("action") == "remove",
        )
    ]
