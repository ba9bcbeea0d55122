"""The operations of room 3: clients, tickets, and writing to a client."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.api.fields import Email, Field, Moment, Number, Text, Word
from accounts.api.operations import PAGING, Operation
from accounts.permissions import Scope
from tickets import api_shapes as shapes
from tickets.models import TicketPriority
from tickets.selectors.tickets import TABS
from whatsapp.api_operations import PHONE
from whatsapp.api_shapes import PROMISE

CLIENTS: Final = _("Clients")
TICKETS: Final = _("Tickets")
_CLIENT: Final[dict[str, Field]] = {"oauth_id": shapes.OAUTH_ID}
_TICKET: Final[dict[str, Field]] = {
    "number": Number(least=1, about=_("The ticket's number."), example=1042)
}
_CHANGED: Final[dict[str, Field]] = {
    "updated_since": Moment(
        about=_(
            "Those that changed since then, the oldest change first: what changes "
            "meanwhile comes again at the end. Begin a minute earlier than you ended."
        )
    )
}

LIST_CLIENTS: Final = Operation(
    name="listClients",
    group=CLIENTS,
    summary=_("Clients, newest first"),
    scopes=(Scope.CLIENTS_READ,),
    query={
        "q": Text(about=_("Name, e-mail, oauth_id or phone, from its beginning.")),
        "phone": PHONE,
        **_CHANGED,
        **PAGING,
    },
    answers={200: shapes.CLIENT_PAGE},
)
GET_CLIENT: Final = Operation(
    name="getClient",
    group=CLIENTS,
    summary=_("One client, with who they are on WhatsApp"),
    scopes=(Scope.CLIENTS_READ,),
    path=_CLIENT,
    answers={200: shapes.CLIENT_DETAIL},
)
POST_CLIENT: Final = Operation(
    name="addClient",
    group=CLIENTS,
    method="POST",
    summary=_("Add a client, or bring the one with this oauth_id up to date"),
    about=_("201 for a new one, 200 for one that was there; what you leave out stays."),
    scopes=(Scope.CLIENTS_WRITE,),
    is_keyed=True,
    body=shapes.NEW_CLIENT,
    answers={200: shapes.CLIENT, 201: shapes.CLIENT},
)
PUT_CLIENT: Final = Operation(
    name="putClient",
    group=CLIENTS,
    method="PUT",
    summary=_("The whole client: added, or written over"),
    about=_(
        "201 for a new one, 200 for one that was there; what you leave out is emptied."
    ),
    scopes=(Scope.CLIENTS_WRITE,),
    path=_CLIENT,
    body=shapes.WHOLE_CLIENT,
    answers={200: shapes.CLIENT, 201: shapes.CLIENT},
)
PATCH_CLIENT: Final = Operation(
    name="changeClient",
    group=CLIENTS,
    method="PATCH",
    summary=_("Change what you name of a client"),
    scopes=(Scope.CLIENTS_WRITE,),
    path=_CLIENT,
    body=shapes.CLIENT_CHANGES,
    answers={200: shapes.CLIENT},
    problems=(409,),
)
LIST_TICKETS: Final = Operation(
    name="listTickets",
    group=TICKETS,
    summary=_("Tickets, the highest number first"),
    scopes=(Scope.TICKETS_READ,),
    query={
        "status": Word(among=TABS, about=_("live are those open and waiting.")),
        "priority": Word(among=TicketPriority.values),
        "client": Text(most=255, about=_("The client's oauth_id or id.")),
        "phone": PHONE,
        "assignee": Email(about=_("The e-mail of a member.")),
        "external_id": Text(),
        "q": Text(about=_("Number, words, client or phone.")),
        "created_since": Moment(about=_("Those since then.")),
        "created_before": Moment(about=_("Those before that.")),
        **_CHANGED,
        **PAGING,
    },
    answers={200: shapes.TICKET_PAGE},
)
GET_TICKET: Final = Operation(
    name="getTicket",
    group=TICKETS,
    summary=_("One ticket"),
    scopes=(Scope.TICKETS_READ,),
    path=_TICKET,
    answers={200: shapes.TICKET},
)
POST_TICKET: Final = Operation(
    name="openTicket",
    group=TICKETS,
    method="POST",
    summary=_("Open a ticket"),
    scopes=(Scope.TICKETS_WRITE,),
    is_keyed=True,
    body=shapes.NEW_TICKET,
    answers={200: shapes.TICKET, 201: shapes.TICKET},
)
PATCH_TICKET: Final = Operation(
    name="changeTicket",
    group=TICKETS,
    method="PATCH",
    summary=_("Change what you name of a ticket"),
    scopes=(Scope.TICKETS_WRITE,),
    path=_TICKET,
    body=shapes.TICKET_CHANGES,
    answers={200: shapes.TICKET},
    problems=(409,),
)
LIST_COMMENTS: Final = Operation(
    name="listComments",
    group=TICKETS,
    summary=_("What was said in a ticket, oldest first"),
    scopes=(Scope.TICKETS_READ,),
    path=_TICKET,
    query=dict(PAGING),
    answers={200: shapes.COMMENT_PAGE},
)
POST_COMMENT: Final = Operation(
    name="addComment",
    group=TICKETS,
    method="POST",
    summary=_("Comment on a ticket"),
    scopes=(Scope.TICKETS_WRITE,),
    is_keyed=True,
    path=_TICKET,
    body=shapes.NEW_COMMENT,
    answers={201: shapes.COMMENT},
)
SEND_TO_CLIENT: Final = Operation(
    name="sendToClient",
    group=CLIENTS,
    method="POST",
    summary=_("Write to a client on WhatsApp"),
    about=_(
        "Free text inside the 24 hours since they last wrote. Otherwise 422 says why, and "
        "nothing is sent: send a template with POST /api/messages."
    ),
    scopes=(Scope.MESSAGES_SEND,),
    is_keyed=True,
    body=shapes.SEND_TO_CLIENT,
    answers={202: PROMISE},
)
SEND_NOTIFICATION: Final = Operation(
    name="sendNotification",
    group=TICKETS,
    method="POST",
    summary=_("Tell people about a ticket, by the rules of the workspace"),
    about=_(
        "What is told, to whom and in which words the workspace says under Settings, "
        "Notifications. The answer says what became of it for each person: by free text, by "
        "a template, by e-mail, or why not."
    ),
    scopes=(Scope.NOTIFICATIONS_SEND,),
    is_keyed=True,
    body=shapes.NEW_NOTIFICATION,
    answers={202: shapes.NOTIFIED},
)
