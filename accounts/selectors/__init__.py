"""Which workspaces a person may enter."""

from allauth.account.models import EmailAddress

from accounts.models import Membership, User, Workspace
from accounts.permissions import Action, may


def list_memberships(user: User) -> list[Membership]:
    """By the workspace's name; the one place that looks across workspaces for a person."""
    return list(
        Membership.objects.unscoped("finding which workspaces this person may enter")
        .select_related("workspace")
        .filter(user=user)
        .order_by("workspace__name", "workspace_id")
    )


def list_people_who_may(workspace: Workspace, action: Action) -> list[User]:
    """Active members whose role allows `action`, by name."""
    members = (
        Membership.objects.for_workspace(workspace)
        .select_related("user")
        .filter(user__is_active=True)
        .order_by("user__name", "user__email")
    )
    return [one.user for one in members if may(one.role, action)]


def has_proven(user: User, email: str) -> bool:
    """Is this address known to be theirs: by the sign-in server, by mail, by an operator?"""
    proven = EmailAddress.objects.filter(user=user, email__iexact=email, verified=True)
    return bool(proven.exists())
