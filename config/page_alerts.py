"""What stands on top of every page: numbers that are down, templates that left somebody
behind, receivers that want no more events. Whether there is any of it is one question; most
pages ask no more."""

from typing import Any, Final

from django.db import connection
from django.http import HttpRequest

from accounts.scoping import inside
from integrations.views import alerts
from tickets.views import event_alerts
from whatsapp.views import template_alerts

_CACHED: Final = "_page_alerts_of_request"
_ANY = """
SELECT EXISTS (SELECT FROM integrations_episode
                WHERE workspace_id = %(workspace)s AND closed_at IS NULL),
       EXISTS (SELECT FROM whatsapp_templatechange
                WHERE workspace_id = %(workspace)s AND is_breaking
                  AND settled_at IS NULL),
       EXISTS (SELECT FROM tickets_subscription
                WHERE workspace_id = %(workspace)s AND NOT is_active
                  AND stop_reason = 'gone')
"""


def of(request: HttpRequest) -> dict[str, Any]:
    """Nothing for a part of a page, which stands in one that shows them."""
    if getattr(request, "membership", None) is None or getattr(request, "htmx", None):
        return {"alerts": [], "template_alerts": [], "event_alerts": []}
    any_down, any_behind, any_gone = _any(request)
    return {
        "alerts": alerts.of(request) if any_down else [],
        "template_alerts": template_alerts.of(request) if any_behind else [],
        "event_alerts": event_alerts.of(request) if any_gone else [],
    }


def _any(request: HttpRequest) -> tuple[bool, bool, bool]:
    """Asked once, however many templates a page is made of."""
    found: tuple[bool, bool, bool] | None = getattr(request, _CACHED, None)
    if found is None:
        workspace_id = request.membership.workspace_id  # type: ignore[attr-defined]  # the middleware put it there
        with inside(workspace_id), connection.cursor() as cursor:
            cursor.execute(_ANY, {"workspace": workspace_id})
            found = cursor.fetchone()
        setattr(request, _CACHED, found)
    return found
