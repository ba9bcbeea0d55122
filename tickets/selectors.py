"""Tickets as pages list them."""

from dataclasses import dataclass

from accounts.models import Workspace
from tickets.models import Ticket

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class TicketPage:
    rows: tuple[Ticket, ...]
    older: str | None


def list_tickets(
    workspace: Workspace, *, below: int | None = None, size: int = PAGE_SIZE
) -> TicketPage:
    """The newest tickets, or those under a number."""
    tickets = Ticket.objects.for_workspace(workspace).select_related("client")
    if below is not None:
        tickets = tickets.filter(ticket_number__lt=below)
    rows = tuple(tickets.order_by("-ticket_number")[: size + 1])
    shown = rows[:size]
    return TicketPage(shown, str(shown[-1].ticket_number) if len(rows) > size else None)
