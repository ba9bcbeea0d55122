"""Systems that tell us and systems that hear of us, for tests."""

import json
from typing import Any

from django.utils import timezone

from accounts.models import Workspace
from tests.factories.whatsapp import NOON
from tickets.models import (
    DeliveryAttempt,
    EventDelivery,
    IncomingEvent,
    IncomingSource,
    Subscription,
)
from tickets.services import signing_secrets

URL = "https://crm.example.com/recado"


def source(
    workspace: Workspace, *, name: str = "Help desk", **fields: Any
) -> IncomingSource:
    """With a secret that nobody has seen."""
    made = IncomingSource.objects.create(
        workspace=workspace, name=name, **({"created_at": NOON} | fields)
    )
    signing_secrets.add(made, now=NOON)
    return made


def told(source: IncomingSource, **fields: Any) -> IncomingEvent:
    values = {
        "event_id": "evt-1",
        "told_id": "evt-1",
        "kind": "ticket.created",
        "verdict": "applied",
        "received_at": NOON,
    }
    return IncomingEvent.objects.create(
        workspace=source.workspace, source=source, **(values | fields)
    )


def subscription(
    workspace: Workspace, *, name: str = "CRM", **fields: Any
) -> Subscription:
    values = {
        "url": URL,
        "kinds": ["ticket.created", "ticket.updated", "ticket.commented"],
        "created_at": NOON,
        "next_turn_at": NOON,
    }
    made = Subscription.objects.create(
        workspace=workspace, name=name, **(values | fields)
    )
    signing_secrets.add(made, now=NOON)
    return made


def delivery(
    subscription: Subscription, *, number: int = 1, **fields: Any
) -> EventDelivery:
    event_id = f"evt_{number}"
    body = {"id": event_id, "type": "ticket.created", "data": {"number": number}}
    values = {
        "event_id": event_id,
        "kind": "ticket.created",
        "body": json.dumps(body),
        "next_at": NOON,
        "since": timezone.now(),  # else it is too old by the time of its turn
        "created_at": NOON,
    }
    return EventDelivery.objects.create(
        workspace=subscription.workspace,
        subscription=subscription,
        **(values | fields),
    )


def attempt(delivery: EventDelivery, **fields: Any) -> DeliveryAttempt:
    values = {"at": NOON, "elapsed_ms": 41, "status": 500}
    return DeliveryAttempt.objects.create(
        workspace=delivery.workspace, delivery=delivery, **(values | fields)
    )
