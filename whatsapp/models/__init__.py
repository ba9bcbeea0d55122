"""The rows of room 2."""

from whatsapp.models.attribution import Attribution, Confidence, Rule, Touch, TouchKind
from whatsapp.models.conversation import Conversation, ConversationState
from whatsapp.models.lead import Identity, IdentityKind, Lead
from whatsapp.models.link import TrackedLink
from whatsapp.models.media import MediaAsset, MediaState
from whatsapp.models.message import (
    Message,
    MessageDirection,
    StatusEvent,
    WaitingStatus,
)
from whatsapp.models.note import LeadNote
from whatsapp.models.outbox import OutboxEntry, OutboxState
from whatsapp.models.saved_filter import FilterPlace, SavedFilter
from whatsapp.models.template import Template

__all__ = [
    "Attribution",
    "Confidence",
    "Conversation",
    "ConversationState",
    "FilterPlace",
    "Identity",
    "IdentityKind",
    "Lead",
    "LeadNote",
    "MediaAsset",
    "MediaState",
    "Message",
    "MessageDirection",
    "OutboxEntry",
    "OutboxState",
    "Rule",
    "SavedFilter",
    "StatusEvent",
    "Template",
    "Touch",
    "TouchKind",
    "TrackedLink",
    "WaitingStatus",
]
