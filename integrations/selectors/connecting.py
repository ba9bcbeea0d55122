"""Numbers on their way to being connected, for the wizard and the page of a session."""

import uuid

from django.db.models import Count

from accounts.models import Workspace
from integrations.models import Channel, Integration, Session


def find_number(workspace: Workspace, *, key: uuid.UUID) -> Channel | None:
    """A live number with its integration; the workspace's transaction is open."""
    found: Channel | None = (
        Channel.objects.for_workspace(workspace)
        .select_related("integration", "workspace")
        .filter(key=key, is_active=True, integration__isnull=False)
        .first()
    )
    return found


def find_session(channel: Channel) -> Session | None:
    """The open session of a channel, else its last one."""
    found: Session | None = (
        Session.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel)
        .order_by("-pk")
        .first()
    )
    return found


def count_states(workspace_id: int) -> dict[str, int]:
    """How many of a workspace's open sessions are shown in each state."""
    rows = (
        Session.objects.for_workspace(workspace_id)
        .filter(ended_at=None)
        .values_list("state")
        .annotate(Count("pk"))
    )
    return dict(rows)


def free_name(workspace: Workspace, wanted: str) -> str:
    """A name that no integration has yet: the wanted one, or one with a number behind it."""
    names = set(
        Integration.objects.for_workspace(workspace)
        .filter(name__startswith=wanted)
        .values_list("name", flat=True)
    )
    numbered = (f"{wanted} {number}" for number in range(2, len(names) + 3))
    return (
        wanted if wanted not in names else next(n for n in numbered if n not in names)
    )
