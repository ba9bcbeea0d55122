"""What waited for the end of the quiet hours is told: found across workspaces, done in each."""

from datetime import datetime
from typing import Final

from accounts import bulk
from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tickets.models import Notification, NotificationPath, NotificationRule
from tickets.services import notifications
from tickets.services.notification_facts import Desk

_BATCH: Final = 500


def release_due(*, now: datetime) -> int:
    """How many waited no longer; one transaction for each batch of a workspace."""
    rows = bulk.run("SELECT held_workspace_id FROM tickets_notifications_held()")
    return sum(release_of(workspace_id, now=now) for (workspace_id,) in rows)


def release_of(workspace_id: int, *, now: datetime) -> int:
    released = 0
    while True:
        with workspace_transaction(workspace_id):
            held = list(
                Notification.objects.for_workspace(workspace_id)
                .filter(path=NotificationPath.HELD, due_at__lte=now)
                .select_related("ticket_event", "rule__template", "recipient")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("due_at", "pk")[:_BATCH]
            )
            if not held:
                return released
            workspace = Workspace.objects.get(pk=workspace_id)
            rules = list(
                NotificationRule.objects.for_workspace(workspace_id).select_related(
                    "template"
                )
            )
            notifications.release(Desk.of(workspace, rules), held, now=now)
            released += len(held)
