"""The rows of room 2."""

from whatsapp.models.attribution import Attribution, Confidence, Rule, Touch, TouchKind
from whatsapp.models.canned_reply import CannedReply
from whatsapp.models.cause import Cause
from whatsapp.models.conversation import Conversation, ConversationState
from whatsapp.models.lead import Identity, IdentityKind, Lead, LidLookup
from whatsapp.models.link import (
    CheckState,
    FunnelStages,
    LinkCheck,
    LinkTest,
    RetiredSlug,
    TrackedLink,
)
from whatsapp.models.media import ENDED_WITHOUT, LooseFile, MediaAsset, MediaState
from whatsapp.models.merge import LeadMerge, LeadPair, PairVerdict
from whatsapp.models.message import (
    AUTOMATIC,
    Message,
    MessageDirection,
    StatusEvent,
    WaitingStatus,
)
from whatsapp.models.note import LeadNote
from whatsapp.models.opt_out import OptOut, OptOutScope, OptOutSource
from whatsapp.models.outbox import OutboxEntry, OutboxState, Shown
from whatsapp.models.pace import Breaker, ChannelPace, OutboxFence
from whatsapp.models.responder import OptOutWords, Responder
from whatsapp.models.rhythm import ChannelHour
from whatsapp.models.saved_filter import FilterPlace, SavedFilter
from whatsapp.models.template import (
    Template,
    TemplateChange,
    TemplateChangeKind,
    TemplateChangeSource,
    TemplateState,
    TemplateSync,
)
from whatsapp.models.unheard import UnheardChat, UnheardVerdict

__all__ = [
    "AUTOMATIC",
    "ENDED_WITHOUT",
    "Attribution",
    "Breaker",
    "CannedReply",
    "Cause",
    "ChannelHour",
    "ChannelPace",
    "CheckState",
    "Confidence",
    "Conversation",
    "ConversationState",
    "FilterPlace",
    "FunnelStages",
    "Identity",
    "IdentityKind",
    "Lead",
    "LeadMerge",
    "LeadNote",
    "LeadPair",
    "LidLookup",
    "LinkCheck",
    "LinkTest",
    "LooseFile",
    "MediaAsset",
    "MediaState",
    "Message",
    "MessageDirection",
    "OptOut",
    "OptOutScope",
    "OptOutSource",
    "OptOutWords",
    "OutboxEntry",
    "OutboxFence",
    "OutboxState",
    "PairVerdict",
    "Responder",
    "RetiredSlug",
    "Rule",
    "SavedFilter",
    "Shown",
    "StatusEvent",
    "Template",
    "TemplateChange",
    "TemplateChangeKind",
    "TemplateChangeSource",
    "TemplateState",
    "TemplateSync",
    "Touch",
    "TouchKind",
    "TrackedLink",
    "UnheardChat",
    "UnheardVerdict",
    "WaitingStatus",
]
