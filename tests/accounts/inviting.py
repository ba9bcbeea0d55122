"""Invitations of a test's workspace, and what became of them."""

from typing import Any

from django.utils import timezone

from accounts.models import AuditEvent, MailState, Membership, User
from accounts.services import invitations
from accounts.services.invitations import Issued
from tests.conftest import World


def invite(
    world: World,
    email: str = "convidada@example.com",
    role: str = "agent",
    **changed: Any,
) -> Any:
    values: dict[str, Any] = {
        "workspace": world.workspace,
        "email": email,
        "role": role,
        "mail": MailState.NONE,
        "actor": world.owner,
        "now": timezone.now(),
    } | changed
    return invitations.invite(**values)


def audited(world: World) -> list[tuple[str, Any]]:
    events = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    return [(one.action, one.details) for one in events]


def refusals(world: World) -> list[str]:
    return [
        told["why"] for name, told in audited(world) if name == "invitation.refused"
    ]


def is_in(world: World, user: User) -> bool:
    return Membership.objects.for_workspace(world.workspace).filter(user=user).exists()


def path_of(issued: Issued) -> str:
    return f"/invitations/{issued.token}/"
