"""360dialog's webhook bodies: Meta's envelope, the partner wrapper, the retired flat one.

The flat body of the v1 API names no receiver: it needs a URL of its own, which tells.
"""

from typing import Final

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.types import AccountEvent, Event, NumberRef
from integrations.providers.cloud_payload import inbound
from integrations.providers.cloud_payload.people import digits_of

# What news of a channel says of how it stands. That it is ready makes nobody connected: its
# key is made when the session is asked about next.
_STATES: Final = {
    "account_restriction": "degraded",
    "cancellation_processed": "disconnected",
}
_FLAT_KEYS: Final = ("messages", "statuses", "errors")
_PASSED_ON: Final = frozenset(
    {"messages", "history", "smb_app_state_sync", "smb_message_echoes"}
)


def parse(body: bytes) -> list[Event]:
    root = read(body)
    if root.has("entry"):
        return inbound.read_envelope(root)
    if root.has("event"):
        return _read_partner_event(root)
    if any(root.has(key) for key in _FLAT_KEYS):
        return inbound.read_value(root)
    raise Unreadable("neither an envelope, a partner event nor a flat body")


def _read_partner_event(root: Reader) -> list[Event]:
    """`{"id", "event", "data"}`: news of a channel, or a change of Meta's in `data`."""
    word = root.text("event")
    data = root.find_section("data") or Reader({})
    if data.has("entry"):
        return inbound.read_envelope(data)
    if word in _PASSED_ON:
        return inbound.read_field(word, data.find_section("value") or data)
    return [
        AccountEvent(
            number=_number_of(data),
            kind=word[:60],
            code=data.find_code("status"),
            state=_STATES.get(word),
        )
    ]


def _number_of(data: Reader) -> NumberRef:
    """A partner event names a channel by 360dialog's own id; only its phone is shared."""
    told = inbound.number_of(data.find_section("value") or data)
    if told.external_id or told.phone:
        return told
    setup = data.find_section("setup_info") or Reader({})
    return NumberRef(phone=digits_of(setup.find_text("phone_number")))
