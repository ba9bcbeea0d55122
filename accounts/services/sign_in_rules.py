"""The table that turns what the identity server says into roles: adding and removing lines."""

import uuid

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import SignInRule, User, Workspace


class RuleTaken(Exception):
    """There is a line for this claim and value already."""


def add(
    *,
    workspace: Workspace,
    claim: str,
    value: str,
    role: str,
    is_authoritative: bool,
    actor: User,
) -> SignInRule:
    try:
        with transaction.atomic():
            rule: SignInRule = SignInRule.objects.create(
                workspace=workspace,
                claim=claim,
                value=value,
                role=role,
                is_authoritative=is_authoritative,
            )
            details = {"role": role, "claim": claim, "authoritative": is_authoritative}
            audit.record(
                workspace=workspace,
                action="sign_in_rule.added",
                actor=actor,
                target=str(rule.key),
                details=details,
            )
    except IntegrityError:
        raise RuleTaken from None
    return rule


def remove(*, workspace: Workspace, key: uuid.UUID, actor: User) -> bool:
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
            details={"role": rule.role, "claim": rule.claim},
        )
    return True
