"""The ticket list as CSV, piece by piece, safe to open in a spreadsheet."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from accounts import spreadsheets
from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tickets.models import Ticket, TicketPriority, TicketStatus
from tickets.selectors import tickets
from tickets.selectors.tickets import TicketFilter
from whatsapp import phones

_BATCH = 1000
_HOUR = 3600


def write(
    workspace: Workspace,
    *,
    filters: TicketFilter,
    user_id: int,
    now: datetime,
    batch: int = _BATCH,
) -> Iterator[str]:
    """Begins with the heading. Words are chosen now, in the reader's language, since the
    language is no longer set when the answer goes out."""
    zone = ZoneInfo(workspace.time_zone)
    statuses = {one.value: str(one.label) for one in TicketStatus}
    priorities = {one.value: str(one.label) for one in TicketPriority}
    told = {"zone": workspace.time_zone}
    sheet = spreadsheets.sheet()
    heading = sheet.line(
        [
            gettext("Number"),
            gettext("Title"),
            gettext("Status"),
            gettext("Priority"),
            gettext("Client"),
            gettext("Phone"),
            gettext("E-mail"),
            "oauth_id",
            gettext("Assignee"),
            gettext("Opened (%(zone)s)") % told,
            gettext("Updated (%(zone)s)") % told,
            gettext("Status since (%(zone)s)") % told,
            gettext("First response (%(zone)s)") % told,
            gettext("Resolved (%(zone)s)") % told,
            gettext("Age in hours"),
            gettext("Link to another system"),
            gettext("Key"),
        ]
    )

    def moment(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""

    def line(ticket: Ticket) -> str:
        client, assignee = ticket.client, ticket.assignee
        age = (ticket.resolved_at or now) - ticket.created_at
        return sheet.line(
            [
                str(ticket.ticket_number),
                ticket.title,
                statuses.get(ticket.status, ticket.status),
                priorities.get(ticket.priority, ticket.priority),
                client.name if client else "",
                phones.display(client.phone) if client and client.phone else "",
                client.email if client else "",
                (client.oauth_id or "") if client else "",
                (assignee.name or assignee.email) if assignee else "",
                moment(ticket.created_at),
                moment(ticket.updated_at),
                moment(ticket.status_at),
                moment(ticket.first_response_at),
                moment(ticket.resolved_at),
                sheet.number(age.total_seconds() / _HOUR),
                ticket.external_url,
                str(ticket.key),
            ]
        )

    def pieces() -> Iterator[str]:
        yield spreadsheets.BOM + heading
        before: str | None = ""
        while before is not None:
            # The answer goes out after the view's transaction: a piece has its own.
            with workspace_transaction(workspace.pk):
                page = tickets.list_tickets(
                    workspace,
                    filters=filters,
                    user_id=user_id,
                    before=before,
                    size=batch,
                )
            if page.rows:
                yield "".join(line(ticket) for ticket in page.rows)
            before = page.older

    return pieces()
