"""The table of who is told what, as pages show it."""

import uuid
from typing import Final

from accounts.models import Workspace
from tickets.models import NotificationRule, NotificationSettings
from whatsapp.models import Template

_MOST_TEMPLATES: Final = 500


def list_rules(workspace: Workspace) -> list[NotificationRule]:
    return list(
        NotificationRule.objects.for_workspace(workspace)
        .select_related("template", "channel")
        .order_by("event", "audience", "language")
    )


def find_rule(workspace: Workspace, *, key: str) -> NotificationRule | None:
    """None too for what is no key."""
    try:
        wanted = uuid.UUID(key)
    except ValueError:
        return None
    found: NotificationRule | None = (
        NotificationRule.objects.for_workspace(workspace)
        .select_related("template", "channel", "workspace")
        .filter(key=wanted)
        .first()
    )
    return found


def settings_of(workspace: Workspace) -> NotificationSettings:
    """The workspace's own, or the usual ones in a row that is not saved yet."""
    rows = NotificationSettings.objects.for_workspace(workspace)
    found: NotificationSettings | None = rows.first()
    return found or NotificationSettings(workspace=workspace)


def list_templates(workspace: Workspace) -> list[Template]:
    """Approved ones of connected accounts, each name and language once, by name."""
    rows = (
        Template.objects.for_workspace(workspace)
        .filter(status="approved", gone_at=None)
        .order_by("name", "language", "pk")
        .distinct("name", "language")
    )
    return list(rows[:_MOST_TEMPLATES])
