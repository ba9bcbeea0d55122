"""Rows of room 0 for tests; each saves and returns one."""

import hashlib
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts import digests, token_format
from accounts.models import ApiToken, Invitation, Membership, User, Workspace


def workspace(**fields: Any) -> Workspace:
    values = {"slug": "loja", "name": "Loja"} | fields
    return Workspace.objects.create(**values)


def user(**fields: Any) -> User:
    values = {"email": "pessoa@example.com", "password": "senha-de-teste"} | fields
    return User.objects.create_user(**values)


def proven(user: User, email: str = "") -> User:
    """An address of theirs that needs no further proof."""
    EmailAddress.objects.create(user=user, email=email or user.email, verified=True)
    return user


def membership(workspace: Workspace, user: User, *, role: str = "agent") -> Membership:
    """Of somebody who is here right now, so that no page has to note it."""
    return Membership.objects.create(
        workspace=workspace, user=user, role=role, last_seen_at=timezone.now()
    )


def api_token(workspace: Workspace, **fields: Any) -> ApiToken:
    now = timezone.now()
    secret = token_format.new_secret()
    values = {
        "name": "CRM",
        "digest": digests.of_token(secret),
        "hint": secret[: token_format.HINT_LENGTH],
        "scopes": ["workspace:read"],
        "created_at": now,
        "expires_at": now + timedelta(days=90),
    } | fields
    return ApiToken.objects.create(workspace=workspace, **values)


def invitation(workspace: Workspace, *, token: str = "", **fields: Any) -> Invitation:
    """By an owner of the workspace, unless `invited_by` says who."""
    now = timezone.now()
    values: dict[str, Any] = {
        "email": "convidada@example.com",
        "role": "agent",
        "created_at": now,
        "expires_at": now + timedelta(days=7),
    } | fields
    if "invited_by" not in values:
        owners = Membership.objects.for_workspace(workspace).filter(role="owner")
        values["invited_by_id"] = owners.values_list("user_id", flat=True).first()
    token = token or f"{workspace.slug} {values['email']}"
    values["token_hash"] = hashlib.sha256(token.encode()).digest()
    return Invitation.objects.create(workspace=workspace, **values)
