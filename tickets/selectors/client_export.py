"""The client list as CSV, piece by piece, safe to open in a spreadsheet."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from accounts import spreadsheets
from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tickets.models import Client
from tickets.selectors import clients
from whatsapp import phones

_BATCH = 1000


def write(workspace: Workspace, *, text: str, batch: int = _BATCH) -> Iterator[str]:
    """Begins with the heading, in the language of the moment it is asked for."""
    zone = ZoneInfo(workspace.time_zone)
    sheet = spreadsheets.sheet()
    heading = sheet.line(
        [
            gettext("Name"),
            gettext("Phone"),
            gettext("E-mail"),
            "oauth_id",
            gettext("Language"),
            gettext("Open tickets"),
            gettext("Client since (%(zone)s)") % {"zone": workspace.time_zone},
            gettext("Key"),
        ]
    )

    def line(client: Client) -> str:
        return sheet.line(
            [
                client.name,
                phones.display(client.phone) if client.phone else "",
                client.email,
                client.oauth_id or "",
                client.language,
                str(getattr(client, "live_tickets", 0)),
                f"{client.created_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                str(client.key),
            ]
        )

    def pieces() -> Iterator[str]:
        yield spreadsheets.BOM + heading
        before: str | None = ""
        while before is not None:
            with workspace_transaction(workspace.pk):  # the view's own is over by then
                page = clients.list_clients(
                    workspace, text=text, before=before, size=batch
                )
            if page.rows:
                yield "".join(line(client) for client in page.rows)
            before = page.older

    return pieces()
