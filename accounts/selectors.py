"""Which workspaces a person may enter, and who a bearer stands for."""

import uuid

from accounts.models import ApiToken, Membership, User, Workspace
from accounts.permissions import Action, may

# Asked for every request under /api/; putting it together each time costs more than asking.
_PERSON = "SELECT * FROM accounts_user WHERE oauth_issuer = %s AND oauth_id = %s AND is_active"


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


def find_person(issuer: str, subject: str) -> User | None:
    """The person whom an identity server knows by `subject`, unless switched off."""
    return next(iter(User.objects.raw(_PERSON, [issuer, subject])), None)


def find_api_token(digest: bytes) -> ApiToken | None:
    """The one look-up of a service token: a request shows no workspace, only the token."""
    found: ApiToken | None = (
        ApiToken.objects.unscoped("a token leads to its workspace, not the reverse")
        .select_related("workspace")
        .filter(digest=digest)
        .first()
    )
    return found


def list_api_tokens(workspace: Workspace) -> list[ApiToken]:
    """Newest first; those of the past too, since audit rows name them."""
    return list(
        ApiToken.objects.for_workspace(workspace)
        .select_related("created_by")
        .order_by("-created_at", "-pk")
    )


def find_api_token_by_key(workspace: Workspace, key: uuid.UUID) -> ApiToken | None:
    found: ApiToken | None = (
        ApiToken.objects.for_workspace(workspace).filter(key=key).first()
    )
    return found
