"""The lead list as CSV, piece by piece, safe to open in a spreadsheet."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from accounts import spreadsheets
from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from whatsapp import phones
from whatsapp.models import Confidence, OptOutScope, TouchKind
from whatsapp.selectors import leads
from whatsapp.selectors.lead_filters import LeadFilter
from whatsapp.selectors.leads import LeadRow

_BATCH = 1000
_SEARCHED_BATCH = 20_000  # each piece searches anew


def write(
    workspace: Workspace, *, filters: LeadFilter, batch: int | None = None
) -> Iterator[str]:
    """Begins with the heading. Words are chosen now, in the reader's language, since the
    language is no longer set when the answer goes out."""
    size = batch or (_SEARCHED_BATCH if filters.text else _BATCH)
    zone = ZoneInfo(workspace.time_zone)
    kinds = {kind.value: str(kind.label) for kind in TouchKind}
    levels = {level.value: str(level.label) for level in Confidence}
    scopes = {scope.value: str(scope.label) for scope in OptOutScope}
    none = gettext("No origin")
    sheet = spreadsheets.sheet()
    heading = sheet.line(
        [
            gettext("Name"),
            gettext("Phone"),
            gettext("E-mail"),
            gettext("Stage"),
            gettext("Origin"),
            gettext("Link, ad or source"),
            gettext("Confidence"),
            gettext("Opt-out"),
            gettext("Since (%(zone)s)") % {"zone": workspace.time_zone},
            gettext("Key"),
        ]
    )

    def line(row: LeadRow) -> str:
        return sheet.line(
            [
                row.person.name,
                phones.display(row.person.phone) if row.person.phone else "",
                row.email,
                row.stage,
                kinds.get(row.origin.kind, none),
                row.origin.name,
                levels.get(row.origin.confidence, ""),
                scopes.get(row.silence, ""),
                f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                str(row.key),
            ]
        )

    def pieces() -> Iterator[str]:
        yield spreadsheets.BOM + heading
        before: str | None = ""
        while before is not None:
            # The answer goes out after the view's transaction: a piece has its own.
            with workspace_transaction(workspace.pk):
                page = leads.list_leads(
                    workspace, before=before, size=size, filters=filters
                )
            if page.rows:
                yield "".join(line(row) for row in page.rows)
            before = page.older

    return pieces()
