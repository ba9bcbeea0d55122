"""What the identity server says of a person, as memberships, by the workspaces' own table.

Each workspace's admins write its rules, so a rule can only let people into the workspace it
stands in. Owners are made and removed by people alone, and whoever went by hand comes back
by an invitation alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import Membership, Role, SignInRule, User, Workspace
from accounts.scoping import workspace_transaction
from accounts.services import memberships
from accounts.sso import identity
from accounts.sso.identity import Identity
from accounts.sso.server import Server

_RANK = {Role.ADMIN: 3, Role.AGENT: 2, Role.VIEWER: 1}


@dataclass(frozen=True, slots=True)
class _Change:
    """Without a member somebody joins; without a role somebody goes."""

    member: Membership | None
    role: str | None


def apply(
    user: User, told: Identity, *, server: Server, now: datetime, ip: str | None
) -> None:
    """Give, change and take away what the rules say. One transaction for each workspace.

    A sign-in meets the rules of all workspaces, so it only reads where nothing changes, and
    holds one workspace at a time where something does.
    """
    for workspace_id in _workspaces_with_rules():
        with workspace_transaction(workspace_id):
            if _due(user, workspace_id, told, server) is None:
                continue
            workspace = Workspace(pk=workspace_id)
            memberships.hold(workspace)
            change = _due(user, workspace_id, told, server)
            if change is not None:
                _carry_out(change, user, workspace, now=now, ip=ip)


def _workspaces_with_rules() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_workspaces_with_rules()")
        return sorted(pk for (pk,) in cursor.fetchall())


def matches(rule: SignInRule, told: Identity, server: Server) -> bool:
    """An e-mail that the server does not vouch for may be anybody's."""
    if rule.claim == server.email_claim and not told.is_email_verified:
        return False
    found = identity.find(told.claims, rule.claim)
    values = found if isinstance(found, list) else [found]
    return any(_as_text(value) == rule.value for value in values)


def best_role(rules: Iterable[SignInRule]) -> str | None:
    return max(
        (rule.role for rule in rules), key=lambda role: _RANK[Role(role)], default=None
    )


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _due(
    user: User, workspace_id: int, told: Identity, server: Server
) -> _Change | None:
    """What the rules ask for, as things stand; None where nothing has to change."""
    rules = list(SignInRule.objects.for_workspace(workspace_id))
    role = best_role(rule for rule in rules if matches(rule, told, server))
    is_authoritative = any(rule.is_authoritative for rule in rules)
    members = Membership.objects.for_workspace(workspace_id)
    member = members.select_related("user", "workspace").filter(user=user).first()
    if member is None:
        may_join = role is not None and not memberships.has_left(workspace_id, user)
        return _Change(None, role) if may_join else None
    if member.role == Role.OWNER:
        return None
    if role is None:
        goes = is_authoritative and member.is_by_rule
        return _Change(member, None) if goes else None
    may_change = member.is_by_rule or is_authoritative
    if not may_change or (member.role == role and member.is_by_rule):
        return None
    return _Change(member, role)


def _carry_out(
    change: _Change, user: User, workspace: Workspace, *, now: datetime, ip: str | None
) -> None:
    if change.role is None:
        if change.member is not None:
            memberships.remove_by_rule(change.member, now=now, ip=ip)
    elif change.member is None:
        memberships.add_by_rule(workspace, user, role=change.role, now=now, ip=ip)
    else:
        memberships.change_by_rule(change.member, role=change.role, now=now, ip=ip)
