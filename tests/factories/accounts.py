"""Rows of room 0 for tests; each saves and returns one."""

from typing import Any

from accounts.models import Membership, User, Workspace


def workspace(**fields: Any) -> Workspace:
    values = {"slug": "loja", "name": "Loja"} | fields
    return Workspace.objects.create(**values)


def user(**fields: Any) -> User:
    values = {"email": "pessoa@example.com", "password": "senha-de-teste"} | fields
    return User.objects.create_user(**values)


def membership(workspace: Workspace, user: User, *, role: str = "agent") -> Membership:
    return Membership.objects.create(workspace=workspace, user=user, role=role)
