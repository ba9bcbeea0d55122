"""The operations of room 2: leads, conversations, messages, sends."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.api.fields import Field, Free, Key, Moment, Text, Word
from accounts.api.operations import PAGING, ROW_ID, Operation
from accounts.permissions import Scope
from integrations.providers.base.outgoing import MEDIA_KINDS
from whatsapp import api_shapes as shapes
from whatsapp.models import ConversationState, Shown

LEADS: Final = _("Leads")
CONVERSATIONS: Final = _("Conversations")
MESSAGES: Final = _("Messages")

PHONE: Final = Text(
    most=40, about=_("A number in any notation."), example="+55 11 98765-4321"
)
CHANNEL: Final = Text(most=40, about=_("Key or phone number of one of your numbers."))
WORDS: Final = Text(most=200, about=_("Name or number, from its beginning."))
_KEY: Final[dict[str, Field]] = {"key": ROW_ID}

LIST_LEADS: Final = Operation(
    name="listLeads",
    group=LEADS,
    summary=_("Leads, newest first"),
    scopes=(Scope.LEADS_READ,),
    query={
        "q": WORDS,
        "phone": PHONE,
        "stage": Text(most=40, about=_("Exactly as it is written.")),
        "created_since": Moment(about=_("Those since then.")),
        "created_before": Moment(about=_("Those before that.")),
        **PAGING,
    },
    answers={200: shapes.LEAD_PAGE},
)
GET_LEAD: Final = Operation(
    name="getLead",
    group=LEADS,
    summary=_("One lead, with all they are known by on WhatsApp"),
    scopes=(Scope.LEADS_READ,),
    path=_KEY,
    answers={200: shapes.LEAD_DETAIL},
)
LIST_CONVERSATIONS: Final = Operation(
    name="listConversations",
    group=CONVERSATIONS,
    summary=_("Conversations, the one with the newest message first"),
    about=_(
        "With `active_since` the other way round: whoever was active longest ago comes "
        "first, and a conversation with a new message comes again at the end, so that a "
        "reader who goes on to the last page has missed nothing."
    ),
    scopes=(Scope.CONVERSATIONS_READ,),
    query={
        "state": Word(among=ConversationState.values),
        "channel": CHANNEL,
        "lead": Key(about=_("The key of a lead.")),
        "phone": PHONE,
        "active_since": Moment(about=_("Those with a message since then.")),
        **PAGING,
    },
    answers={200: shapes.CONVERSATION_PAGE},
)
GET_CONVERSATION: Final = Operation(
    name="getConversation",
    group=CONVERSATIONS,
    summary=_("One conversation"),
    scopes=(Scope.CONVERSATIONS_READ,),
    path=_KEY,
    answers={200: shapes.CONVERSATION},
)
LIST_CONVERSATION_MESSAGES: Final = Operation(
    name="listConversationMessages",
    group=CONVERSATIONS,
    summary=_("What was said in it, newest first"),
    about=_("Edits, withdrawals and reactions are messages about another one."),
    scopes=(Scope.MESSAGES_READ,),
    path=_KEY,
    query=dict(PAGING),
    answers={200: shapes.MESSAGE_PAGE},
)
LIST_MESSAGES: Final = Operation(
    name="listMessages",
    group=MESSAGES,
    summary=_("Sends and what became of them, newest first"),
    scopes=(Scope.MESSAGES_READ,),
    query={
        "state": Word(among=Shown.values),
        "channel": CHANNEL,
        "to": PHONE,
        "created_since": Moment(about=_("Those since then.")),
        "created_before": Moment(about=_("Those before that.")),
        **PAGING,
    },
    answers={200: shapes.SEND_PAGE},
)
GET_MESSAGE: Final = Operation(
    name="getMessage",
    group=MESSAGES,
    summary=_("What became of one send"),
    scopes=(Scope.MESSAGES_SEND, Scope.MESSAGES_READ),
    path=_KEY,
    answers={200: shapes.SEND_DETAIL},
)
_MEDIA_TYPES: Final = sorted(kind.value for kind in MEDIA_KINDS)
_FILE: Final = {
    "type": "object",
    "description": _("An https link that the provider fetches."),
    "properties": {
        "link": {"type": "string", "format": "uri", "maxLength": 2048},
        "mime_type": {"type": "string", "maxLength": 120},
        "filename": {"type": "string", "maxLength": 240},
        "size": {"type": "integer", "minimum": 0},
        "caption": {"type": "string", "maxLength": 20_000},
    },
    "required": ["link"],
    "additionalProperties": False,
}
_TEMPLATE: Final = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 512},
        "language": {"type": "string", "minLength": 1, "maxLength": 512},
        "parameters": {
            "type": "object",
            "description": _(
                "Each part is a list in the order of its gaps, or an object by their names."
            ),
            "properties": {
                part: {"type": ["array", "object"]}
                for part in ("header", "body", "buttons")
            },
            "additionalProperties": False,
        },
    },
    "required": ["name", "language"],
    "additionalProperties": False,
}
_NEW_MESSAGE: Final = Free(
    name="NewMessage",
    described={
        "type": "object",
        "properties": {
            "to": {"type": "string", "maxLength": 40},
            "conversation": {"type": "string", "format": "uuid"},
            "channel": {"type": "string", "maxLength": 40},
            "type": {"enum": ["text", "template", *_MEDIA_TYPES]},
            "text": {"type": "string", "maxLength": 20_000},
            "media": _FILE,
            "template": _TEMPLATE,
            "reply_to": {"type": "string", "maxLength": 200},
            "bulk": {"type": "boolean"},
        },
        "oneOf": [{"required": ["to"]}, {"required": ["conversation"]}],
        "additionalProperties": False,
        "examples": [
            {
                "to": "+55 11 98765-4321",
                "type": "text",
                "text": "Your order is on its way.",
            }
        ],
    },
)
SEND_MESSAGE: Final = Operation(
    name="sendMessage",
    group=MESSAGES,
    method="POST",
    summary=_("Send a message to a number or in a conversation"),
    about=_(
        "Text and files inside the 24 hours since the person last wrote, templates at any "
        "time. What may not be sent is refused, and then nothing is kept."
    ),
    scopes=(Scope.MESSAGES_SEND,),
    is_keyed=True,
    body=_NEW_MESSAGE,
    answers={202: shapes.PROMISE},
)
