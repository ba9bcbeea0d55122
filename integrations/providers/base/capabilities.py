"""What a provider can do. Pages, services and the contract suite read the same set."""

from enum import StrEnum


class Capability(StrEnum):
    RECEIVE = "receive"
    SEND = "send"
    TEMPLATES = "templates"
    MEDIA_FETCH = "media_fetch"
    MEDIA_BY_ID = "media_by_id"
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
    MESSAGE_LOOKUP = "message_lookup"
    CLIENT_MESSAGE_ID = "client_message_id"
