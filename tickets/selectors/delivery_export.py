"""The log of posted events as CSV, piece by piece, safe to open in a spreadsheet."""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext

from accounts import spreadsheets
from accounts.scoping import workspace_transaction
from tickets.models import EventDelivery, Subscription
from tickets.selectors import subscriptions
from tickets.selectors.subscriptions import DeliveryFilter

_BATCH = 1000


def write(
    subscription: Subscription,
    filters: DeliveryFilter,
    *,
    words: Callable[[EventDelivery], tuple[str, str]],
    batch: int = _BATCH,
) -> Iterator[str]:
    """Begins with the heading. `words` gives a state and a reason in the reader's language,
    which is remembered, since it is no longer set when the answer goes out."""
    workspace = subscription.workspace
    zone, language = ZoneInfo(workspace.time_zone), translation.get_language()
    told = {"zone": workspace.time_zone}
    sheet = spreadsheets.sheet()
    heading = sheet.line(
        [
            gettext("Happened (%(zone)s)") % told,
            gettext("Event"),
            gettext("Id"),
            gettext("Ticket"),
            gettext("State"),
            gettext("Why"),
            gettext("Attempts"),
            gettext("Settled (%(zone)s)") % told,
        ]
    )

    def moment(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""

    def line(row: EventDelivery) -> str:
        state, why = words(row)
        return sheet.line(
            [
                moment(row.created_at),
                row.kind,
                row.event_id,
                str(row.ticket.ticket_number) if row.ticket else "",
                state,
                why,
                str(row.attempts),
                moment(row.settled_at),
            ]
        )

    def pieces() -> Iterator[str]:
        yield spreadsheets.BOM + heading
        before: str | None = ""
        while before is not None:
            # The answer goes out after the view's transaction: a piece has its own.
            with workspace_transaction(workspace.pk), translation.override(language):
                page = subscriptions.list_deliveries(
                    subscription, filters, before=before, size=batch
                )
                written = "".join(line(row) for row in page.rows)
            if written:
                yield written
            before = page.older

    return pieces()
