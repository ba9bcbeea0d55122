"""Which workspaces a person may enter."""

from accounts.models import Membership, User


def list_memberships(user: User) -> list[Membership]:
    """By the workspace's name; the one place that looks across workspaces for a person."""
    return list(
        Membership.objects.unscoped("finding which workspaces this person may enter")
        .select_related("workspace")
        .filter(user=user)
        .order_by("workspace__name", "workspace_id")
    )
