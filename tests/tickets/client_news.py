"""A ticket that is resolved and opened again, and what its client is told of it."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Workspace
from tests.factories.whatsapp import NOON
from tickets.models import Notification, Ticket
from tickets.services import tickets
from tickets.services.tickets import By

SOON = NOON + timedelta(hours=1)
LATE = NOON + timedelta(hours=30)


def told(workspace: Workspace) -> list[Any]:
    rows = Notification.objects.for_workspace(workspace)
    return list(rows.select_related("message__outbox_entry").order_by("pk"))


def paths(workspace: Workspace) -> list[tuple[str, str]]:
    return [(one.path, one.reason) for one in told(workspace)]


def resolve(ticket: Ticket, by: By, *, now: datetime = SOON) -> Any:
    return tickets.change(ticket, {"status": "resolved"}, by=by, now=now)


def reopen(ticket: Ticket, by: By, *, now: datetime = SOON) -> Any:
    return tickets.change(ticket, {"status": "open"}, by=by, now=now)
