"""The shapes in which other systems read room 2; `api_told` fills them."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.api.fields import (
    Field,
    Flag,
    Key,
    Listing,
    Moment,
    Number,
    Object,
    Said,
    Word,
)
from accounts.api.operations import ROW_ID, page_of
from whatsapp.models import (
    Confidence,
    ConversationState,
    MediaState,
    MessageDirection,
    OptOutScope,
    Shown,
    TouchKind,
)

MEMBER: Final = Object(
    name="Member",
    is_answer=True,
    is_nullable=True,
    fields={"name": Said(), "email": Said()},
)
CHANNEL: Final = Object(
    name="Channel",
    is_answer=True,
    about=_("One of your numbers."),
    fields={
        "id": ROW_ID,
        "name": Said(),
        "phone": Said(is_nullable=True, example="+5511900000020"),
    },
)
WINDOW: Final = Object(
    name="Window",
    is_answer=True,
    about=_("Whether WhatsApp lets you write freely."),
    fields={
        "is_open": Flag(),
        "until": Moment(
            is_nullable=True,
            about=_("null when it is closed, and where the provider knows no window."),
        ),
    },
)
_BY_NAME: Final[dict[str, Field]] = {
    "name": Said(about=_("Empty where nobody knows it.")),
    "phone": Said(is_nullable=True, example="+5511987654321"),
    "alias": Said(
        is_nullable=True, about=_("What they are known by where there is no number.")
    ),
}
LEAD: Final = Object(
    name="Lead",
    is_answer=True,
    fields={
        "id": ROW_ID,
        **_BY_NAME,
        "email": Said(is_nullable=True),
        "stage": Said(is_nullable=True, about=_("How far they are, in your own word.")),
        "origin": Object(
            name="Origin",
            is_answer=True,
            about=_("Where they came from."),
            fields={
                "kind": Said(
                    about=_("link, ad, imported, test or none."), example="link"
                ),
                "name": Said(
                    is_nullable=True,
                    about=_("Of the link, the ad or the source."),
                    example="instagram-bio",
                ),
                "confidence": Word(among=Confidence.values),
            },
        ),
        "created_at": Moment(),
    },
)
TOUCH: Final = Object(
    name="Touch",
    is_answer=True,
    is_nullable=True,
    about=_("The click or the ad behind it; null where none was found."),
    fields={
        "kind": Word(among=TouchKind.values),
        "at": Moment(),
        "link": Said(is_nullable=True, about=_("The name in the tracked link.")),
        **{
            name: Said(is_nullable=True)
            for name in (
                *("utm_source", "utm_medium", "utm_campaign", "utm_content"),
                *("utm_term", "gclid", "fbclid", "ctwa_clid", "ad_id", "headline"),
                *("source_url", "referrer"),
            )
        },
    },
)
ATTRIBUTION: Final = Object(
    name="Attribution",
    is_answer=True,
    is_nullable=True,
    about=_("Why we say so."),
    fields={
        "rule": Said(about=_("The rule that decided."), example="token"),
        "confidence": Word(among=Confidence.values),
        "decided_at": Moment(),
        "touch": TOUCH,
    },
)
PERSON: Final = Object(
    name="ConversationLead", is_answer=True, fields={"id": ROW_ID, **_BY_NAME}
)
_TALK: Final[dict[str, Field]] = {
    "id": ROW_ID,
    "channel": CHANNEL,
    "state": Word(among=ConversationState.values),
    "last_message_at": Moment(),
    "last_inbound_at": Moment(is_nullable=True, about=_("When they last wrote.")),
    "message_count": Number(),
    "unread_count": Number(),
    "window": WINDOW,
}
PROFILE_FIELDS: Final[dict[str, Field]] = {
    "lead": Key(),
    "name": Said(),
    "phone": Said(is_nullable=True),
    "last_seen_at": Moment(is_nullable=True, about=_("When they last wrote.")),
    "window": WINDOW,
    "opted_out": Listing(
        about=_("What they do not want to get any more."),
        of=Object(
            name="OptOut",
            is_answer=True,
            fields={
                "scope": Word(among=OptOutScope.values),
                "channel": Said(
                    is_nullable=True, about=_("null: from all of your numbers.")
                ),
                "since": Moment(),
            },
        ),
    ),
    "conversations": Listing(
        about=_("The ten that were active last."),
        of=Object(name="ProfileConversation", is_answer=True, fields=_TALK),
    ),
}
PROFILE: Final = Object(
    name="WhatsAppProfile",
    is_answer=True,
    is_nullable=True,
    about=_("Who they are on WhatsApp; null when nobody writes from this number."),
    fields=PROFILE_FIELDS,
)
LEAD_DETAIL: Final = Object(
    name="LeadDetail",
    is_answer=True,
    fields={
        **LEAD.fields,
        "attribution": ATTRIBUTION,
        "merged_into": Key(
            is_nullable=True, about=_("The lead that this one has become a part of.")
        ),
        "identities": Listing(
            about=_("Everything they are known by."),
            of=Object(
                name="Identity",
                is_answer=True,
                fields={
                    "kind": Said(example="phone"),
                    "value": Said(),
                    "first_seen_at": Moment(),
                    "last_seen_at": Moment(),
                },
            ),
        ),
        "whatsapp": Object(name="LeadProfile", is_answer=True, fields=PROFILE_FIELDS),
    },
)
CONVERSATION: Final = Object(
    name="Conversation",
    is_answer=True,
    fields={
        **_TALK,
        "lead": PERSON,
        "assignee": MEMBER,
        "last_direction": Word(among=MessageDirection.values, is_nullable=True),
        "preview": Said(about=_("The beginning of the last message.")),
        "created_at": Moment(),
    },
)
MESSAGE: Final = Object(
    name="Message",
    is_answer=True,
    fields={
        "id": Said(about=_("The same each time it is read.")),
        "direction": Word(among=MessageDirection.values),
        "type": Said(example="text"),
        "text": Said(),
        "origin": Said(
            about=_("live, echo (written on the phone), history or automatic.")
        ),
        "status": Said(is_nullable=True, example="delivered"),
        "status_at": Moment(is_nullable=True),
        "error": Said(is_nullable=True, about=_("The code of what went wrong.")),
        "provider_id": Said(is_nullable=True),
        "about": Said(
            is_nullable=True,
            about=_("The provider's id of the message it quotes, edits or reacts to."),
        ),
        "author": MEMBER,
        "send": Key(
            is_nullable=True, about=_("Its id under /api/messages, if it is a send.")
        ),
        "files": Listing(
            of=Object(
                name="File",
                is_answer=True,
                fields={
                    "id": ROW_ID,
                    "type": Said(example="image"),
                    "mime_type": Said(is_nullable=True),
                    "filename": Said(is_nullable=True),
                    "size": Number(most=2**53 - 1, is_nullable=True),
                    "state": Word(among=MediaState.values),
                },
            )
        ),
        "sent_at": Moment(about=_("By the provider's clock.")),
        "received_at": Moment(),
    },
)
SEND_ROW: Final[dict[str, Field]] = {
    "id": ROW_ID,
    "state": Word(among=Shown.values),
    "type": Said(example="text"),
    "to": Said(is_nullable=True, example="+5511987654321"),
    "channel": Key(),
    "conversation": Key(is_nullable=True),
    "template": Said(is_nullable=True),
    "provider_id": Said(is_nullable=True),
    "attempts": Number(),
    "created_at": Moment(),
    "submitted_at": Moment(is_nullable=True),
    "reason": Object(
        name="Reason",
        is_answer=True,
        is_nullable=True,
        about=_("Why it waits, failed or is unconfirmed."),
        fields={"code": Said(), "detail": Said(), "advice": Said()},
    ),
}
SEND: Final = Object(name="Send", is_answer=True, fields=SEND_ROW)
SEND_DETAIL: Final = Object(
    name="SendDetail",
    is_answer=True,
    fields={
        **SEND_ROW,
        "statuses": Listing(
            of=Object(
                name="SendStatus",
                is_answer=True,
                fields={
                    "status": Said(),
                    "at": Moment(),
                    "code": Said(is_nullable=True),
                },
            )
        ),
    },
)
PROMISE: Final = Object(
    name="Promise",
    is_answer=True,
    about=_("It is kept and will be sent."),
    fields={
        "id": ROW_ID,
        "created_at": Moment(),
        "url": Said(about=_("Where to read what became of it.")),
    },
)
LEAD_PAGE: Final = page_of("LeadPage", LEAD)
CONVERSATION_PAGE: Final = page_of("ConversationPage", CONVERSATION)
MESSAGE_PAGE: Final = page_of("MessagePage", MESSAGE)
SEND_PAGE: Final = page_of("SendPage", SEND)
