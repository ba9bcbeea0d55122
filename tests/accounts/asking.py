"""Asking `/api/` something, as another system does, and being refused."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.permissions import Scope
from accounts.services import tokens


def get(path="/api/user", token="good", **headers):  # noqa: S107  # a word of the test
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return Client().get(path, headers=headers)


def service(world, *scopes, **changed):
    now = timezone.now()
    values = {
        "workspace": world.workspace,
        "name": "CRM",
        "scopes": scopes or (Scope.WORKSPACE_READ,),
        "allowed": frozenset(Scope),
        "expires_at": now + timedelta(days=30),
        "actor": world.owner,
        "now": now,
    } | changed
    return tokens.make_token(**values)


def refused(response, status, error):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    told = response.json()
    assert (told["error"], told["status"]) == (error, status)
    assert told["error_description"] == told["detail"]
    assert told["title"]
    assert "no-store" in response.headers["Cache-Control"]
    return response
