"""The list of sends as CSV, piece by piece, safe to open in a spreadsheet."""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext

from accounts import spreadsheets
from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from accounts.spreadsheets import Sheet
from whatsapp import phones, send_reasons
from whatsapp.models import Shown
from whatsapp.selectors import sends
from whatsapp.selectors.send_filters import SendFilter
from whatsapp.selectors.sends import SendRow

_BATCH = 1000


def write(
    workspace: Workspace, filters: SendFilter, *, batch: int = _BATCH
) -> Iterator[str]:
    """Begins with the heading, newest first. The reader's language is remembered, since it
    is no longer set when the answer goes out."""
    zone = ZoneInfo(workspace.time_zone)
    language = translation.get_language()
    sheet = spreadsheets.sheet()
    heading = sheet.line(
        [
            gettext("Queued at (%(zone)s)") % {"zone": workspace.time_zone},
            gettext("Handed over (%(zone)s)") % {"zone": workspace.time_zone},
            gettext("State"),
            gettext("Reason"),
            gettext("Why"),
            gettext("Attempts"),
            gettext("Number"),
            gettext("Person"),
            gettext("Phone"),
            gettext("Type"),
            gettext("Template"),
            gettext("Text"),
            gettext("Provider's id"),
            gettext("Key"),
        ]
    )

    def clock(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""

    def pieces() -> Iterator[str]:
        yield spreadsheets.BOM + heading
        before: str | None = ""
        while before is not None:
            # The answer goes out after the view's transaction: a piece has its own.
            with workspace_transaction(workspace.pk), translation.override(language):
                page = sends.list_sends(workspace, filters, before=before, size=batch)
                written = "".join(_line(row, clock, sheet) for row in page.rows)
            if written:
                yield written
            before = page.older

    return pieces()


def _line(row: SendRow, clock: Callable[[datetime | None], str], sheet: Sheet) -> str:
    why = send_reasons.why(row.provider, row.reason, shown=row.shown)
    return sheet.line(
        [
            clock(row.created_at),
            clock(row.submitted_at),
            str(Shown(row.shown).label),
            row.reason,
            why.sentence if why else "",
            str(row.attempts),
            row.number_name,
            row.person.name,
            phones.display(row.person.phone) if row.person.phone else "",
            row.kind,
            row.template,
            row.text,
            row.external_id or "",
            str(row.key),
        ]
    )
