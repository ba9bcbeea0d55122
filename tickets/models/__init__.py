"""The rows of room 3."""

from tickets.models.client import Client
from tickets.models.event import (
    PUBLIC_FIELDS,
    EventKind,
    EventSource,
    TicketEvent,
)
from tickets.models.notification import Notification, NotificationRule
from tickets.models.ticket import (
    Ticket,
    TicketCounter,
    TicketPriority,
    TicketStatus,
)

__all__ = [
    "PUBLIC_FIELDS",
    "Client",
    "EventKind",
    "EventSource",
    "Notification",
    "NotificationRule",
    "Ticket",
    "TicketCounter",
    "TicketEvent",
    "TicketPriority",
    "TicketStatus",
]
