"""The rows of room 3."""

from tickets.models.client import Client
from tickets.models.event import EventKind, EventSource, TicketEvent
from tickets.models.incoming import IncomingEvent, IncomingSource, Verdict
from tickets.models.notification import Notification, NotificationRule
from tickets.models.outgoing import (
    DeliveryAttempt,
    DeliveryState,
    EventDelivery,
    Subscription,
)
from tickets.models.signing import SigningSecret
from tickets.models.ticket import (
    Ticket,
    TicketCounter,
    TicketPriority,
    TicketStatus,
)

__all__ = [
    "Client",
    "DeliveryAttempt",
    "DeliveryState",
    "EventDelivery",
    "EventKind",
    "EventSource",
    "IncomingEvent",
    "IncomingSource",
    "Notification",
    "NotificationRule",
    "SigningSecret",
    "Subscription",
    "Ticket",
    "TicketCounter",
    "TicketEvent",
    "TicketPriority",
    "TicketStatus",
    "Verdict",
]
