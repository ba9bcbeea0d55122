"""Which workspaces a person may enter, and who a bearer stands for."""

import uuid
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection

from accounts import emails
from accounts.models import ApiToken, Membership, User, Workspace
from accounts.permissions import Action, may
from accounts.scoping import workspace_transaction

# Asked for every request under /api/; putting it together each time costs more than asking.
_PERSON = """
SELECT * FROM accounts_user WHERE oauth_issuer = %s AND oauth_id = %s AND is_active
"""
# The one look across workspaces for a person; see accounts/migrations/0006_walls.py.
_MEMBERSHIPS = """
SELECT workspace.*, found.membership_id, found.role, found.last_seen_at
  FROM accounts_memberships_of(%s) found
  JOIN accounts_workspace workspace ON workspace.id = found.workspace_id
 ORDER BY workspace.name, workspace.id
"""


def list_memberships(user: User) -> list[Membership]:
    """By the workspace's name."""
    found = []
    for workspace in Workspace.objects.raw(_MEMBERSHIPS, [user.pk]):
        told: Any = workspace  # with the function's columns beside its own
        membership = Membership.from_db(
            "default",
            ["id", "workspace_id", "user_id", "role", "last_seen_at"],
            [told.membership_id, workspace.pk, user.pk, told.role, told.last_seen_at],
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


def find_person(issuer: str, subject: str) -> User | None:
    """The person whom an identity server knows by `subject`, unless switched off."""
    return next(iter(User.objects.raw(_PERSON, [issuer, subject])), None)


def find_api_token(digest: bytes) -> ApiToken | None:
    """A service token: a request shows no workspace, only the token, which leads to one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT workspace_id FROM accounts_api_token_of(%s)", [digest])
        row = cursor.fetchone()
    if row is None:
        return None
    with workspace_transaction(row[0]):
        found: ApiToken | None = (
            ApiToken.objects.for_workspace(row[0])
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


def list_live_tokens_of(
    workspace: Workspace, user: User, *, now: datetime
) -> list[ApiToken]:
    """Those that this person made and that still open something, newest first."""
    made = [one for one in list_api_tokens(workspace) if one.created_by_id == user.pk]
    return [one for one in made if one.is_live(now)]


def find_api_token_by_key(workspace: Workspace, key: uuid.UUID) -> ApiToken | None:
    found: ApiToken | None = (
        ApiToken.objects.for_workspace(workspace).filter(key=key).first()
    )
    return found


def has_proven(user: User, email: str) -> bool:
    """Is this address known to be theirs: by the sign-in server, by mail, by an operator?"""
    proven = EmailAddress.objects.filter(
        user=user, email=emails.normal(email), verified=True
    )
    return bool(proven.exists())
