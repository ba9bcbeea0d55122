"""A workspace's people and open invitations, shaped for the pages of the settings."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from accounts.models import Invitation, Membership, Role, User, Workspace
from accounts.permissions import Action, may, outranks
from accounts.scoping import workspace_transaction

_ORDER = {role.value: place for place, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class MemberRow:
    """`second_factor`: on, off, elsewhere (the sign-in server knows), or unknown."""

    membership: Membership
    second_factor: str
    is_self: bool
    may_change: bool


def list_rows(workspace: Workspace, *, viewer: Membership) -> list[MemberRow]:
    """Owners first, then by name."""
    members = list_members(workspace)
    secured = _with_second_factor([one.user for one in members])
    may_manage = may(viewer.role, Action.MANAGE_MEMBERS)
    return [
        MemberRow(
            one,
            _second_factor(one.user, secured),
            is_self=one.pk == viewer.pk,
            may_change=may_manage
            and one.pk != viewer.pk
            and outranks(viewer.role, one.role),
        )
        for one in members
    ]


def list_members(workspace: Workspace) -> list[Membership]:
    members = list(Membership.objects.for_workspace(workspace).select_related("user"))
    members.sort(
        key=lambda one: (
            _ORDER.get(one.role, len(_ORDER)),
            (one.user.name or one.user.email).casefold(),
            one.pk,
        )
    )
    return members


def find_member(workspace: Workspace, key: uuid.UUID) -> Membership | None:
    rows = Membership.objects.for_workspace(workspace).select_related("user")
    found: Membership | None = rows.filter(key=key).first()
    return found


def is_only_owner(membership: Membership) -> bool:
    if membership.role != Role.OWNER:
        return False
    owners = (
        Membership.objects.for_workspace(membership.workspace_id)
        .filter(role=Role.OWNER, user__is_active=True)
        .exclude(pk=membership.pk)
    )
    return not owners.exists()


def list_invitations(workspace: Workspace) -> list[Invitation]:
    """Those that can still be taken up or renewed, newest first."""
    return list(
        Invitation.objects.for_workspace(workspace)
        .select_related("invited_by")
        .filter(accepted_at__isnull=True, revoked_at__isnull=True)
        .order_by("-created_at", "-pk")
    )


def find_invitation(workspace: Workspace, key: uuid.UUID) -> Invitation | None:
    rows = Invitation.objects.for_workspace(workspace).filter(
        key=key, accepted_at__isnull=True, revoked_at__isnull=True
    )
    found: Invitation | None = rows.first()
    return found


def is_member(workspace: Workspace, user: User) -> bool:
    """Asked from pages that stand in no workspace too."""
    with workspace_transaction(workspace.pk):
        members = Membership.objects.for_workspace(workspace).filter(user=user)
        return bool(members.exists())


def _second_factor(user: User, secured: set[int] | None) -> str:
    if secured is not None and user.pk in secured and user.may_use_password:
        return "on"
    if user.oauth_id is not None:
        return "elsewhere"
    return "unknown" if secured is None else "off"


def _with_second_factor(users: list[User]) -> set[int] | None:
    """Who has one here; None where this installation keeps none."""
    if not apps.is_installed("allauth.mfa"):
        return None
    authenticators: Any = apps.get_app_config("mfa").get_model("Authenticator")
    rows = authenticators.objects.filter(user__in=users, type__in=("totp", "webauthn"))
    return set(rows.values_list("user_id", flat=True))
