"""The types of events between systems, in either direction."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from tickets.models import EventKind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

PREFIX: Final = "ticket."
TEST: Final = "recado.test"
LEAD_CREATED: Final = "lead.created"
MESSAGE_RECEIVED: Final = "message.received"

# What another system may tell us.
INCOMING: Final = frozenset(
    PREFIX + kind
    for kind in EventKind.values
    if kind != EventKind.REPLIED  # told as a comment of the client
)
# What another system may hear of us, in the order of the form, and in two parts.
_OF_TICKETS: Final[dict[str, "_StrPromise"]] = {
    PREFIX + EventKind.CREATED: _("A ticket was opened"),
    PREFIX + EventKind.UPDATED: _("A ticket was changed"),
    PREFIX + EventKind.ASSIGNED: _("A ticket was given to somebody"),
    PREFIX + EventKind.COMMENTED: _("A member commented on a ticket"),
    PREFIX + EventKind.REPLIED: _("The client answered in a ticket"),
    PREFIX + EventKind.WAITING: _("A ticket waits for the client"),
    PREFIX + EventKind.RESOLVED: _("A ticket was resolved"),
    PREFIX + EventKind.CLOSED: _("A ticket was closed"),
    PREFIX + EventKind.REOPENED: _("A ticket was opened again"),
}
OF_PEOPLE: Final[dict[str, "_StrPromise"]] = {
    LEAD_CREATED: _("Somebody wrote for the first time"),
    MESSAGE_RECEIVED: _("A message came in"),
}
OUTGOING: Final = {**_OF_TICKETS, **OF_PEOPLE}
# What a new one hears of unless it is told otherwise: texts of people are asked for.
USUAL: Final = tuple(_OF_TICKETS)
