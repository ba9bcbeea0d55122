"""News about one message of ours, in the Cloud API's words."""

from typing import Final

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import (
    AccountEvent,
    DeliveryStatus,
    Event,
    Ignored,
    NumberRef,
    StatusEvent,
)
from integrations.providers.cloud_payload.people import Book, party

# None: known, and nothing that changes how far our message got.
WORDS: Final[dict[str, DeliveryStatus | None]] = {
    "accepted": DeliveryStatus.ACCEPTED,
    "held_for_quality_assessment": DeliveryStatus.QUEUED,
    "pending": DeliveryStatus.QUEUED,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.PLAYED,
    "failed": DeliveryStatus.FAILED,
    "error": DeliveryStatus.FAILED,  # history's word
    "deleted": None,
    "warning": None,
}
CALLBACK_WIDTH = 64  # of our own tokens; anything longer is not one of them
ERROR_TEXT_WIDTH = 500


def read_status(status: Reader, number: NumberRef, book: Book) -> list[Event]:
    word = status.text("status").lower()
    if word not in WORDS:
        raise status.wrong("status", "a delivery status that is known")
    delivery = WORDS[word]
    if delivery is None:
        return [Ignored(f"status {word}")]
    # A group's status names the group as recipient and the person beside it.
    is_group = status.find_text("recipient_type") == "group"
    address_key = "recipient_participant_id" if is_group else "recipient_id"
    recipient = party(
        status.find_text(address_key), status.find_text("recipient_user_id"), book
    )
    token = status.find_text("biz_opaque_callback_data")
    code, text = read_errors(status)
    return [
        StatusEvent(
            number=number,
            external_id=status.identifier("id"),
            status=delivery,
            provider_at=status.find_moment("timestamp"),
            callback_token=token if token and len(token) <= CALLBACK_WIDTH else None,
            recipient=recipient if recipient.is_known else None,
            error_code=code,
            error_text=text,
        )
    ]


def read_errors(owner: Reader) -> tuple[str | None, str | None]:
    """The first error's code and the words of all of them."""
    errors = owner.find_items("errors")
    if not errors:
        return None, None
    words = "; ".join(filter(None, map(_words_of, errors)))
    return errors[0].find_code("code"), words[:ERROR_TEXT_WIDTH] or None


def account_errors(owner: Reader, number: NumberRef, *, kind: str) -> list[Event]:
    """Errors that belong to no message: news about the account."""
    return [
        AccountEvent(
            number=number,
            kind=kind,
            code=error.find_code("code"),
            detail=(_words_of(error) or "")[:ERROR_TEXT_WIDTH] or None,
        )
        for error in owner.find_items("errors")
    ]


def _words_of(error: Reader) -> str | None:
    title = error.find_text("title") or error.find_text("message")
    data = error.find_section("error_data")
    details = data.find_text("details") if data else error.find_text("error_data")
    details = details or error.find_text("details")
    if title and details and title != details:
        return f"{title}: {details}"
    return title or details
