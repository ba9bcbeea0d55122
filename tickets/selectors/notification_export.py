"""The log of notifications as CSV, piece by piece, safe to open in a spreadsheet."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext

from accounts import spreadsheets
from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tickets import notification_words as words
from tickets.models import Notification
from tickets.selectors import notifications
from tickets.selectors.notifications import NotificationFilter

_BATCH = 1000


def write(
    workspace: Workspace, filters: NotificationFilter, *, batch: int = _BATCH
) -> Iterator[str]:
    """Begins with the heading, newest first. The reader's language is remembered, since it
    is no longer set when the answer goes out."""
    zone = ZoneInfo(workspace.time_zone)
    language = translation.get_language()
    sheet = spreadsheets.sheet()
    heading = sheet.line(
        [
            gettext("Time (%(zone)s)") % {"zone": workspace.time_zone},
            gettext("Ticket"),
            gettext("Title"),
            gettext("Event"),
            gettext("Who is told"),
            gettext("Person"),
            gettext("Way"),
            gettext("State"),
            gettext("Reason"),
            gettext("Why"),
            gettext("Template"),
            gettext("Text"),
            gettext("Told by"),
            gettext("Key"),
        ]
    )

    def clock(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"

    def pieces() -> Iterator[str]:
        yield spreadsheets.BOM + heading
        before: str | None = ""
        while before is not None:
            # The answer goes out after the view's transaction: a piece has its own.
            with workspace_transaction(workspace.pk), translation.override(language):
                page = notifications.list_page(
                    workspace, filters, before=before, size=batch
                )
                written = "".join(
                    sheet.line([clock(row.created_at), *_cells(row)])
                    for row in page.rows
                )
            if written:
                yield written
            before = page.older

    return pieces()


def _cells(row: Notification) -> list[str]:
    told = notifications.Told.of(row)
    actor = row.actor
    return [
        str(row.ticket.ticket_number),
        row.ticket.title,
        words.event(row.event),
        row.get_audience_display(),
        told.who,
        words.path(row.path),
        told.state.word,
        told.problem or row.reason,
        told.why,
        row.template,
        row.text,
        (actor.name or actor.email) if actor else "",
        str(row.key),
    ]
