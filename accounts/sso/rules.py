"""What the identity server says of a person, as memberships, by the workspaces' own table.

Each workspace's admins write its rules, so a rule can only let people into the workspace it
stands in. Owners are made and removed by people alone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from accounts import audit
from accounts.models import Membership, Role, SignInRule, User, Workspace
from accounts.scoping import workspace_transaction
from accounts.services import memberships
from accounts.sso import identity

_RANK = {Role.ADMIN: 3, Role.AGENT: 2, Role.VIEWER: 1}
_LABEL = "sign-in rule"


def apply(user: User, claims: dict[str, Any], *, now: datetime) -> None:
    """Give, change and take away what the rules say. One transaction for each workspace."""
    for workspace_id in _workspaces_with_rules():
        with workspace_transaction(workspace_id):
            rules = list(SignInRule.objects.for_workspace(workspace_id))
            _apply_one(user, workspace_id, rules, claims, now=now)


def _workspaces_with_rules() -> list[int]:
    """A sign-in meets every workspace's rules."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_workspaces_with_rules()")
        return [pk for (pk,) in cursor.fetchall()]


def matches(rule: SignInRule, claims: dict[str, Any]) -> bool:
    told = identity.find(claims, rule.claim)
    values = told if isinstance(told, list) else [told]
    return any(_as_text(value) == rule.value for value in values)


def best_role(rules: Iterable[SignInRule]) -> str | None:
    return max(
        (rule.role for rule in rules), key=lambda role: _RANK[Role(role)], default=None
    )


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _apply_one(
    user: User,
    workspace_id: int,
    rules: list[SignInRule],
    claims: dict[str, Any],
    *,
    now: datetime,
) -> None:
    memberships.hold(Workspace(pk=workspace_id))
    role = best_role(rule for rule in rules if matches(rule, claims))
    is_authoritative = any(rule.is_authoritative for rule in rules)
    members = Membership.objects.for_workspace(workspace_id)
    membership = members.select_for_update().filter(user=user).first()
    if membership is None:
        if role is not None:
            members.create(
                workspace_id=workspace_id, user=user, role=role, is_by_rule=True
            )
            _record(workspace_id, user, "member.added", {"role": role}, now=now)
        return
    if membership.role == Role.OWNER:
        return
    if role is None:
        if is_authoritative and membership.is_by_rule:
            membership.delete()
            _record(workspace_id, user, "member.removed", {}, now=now)
        return
    may_change = membership.is_by_rule or is_authoritative
    if not may_change or (membership.role == role and membership.is_by_rule):
        return
    before, membership.role, membership.is_by_rule = membership.role, role, True
    membership.save(update_fields=["role", "is_by_rule"])
    if before != role:
        changed = {"role": role, "before": before}
        _record(workspace_id, user, "member.role_changed", changed, now=now)


def _record(
    workspace_id: int,
    user: User,
    action: str,
    details: dict[str, Any],
    *,
    now: datetime,
) -> None:
    audit.record(
        workspace=Workspace.objects.get(pk=workspace_id),
        action=action,
        actor_label=_LABEL,
        target=f"user:{user.pk}",
        details=details,
        now=now,
    )
