"""Which workspaces a person may enter."""

from typing import Any

from accounts.models import Membership, User, Workspace
from accounts.permissions import Action, may

# The one look across workspaces for a person; see accounts/migrations/0006_walls.py.
_MEMBERSHIPS = """
SELECT workspace.*, found.membership_id, found.role
  FROM accounts_memberships_of(%s) found
  JOIN accounts_workspace workspace ON workspace.id = found.workspace_id
 ORDER BY workspace.name, workspace.id
"""


def list_memberships(user: User) -> list[Membership]:
    """By the workspace's name."""
    found = []
    for workspace in Workspace.objects.raw(_MEMBERSHIPS, [user.pk]):
        told: Any = workspace  # with the function's two columns beside its own
        membership = Membership.from_db(
            "default",
            ["id", "workspace_id", "user_id", "role"],
            [told.membership_id, workspace.pk, user.pk, told.role],
        )
        membership.workspace = workspace
        membership.user = user
        found.append(membership)
    return found


def list_people_who_may(workspace: Workspace, action: Action) -> list[User]:
    """Active members whose role allows `action`, by name."""
    members = (
        Membership.objects.for_workspace(workspace)
        .select_related("user")
        .filter(user__is_active=True)
        .order_by("user__name", "user__email")
    )
    return [one.user for one in members if may(one.role, action)]
