"""Whoever goes, or may work on tickets no more, leaves theirs to nobody."""

from datetime import datetime

from django.db.models import F

from accounts.models import User, Workspace
from tickets.models import EventKind, EventSource, Ticket, TicketEvent, TicketStatus
from tickets.services import announcing, outgoing


def release(workspace: Workspace, user: User, *, now: datetime) -> int:
    """How many live tickets went to nobody; each one's history says so.

    In the transaction that has ended the membership.
    """
    held = (
        Ticket.objects.for_workspace(workspace)
        .filter(assignee=user, status__in=(TicketStatus.OPEN, TicketStatus.WAITING))
        .select_for_update()
        .order_by("pk")
    )
    keys = [ticket.pk for ticket in held.only("pk")]
    rows = Ticket.objects.for_workspace(workspace).filter(pk__in=keys)
    rows.update(assignee=None, updated_at=now, version=F("version") + 1)
    entries = TicketEvent.objects.bulk_create(
        TicketEvent(
            workspace=workspace,
            ticket_id=key,
            kind=EventKind.ASSIGNED,
            source=EventSource.SYSTEM,
            details={"assignee_id": [user.pk, None]},
            created_at=now,
        )
        for key in keys
    )
    announcing.tickets(workspace.pk, keys, is_public=False)
    outgoing.tell_all(workspace.pk, [entry.pk for entry in entries])
    return len(keys)
