"""Where the webhook explorer is, and how its pages and its audit log are read."""

from typing import Any

from accounts.models import AuditEvent, Workspace

URL = "/w/padaria/webhooks/"
BROKEN = b'{"entry": ['


def shown(response: Any) -> str:
    assert response.status_code == 200
    page: str = response.content.decode()
    return page


def actions(workspace: Workspace) -> list[str]:
    rows = AuditEvent.objects.for_workspace(workspace).order_by("sequence")
    return [row.action for row in rows]
