"""The rows of room 3."""

from tickets.models.client import Client
from tickets.models.event import EventKind, EventSource, TicketEvent
from tickets.models.notification import (
    Audience,
    EmailState,
    Notification,
    NotificationEmail,
    NotificationPath,
    NotificationRule,
    NotificationSettings,
)
from tickets.models.ticket import (
    Ticket,
    TicketCounter,
    TicketPriority,
    TicketStatus,
)

__all__ = [
    "Audience",
    "Client",
    "EmailState",
    "EventKind",
    "EventSource",
    "Notification",
    "NotificationEmail",
    "NotificationPath",
    "NotificationRule",
    "NotificationSettings",
    "Ticket",
    "TicketCounter",
    "TicketEvent",
    "TicketPriority",
    "TicketStatus",
]
