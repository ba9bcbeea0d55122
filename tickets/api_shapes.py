"""The shapes in which other systems read and write room 3; `api_told` fills the answers."""

from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.api.fields import (
    Email,
    Field,
    Flag,
    Key,
    Link,
    Listing,
    Moment,
    Name,
    Number,
    Object,
    Said,
    Text,
    Word,
)
from accounts.api.operations import ROW_ID, page_of
from tickets.models import (
    Audience,
    EventKind,
    NotificationPath,
    TicketPriority,
    TicketStatus,
)
from tickets.services.relaying import KINDS
from whatsapp.api_shapes import MEMBER, PROFILE

_LANGUAGES: Final = [code for code, _name in settings.LANGUAGES]
_OAUTH_ID: Final[dict[str, Any]] = {
    "most": 255,
    "least": 1,
    "about": _("The id that all of your systems know the client by."),
    "example": "customer-1042",
}
OAUTH_ID: Final = Text(**_OAUTH_ID)

CLIENT: Final = Object(
    name="Client",
    is_answer=True,
    fields={
        "id": ROW_ID,
        "oauth_id": Said(
            is_nullable=True,
            about=_("The id that all of your systems know the client by."),
            example="customer-1042",
        ),
        "name": Said(),
        "phone": Said(is_nullable=True, example="+5511987654321"),
        "email": Said(is_nullable=True),
        "language": Said(is_nullable=True, example="pt-br"),
        "lead": Key(is_nullable=True, about=_("The lead who writes from this number.")),
        "created_at": Moment(),
        "updated_at": Moment(),
        "url": Said(about=_("The page in Recado.")),
    },
)
CLIENT_DETAIL: Final = Object(
    name="ClientDetail", is_answer=True, fields={**CLIENT.fields, "whatsapp": PROFILE}
)
CLIENT_PAGE: Final = page_of("ClientPage", CLIENT)
_FACTS: Final[dict[str, Field]] = {
    "phone": Text(
        most=40,
        is_nullable=True,
        about=_("A number in any notation."),
        example="+55 11 98765-4321",
    ),
    "email": Email(is_nullable=True),
    "language": Word(
        among=_LANGUAGES,
        is_nullable=True,
        about=_("In which they are told about tickets."),
    ),
}
_NAME: Final[dict[str, Any]] = {"most": 200, "least": 1, "example": "Ana Lima"}
NEW_CLIENT: Final = Object(
    name="NewClient",
    fields={
        "oauth_id": Text(**_OAUTH_ID, is_required=True),
        "name": Text(**_NAME, about=_("The oauth_id, if you say nothing.")),
        **_FACTS,
    },
)
WHOLE_CLIENT: Final = Object(
    name="WholeClient", fields={"name": Text(**_NAME, is_required=True), **_FACTS}
)
CLIENT_CHANGES: Final = Object(
    name="ClientChanges",
    fields={
        "oauth_id": Text(**_OAUTH_ID, is_nullable=True),
        "name": Text(**_NAME),
        **_FACTS,
    },
)

# --- tickets ----------------------------------------------------------------------
_TICKET_CLIENT: Final = Object(
    name="TicketClient",
    is_answer=True,
    is_nullable=True,
    fields={"id": ROW_ID, "oauth_id": Said(is_nullable=True), "name": Said()},
)
TICKET: Final = Object(
    name="Ticket",
    is_answer=True,
    fields={
        "id": ROW_ID,
        "number": Number(least=1),
        "title": Said(),
        "description": Said(),
        "status": Word(among=TicketStatus.values),
        "priority": Word(among=TicketPriority.values),
        "client": _TICKET_CLIENT,
        "assignee": MEMBER,
        "conversation": Key(is_nullable=True, about=_("The conversation it is about.")),
        "external_id": Said(is_nullable=True),
        "external_url": Said(is_nullable=True),
        "version": Number(
            least=1, about=_("Counts its changes: see `version` when you change it.")
        ),
        "created_at": Moment(),
        "updated_at": Moment(),
        "status_at": Moment(about=_("Since when it stands as it does.")),
        "first_response_at": Moment(is_nullable=True),
        "resolved_at": Moment(is_nullable=True),
        "closed_at": Moment(is_nullable=True),
        "url": Said(about=_("The page in Recado.")),
    },
)
TICKET_PAGE: Final = page_of("TicketPage", TICKET)
_TITLE: Final[dict[str, Any]] = {
    "most": 200,
    "least": 1,
    "example": "The oven does not heat",
}
_CLIENT: Final = Text(
    most=255,
    is_nullable=True,
    about=_("The client's oauth_id, or our id of a client without one."),
    example="customer-1042",
)
_CHANGES: Final[dict[str, Field]] = {
    "description": Text(most=20_000, about=_("The client reads it on their page.")),
    "priority": Word(among=TicketPriority.values),
    "client": _CLIENT,
    "assignee": Email(
        is_nullable=True, about=_("The e-mail of a member who may work on tickets.")
    ),
    "external_url": Link(about=_("Where the same matter stands elsewhere.")),
}
NEW_TICKET: Final = Object(
    name="NewTicket",
    fields={
        "title": Text(**_TITLE, is_required=True),
        **_CHANGES,
        "conversation": Key(about=_("The conversation it is about.")),
        "external_id": Text(
            least=1,
            about=_(
                "Its id in your system. One is one ticket: told again, you get the "
                "ticket that is there, with 200."
            ),
        ),
    },
)
TICKET_CHANGES: Final = Object(
    name="TicketChanges",
    fields={
        "title": Text(**_TITLE),
        "status": Word(among=TicketStatus.values),
        **_CHANGES,
        "version": Number(
            least=1,
            about=_("The version you have read: if it is older by now, a 409."),
        ),
    },
)
COMMENT: Final = Object(
    name="Comment",
    is_answer=True,
    fields={
        "id": ROW_ID,
        "kind": Word(
            among=[EventKind.COMMENTED.value, EventKind.REPLIED.value],
            about=_("commented by a member or a system, replied by the client."),
        ),
        "source": Said(about=_("page, client, whatsapp or system.")),
        "text": Said(),
        "is_public": Flag(about=_("Whether the client reads it.")),
        "author": MEMBER,
        "created_at": Moment(),
    },
)
COMMENT_PAGE: Final = page_of("CommentPage", COMMENT)
NEW_COMMENT: Final = Object(
    name="NewComment",
    fields={
        "text": Text(
            most=4000, least=1, is_required=True, example="The technician comes at 3."
        ),
        "is_public": Flag(
            about=_("Whether the client reads it; no, if you say nothing.")
        ),
        "by_client": Flag(
            about=_("The client said it: a ticket at rest wakes up, and it is public.")
        ),
    },
)
SEND_TO_CLIENT: Final = Object(
    name="SendToClient",
    fields={
        "oauth_id": Text(**_OAUTH_ID, is_required=True),
        "message": Text(
            most=20_000,
            least=1,
            is_required=True,
            about=_("What they read."),
            example="Your order is on its way.",
        ),
        "channel": Text(
            most=40,
            about=_(
                "Key or phone number of the number it goes out from; the one they wrote "
                "to last, if you say nothing."
            ),
        ),
    },
)

# --- notifications ----------------------------------------------------------------
NEW_NOTIFICATION: Final = Object(
    name="NewNotification",
    fields={
        "client_id": Text(
            most=255,
            least=1,
            is_required=True,
            about=_("The client's oauth_id."),
            example="customer-1042",
        ),
        "notification_type": Word(
            among=list(KINDS),
            is_required=True,
            about=_("What has happened to the ticket."),
            example="ticket_updated",
        ),
        "data": Object(
            name="NotificationData",
            is_required=True,
            about=_(
                "The ticket as it stands in your system: it is brought there here too, "
                "and opened if it is not known yet."
            ),
            example={"ticket_number": "OS-1042", "title": "Oven", "status": "waiting"},
            fields={
                "ticket_number": Name(
                    least=1,
                    is_required=True,
                    about=_("Its number in your system, or ours."),
                ),
                "title": Text(least=1),
                "description": Text(most=20_000),
                "status": Word(among=TicketStatus.values),
                "priority": Word(among=TicketPriority.values),
                "url": Link(),
                "comment": Text(most=4000, about=_("What the client is told besides.")),
            },
        ),
    },
)
NOTIFIED: Final = Object(
    name="Notified",
    is_answer=True,
    fields={
        "ticket": TICKET,
        "events": Listing(
            about=_("Of what people were told."),
            of=Object(
                name="TicketEvent",
                is_answer=True,
                fields={"id": ROW_ID, "kind": Word(among=EventKind.values)},
            ),
        ),
        "notifications": Listing(
            about=_("One for each person and event; none where no rule is about it."),
            of=Object(
                name="Notification",
                is_answer=True,
                fields={
                    "id": ROW_ID,
                    "event": Word(among=EventKind.values),
                    "audience": Word(among=Audience.values),
                    "client": Said(is_nullable=True, about=_("The client's oauth_id.")),
                    "member": MEMBER,
                    "path": Word(
                        among=NotificationPath.values,
                        about=_("By which way they are told, or not."),
                    ),
                    "reason": Said(
                        is_nullable=True, about=_("Why it went no better way.")
                    ),
                    "detail": Said(
                        is_nullable=True, about=_("The same as a sentence.")
                    ),
                    "message": Key(
                        is_nullable=True, about=_("Its id under /api/messages.")
                    ),
                    "due_at": Moment(
                        is_nullable=True, about=_("When the quiet hours end.")
                    ),
                },
            ),
        ),
    },
)
