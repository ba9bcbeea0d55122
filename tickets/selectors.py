"""Tickets as pages list them."""

from accounts.models import Workspace
from accounts.scoping import ScopedQuerySet
from tickets.models import Ticket

PAGE_SIZE = 50


def list_tickets(
    workspace: Workspace, *, below: int | None = None
) -> ScopedQuerySet[Ticket]:
    """The newest page, or the one under a ticket number."""
    tickets: ScopedQuerySet[Ticket] = Ticket.objects.for_workspace(
        workspace
    ).select_related("client", "assignee")
    if below is not None:
        tickets = tickets.filter(ticket_number__lt=below)
    return tickets.order_by("-ticket_number")[:PAGE_SIZE]
