"""What was changed on the central server, in the audit chain of its own house.

The chain belongs to a workspace; here that is the one row that stands for the server.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts import audit, http
from accounts.models import User, Workspace
from accounts.scoping import workspace_transaction
from accounts.services import onboarding

HOUSE = "central"


def record(
    action: str,
    *,
    target: str = "",
    details: Mapping[str, Any] | None = None,
    request: HttpRequest | None = None,
    actor: User | None = None,
    actor_label: str = "",
) -> None:
    """Add an entry, late in the caller's transaction."""
    if request is not None and actor is None and request.user.is_authenticated:
        actor = request.user
    workspace = house()
    with workspace_transaction(workspace.pk):
        audit.record(
            workspace=workspace,
            action=action,
            actor=actor,
            actor_label=actor_label,
            target=target,
            details=details,
            ip=http.client_ip(request) if request is not None else None,
        )


def house() -> Workspace:
    found = Workspace.objects.filter(slug=HOUSE).first()
    if found is not None:
        return found
    try:
        return onboarding.add_workspace(slug=HOUSE, name="Central", now=timezone.now())
    except onboarding.WorkspaceInvalid:  # two first entries at once
        return Workspace.objects.get(slug=HOUSE)
