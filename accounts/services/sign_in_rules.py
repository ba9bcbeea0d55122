"""The table that turns what the identity server says into roles: adding and removing lines."""

import uuid

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import SignInRule, User, Workspace
from accounts.services import memberships

MOST = 100  # every sign-in of the installation is compared with each


class RuleTaken(Exception):
    """There is a line for this claim and value already."""


class TooManyRules(Exception):
    """The workspace has as many lines as it may."""


def add(
    *,
    workspace: Workspace,
    claim: str,
    value: str,
    role: str,
    is_authoritative: bool,
    actor: User,
    ip: str | None = None,
) -> SignInRule:
    """Raises RuleTaken or TooManyRules."""
    try:
        with transaction.atomic():
            memberships.hold(workspace)
            if SignInRule.objects.for_workspace(workspace).count() >= MOST:
                raise TooManyRules
            rule: SignInRule = SignInRule.objects.create(
                workspace=workspace,
                claim=claim,
                value=value,
                role=role,
                is_authoritative=is_authoritative,
            )
            audit.record(
                workspace=workspace,
                action="sign_in_rule.added",
                actor=actor,
                target=str(rule.key),
                details=_told(rule),
                ip=ip,
            )
    except IntegrityError:
        raise RuleTaken from None
    return rule


def remove(
    *, workspace: Workspace, key: uuid.UUID, actor: User, ip: str | None = None
) -> bool:
    """Whoever it let in stays, until another line says otherwise."""
    with transaction.atomic():
        rules = SignInRule.objects.for_workspace(workspace).filter(key=key)
        rule = rules.first()
        if rule is None or not rules.delete()[0]:
            return False
        audit.record(
            workspace=workspace,
            action="sign_in_rule.removed",
            actor=actor,
            target=str(key),
            details=_told(rule),
            ip=ip,
        )
    return True


def _told(rule: SignInRule) -> dict[str, str | bool]:
    return {
        "claim": rule.claim,
        "value": rule.value,
        "role": rule.role,
        "authoritative": rule.is_authoritative,
    }
