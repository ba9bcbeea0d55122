"""The rows of room 3."""

from tickets.models.client import Client
from tickets.models.event import EventKind, EventSource, TicketEvent
from tickets.models.notification import Notification, NotificationRule
from tickets.models.ticket import (
    Ticket,
    TicketCounter,
    TicketPriority,
    TicketStatus,
)

__all__ = [
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
