"""What comes from a provider: requests as received, events, reports on sessions.

What goes out is in `outgoing.py`. No Django here, and no I/O. Times are aware datetimes in UTC. Phone numbers of people are
the digits as the provider wrote them, because a reply goes to exactly those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = Any  # a JSON value; only `inbound.py` and `reader.py` look inside one


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One HTTP request as it arrived.

    `headers` has lower-case names. `url` is the public URL the provider called, query
    included, since some providers sign it. `body` is never decoded or re-serialised.
    """

    method: str
    url: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the provider wants to hear once its request rests safely."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes = b'{"status":"ok"}'


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Origin(StrEnum):
    """How a message came to us. Only `live` ones open windows, make leads or cause replies."""

    LIVE = "live"
    ECHO = "echo"  # sent by our side from the phone
    HISTORY = "history"  # from before the number was connected


class MessageKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    BUTTON_REPLY = "button_reply"  # also a template's quick reply
    LIST_REPLY = "list_reply"
    FLOW_REPLY = "flow_reply"
    REACTION = "reaction"  # target = message reacted to; empty text removes it
    ORDER = "order"
    SYSTEM = "system"
    EDIT = "edit"  # target = message edited; text = the new text
    REVOKE = "revoke"  # target = message deleted for everyone
    WELCOME_REQUEST = "welcome_request"
    CALL_PERMISSION = "call_permission"
    INTERACTIVE = "interactive"  # an interactive message of ours seen as echo, or an unknown reply
    TEMPLATE = "template"
    MEDIA_PLACEHOLDER = (
        "media_placeholder"  # history names a file that is not sent along
    )
    UNSUPPORTED = "unsupported"  # content["type"] holds the provider's word


class DeliveryStatus(StrEnum):
    """In rank order; `failed` stands beside the ladder (see whatsapp/services/statuses.py)."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NumberRef:
    """Which number of ours an event is about, as far as the provider says."""

    external_id: str | None = None
    phone: str | None = None  # digits


@dataclass(frozen=True, slots=True)
class Party:
    """A person on WhatsApp, by every name the provider gave. At least one id is present."""

    wa_id: str | None = None  # phone digits as WhatsApp knows them
    bsuid: str | None = None  # business-scoped user id, "BR.1349…"
    lid: str | None = None  # hides the phone on unofficial bridges
    username: str | None = None
    name: str | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.wa_id or self.bsuid or self.lid)


@dataclass(frozen=True, slots=True)
class Referral:
    """A click-to-WhatsApp ad or post the person came from."""

    ctwa_clid: str | None = None
    source_type: str | None = None
    source_id: str | None = None
    source_url: str | None = None
    headline: str | None = None
    body: str | None = None
    media_url: str | None = None


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file at the provider. `external_id` or `url` finds it; neither is a secret."""

    kind: MessageKind
    external_id: str | None = None
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    size: int | None = None
    filename: str | None = None
    is_animated: bool = False


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """One message, whichever side wrote it.

    `peer` is always the person, never us. `text` is what a person would read (body,
    caption, button title, reaction). `content` holds the rest of the kind as JSON.
    `target_id` is the provider id of the message replied to, reacted to, edited or revoked.
    """

    number: NumberRef
    external_id: str
    peer: Party
    direction: Direction
    origin: Origin
    kind: MessageKind
    text: str = ""
    provider_at: datetime | None = None
    second_id: str | None = None
    target_id: str | None = None
    referral: Referral | None = None
    media: MediaRef | None = None
    content: Mapping[str, Json] = field(default_factory=dict)
    status: DeliveryStatus | None = None  # history and echoes tell how far they got
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """News about one message of ours."""

    number: NumberRef
    external_id: str
    status: DeliveryStatus
    provider_at: datetime | None = None
    second_id: str | None = None
    callback_token: str | None = None
    recipient: Party | None = None
    error_code: str | None = None
    error_text: str | None = None


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """What the provider tells about a person without a message: a name, a new number."""

    number: NumberRef
    peer: Party  # as known until now
    became: Party | None = None  # new phone or user id of the same person
    name: str | None = None
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class PreferenceEvent:
    """A person told WhatsApp itself whether they want this business's marketing."""

    number: NumberRef
    peer: Party
    wants_marketing: bool
    provider_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """News about the number or the account itself. `kind` is the provider's own word.

    `state` is one of models.SessionState where the news says how the session stands now, and
    `phone` (digits) who is connected, where it says so. `quality` is Meta's word for it.
    """

    number: NumberRef
    kind: str
    code: str | None = None
    detail: str | None = None
    state: str | None = None
    phone: str | None = None
    quality: str | None = None
    provider_at: datetime | None = None


class TemplateNews(StrEnum):
    """What of a template is another than it was."""

    STATUS = "status"
    CATEGORY = "category"
    QUALITY = "quality"
    CONTENT = "content"  # its text: what stands in it now must be asked


@dataclass(frozen=True, slots=True)
class TemplateEvent:
    """News about one template in one language. It names no number: it is of an account.

    `word` is the provider's own for what it is now (`base/templates.py` says what a status
    means), `reason` why, as far as it is told.
    """

    number: NumberRef
    news: TemplateNews
    name: str
    language: str
    word: str = ""
    external_id: str = ""
    reason: str = ""
    provider_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """An item we know and do not need (a group event, a health probe). Counted, not kept."""

    kind: str


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """An item that could not be read. It parks its raw webhook, the others go on."""

    reason: str
    number: NumberRef | None = None


Event = (
    MessageEvent
    | StatusEvent
    | ContactEvent
    | PreferenceEvent
    | AccountEvent
    | TemplateEvent
    | Ignored
    | Unrecognized
)


@dataclass(frozen=True, slots=True)
class SessionWish:
    """What we want of a new session; a provider takes of it what it can use.

    `webhook_url` is where it shall post. `return_url` and `state` are for a link that leads
    back to us; `state` is good for one return. `phone` (digits) asks for a pairing code too.
    """

    webhook_url: str = ""
    return_url: str = ""
    state: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class SessionReport:
    """The provider's word on a session; `state` is one of models.SessionState.

    `payload` is what a person scans (the text of a QR code) or opens (a link), good until
    `expires_at`; `pairing_code` is typed on the phone instead. `granted` are credentials
    that came with the session, by the names of the adapter's fields. `limit` and
    `throughput` are the provider's words. What is empty leaves what was told before.
    """

    state: str
    provider_state: str = ""
    external_id: str = ""
    payload: str = field(default="", repr=False)
    pairing_code: str = field(default="", repr=False)
    phone: str | None = None
    display_name: str | None = None
    quality: str | None = None
    limit: str | None = None
    throughput: str | None = None
    # Whether the number also lives in the WhatsApp Business app; None: nobody says.
    is_on_phone: bool | None = None
    expires_at: datetime | None = None
    reason: str = ""
    granted: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class WebhookReport:
    """Where the provider posts, as it says: no URL when nowhere.

    `missing` is what we need and it does not post, in its own words: kinds of event, or the
    header that proves the sender. It is empty too where the provider does not say.
    """

    url: str = field(repr=False)  # its token opens our receiver
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionReturn:
    """What a browser brought back from the link of a session: a claim, not yet a fact.

    `state` is the one of SessionWish. `external_id` is the session that the provider is
    asked about next, in the adapter's own form.
    """

    state: str = field(default="", repr=False)
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class MessageLink:
    """A short link kept by the provider: it opens a chat with us and writes `text` there.

    `external_id` is made of letters, digits, hyphens and underscores, as it stands in our
    addresses; `url` begins with https:// and is short enough for a code.
    """

    external_id: str
    text: str
    url: str
