"""What a provider can do. Pages, services and the contract suite read the same set."""

from enum import StrEnum


class Capability(StrEnum):
    RECEIVE = "receive"
    SEND = "send"  # which kinds, tells Adapter.limits_of()
    INTERACTIVE = "interactive"  # real buttons and lists; elsewhere they go as text
    TEMPLATES = "templates"
    TEMPLATE_WRITE = "template_write"  # templates are made and deleted by API
    TEMPLATE_EDIT = "template_edit"  # and one that was submitted can be changed
    MEDIA_FETCH = "media_fetch"
    MEDIA_BY_ID = "media_by_id"
    MEDIA_UPLOAD = "media_upload"  # a file goes first, the message names its id
    MEDIA_LINK = "media_link"  # the provider fetches a file from a link
    MEDIA_INLINE = "media_inline"  # the bytes go within the message
    NUMBER_CHECK = "number_check"  # whether a number is on WhatsApp, and its address
    LID_LOOKUP = "lid_lookup"  # whose phone a hidden id (LID) stands for
    MARK_READ = "mark_read"
    TYPING = "typing"
    SERVICE_WINDOW = "service_window"
    ECHOES = "echoes"
    HISTORY_SYNC = "history_sync"
    REFERRAL = "referral"
    REACTIONS = "reactions"
    BSUID = "bsuid"
    HANDSHAKE = "handshake"
    SHARED_URL = "shared_url"  # one callback URL may serve many numbers
    SESSION_PROBE = "session_probe"  # session_status() asks the provider
    WEBHOOK_BY_API = "webhook_by_api"  # our URL can be set, and read back
    EXTERNAL_LINK = "external_link"  # a session may begin at a link that leads back
    MESSAGE_LINKS = "message_links"  # short links with a text, kept by the provider
    PAIRING_CODE = "pairing_code"  # a code to type, beside the QR code
    MESSAGE_LOOKUP = "message_lookup"  # what became of a send, by our callback token
    CLIENT_MESSAGE_ID = "client_message_id"  # our callback token comes back in statuses
    IDEMPOTENT_SEND = "idempotent_send"  # the same key twice is one message
