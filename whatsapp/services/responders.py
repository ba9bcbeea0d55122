"""A number's hours and automatic answers, as an admin sets them up. Views come before."""

from collections.abc import Mapping
from typing import Any

from accounts import audit
from accounts.models import User
from accounts.scoping import inside
from integrations.models import Channel
from whatsapp.models import Responder


def find(channel: Channel) -> Responder:
    """The number's row, or one that is not saved yet and answers nobody."""
    rows = Responder.objects.for_workspace(channel.workspace_id)
    with inside(channel.workspace_id):
        found: Responder | None = rows.filter(channel=channel).first()
    return found or Responder(workspace_id=channel.workspace_id, channel=channel)


def change(
    channel: Channel,
    values: Mapping[str, Any],
    *,
    actor: User,
    ip: str | None = None,
) -> bool:
    """Set the columns that `values` name; False when nothing was different.

    What was typed is not in the audit log, since texts are the team's own words.
    """
    with inside(channel.workspace_id):
        rows = Responder.objects.for_workspace(channel.workspace_id)
        row, _made = rows.select_for_update().get_or_create(
            channel=channel, defaults={"workspace_id": channel.workspace_id}
        )
        changed = [
            name for name, value in values.items() if getattr(row, name) != value
        ]
        if not changed:
            return False
        for name in changed:
            setattr(row, name, values[name])
        row.save(update_fields=[*changed, "updated_at"])
        audit.record(
            workspace=channel.workspace,
            action="integration.hours_changed",
            actor=actor,
            target=str(channel.key),
            details={
                "changed": sorted(changed),
                "answers_closed": row.answers_closed,
                "greets": row.greets,
            },
            ip=ip,
        )
    return True
