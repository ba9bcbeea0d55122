"""Rows of room 0 for tests; each saves and returns one."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts import token_format
from accounts.models import ApiToken, Membership, User, Workspace


def workspace(**fields: Any) -> Workspace:
    values = {"slug": "loja", "name": "Loja"} | fields
    return Workspace.objects.create(**values)


def user(**fields: Any) -> User:
    values = {"email": "pessoa@example.com", "password": "senha-de-teste"} | fields
    return User.objects.create_user(**values)


def membership(workspace: Workspace, user: User, *, role: str = "agent") -> Membership:
    return Membership.objects.create(workspace=workspace, user=user, role=role)


def api_token(workspace: Workspace, **fields: Any) -> ApiToken:
    now = timezone.now()
    secret = token_format.new_secret()
    values = {
        "name": "CRM",
        "digest": token_format.digest(secret),
        "hint": secret[: token_format.HINT_LENGTH],
        "scopes": ["workspace:read"],
        "created_at": now,
        "expires_at": now + timedelta(days=90),
    } | fields
    return ApiToken.objects.create(workspace=workspace, **values)
