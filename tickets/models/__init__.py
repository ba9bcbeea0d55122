"""The rows of room 3."""

from tickets.models.notification import Notification, NotificationRule
from tickets.models.ticket import (
    Client,
    Ticket,
    TicketEvent,
    TicketPriority,
    TicketStatus,
)

__all__ = [
    "Client",
    "Notification",
    "NotificationRule",
    "Ticket",
    "TicketEvent",
    "TicketPriority",
    "TicketStatus",
]
