"""The rows of room 3."""

from tickets.models.client import Client
from tickets.models.event import (
    PUBLIC_FIELDS,
    EventKind,
    EventSource,
    TicketEvent,
)
from tickets.models.incoming import IncomingEvent, IncomingSource, Verdict
from tickets.models.notification import (
    Audience,
    EmailState,
    Notification,
    NotificationEmail,
    NotificationPath,
    NotificationRule,
    NotificationSettings,
)
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
    "PUBLIC_FIELDS",
    "Audience",
    "Client",
    "DeliveryAttempt",
    "DeliveryState",
    "EmailState",
    "EventDelivery",
    "EventKind",
    "EventSource",
    "IncomingEvent",
    "IncomingSource",
    "Notification",
    "NotificationEmail",
    "NotificationPath",
    "NotificationRule",
    "NotificationSettings",
    "SigningSecret",
    "Subscription",
    "Ticket",
    "TicketCounter",
    "TicketEvent",
    "TicketPriority",
    "TicketStatus",
    "Verdict",
]
